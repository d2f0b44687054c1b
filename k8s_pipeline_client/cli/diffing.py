"""diff: what a deploy would change."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from k8s_pipeline_client.client import Pipelines
    from k8s_pipeline_client.deploying.diff import Difference
    from k8s_pipeline_client.domain.pipeline import Pipeline

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
    from k8s_pipeline_client.cli.output import emit, note, progress, say_lines

    try:
        pipelines = read_pipelines(files, services, settings=values.settings(), strict=strict)
        with progress(f"comparing {counted(len(pipelines), 'pipeline')}"):
            found = _differences(values.client(), pipelines, parallel)
    except PipelineError as error:
        fail(values, error)
        return max(2, exit_code(error))  # 1 says that there are differences, as with kubectl
    unique = {(item.kind, item.name): item for item in found}.values()

    def table() -> None:
        for item in unique:
            lines = item.text.removesuffix("\n").split("\n")
            for colour, alike in groupby(lines, key=lambda line: _COLOURS.get(line[:1])):
                say_lines(alike, colour=colour)
        new = sum(item.is_new for item in unique)
        if unique:
            note(f"{counted(len(unique), 'object')} of {counted(len(pipelines), 'pipeline')} would change: {new} new")

    emit(
        [{"kind": item.kind, "name": item.name, "diff": item.text} for item in unique],
        values.format(),
        table=table,
        names=lambda: [f"{item.kind.lower()}/{item.name}" for item in unique],
    )
    return 1 if unique else 0


def _differences(client: Pipelines, pipelines: Sequence[Pipeline], parallel: int) -> list[Difference]:
    """Return the differences in the order of the definitions; the first error ends it."""
    from concurrent.futures import ThreadPoolExecutor

    from k8s_pipeline_client.deploying.copies import by_the_files

    judge = by_the_files(pipelines, renamed=True)
    pool = ThreadPoolExecutor(min(parallel, len(pipelines)))
    try:
        found = pool.map(lambda pipeline: client.diff(pipeline, judge=judge), pipelines)
        return [difference for differences in found for difference in differences]
    finally:
        pool.shutdown(cancel_futures=True)
