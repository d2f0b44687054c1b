"""diff: what a deploy would change."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import click

from k8s_pipeline_client.cli.exitcodes import exit_code
from k8s_pipeline_client.cli.failing import fail
from k8s_pipeline_client.cli.options import (
    Globals,
    common_options,
    files_option,
    pass_globals,
    service_option,
    strict_option,
)
from k8s_pipeline_client.deploying.bulk import PARALLEL
from k8s_pipeline_client.domain.counting import counted
from k8s_pipeline_client.errors import PipelineError

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.command("diff")
@files_option(required=True)
@service_option()
@strict_option()
@click.option(
    "--parallel",
    type=click.IntRange(1, 32),
    default=PARALLEL,
    show_default=True,
    metavar="N",
    help="How many pipelines to compare in parallel.",
)
@common_options
@pass_globals
def diff_command(
    values: Globals, files: tuple[Path, ...], services: tuple[Path, ...], strict: bool, parallel: int
) -> int:
    """Show what a deploy would change; exit code 0: no changes, 1: changes, above 1: an error."""
    from k8s_pipeline_client.cli.files import read_pipelines
    from k8s_pipeline_client.cli.output import emit, note, progress, say_lines, warn

    try:
        pipelines = read_pipelines(files, services, settings=values.settings(), strict=strict)
        with progress(f"comparing {counted(len(pipelines), 'pipeline')}"):
            found = values.client().diff_all(pipelines, parallel=parallel)
    except PipelineError as error:
        fail(values, error)
        return max(2, exit_code(error))  # 1 says that there are differences, as with kubectl

    def table() -> None:
        for item in found:
            lines = item.text.removesuffix("\n").split("\n")
            for colour, alike in groupby(lines, key=lambda line: _COLOURS.get(line[:1])):
                say_lines(alike, colour=colour)
        new = sum(item.is_new for item in found)
        if found:
            note(f"{counted(len(found), 'object')} of {counted(len(pipelines), 'pipeline')} would change: {new} new")

    emit(
        [{"kind": item.kind, "name": item.name, "diff": item.text} for item in found],
        values.format(),
        table=table,
        names=lambda: [f"{item.kind.lower()}/{item.name}" for item in found],
    )
    for item in found:
        if item.refused:
            warn(f"{item.kind} {item.name}: deploy would refuse it without --force: {item.refused}")
    return 1 if found else 0
