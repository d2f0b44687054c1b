"""diff: what a deploy would change."""

from __future__ import annotations

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
from k8s_pipeline_client.errors import PipelineError

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.command("diff")
@files_option(required=True)
@service_option()
@strict_option()
@common_options
@pass_globals
def diff_command(values: Globals, files: tuple[Path, ...], services: tuple[Path, ...], strict: bool) -> int:
    """Show what a deploy would change; exit code 0 for nothing, 1 for something, above 1 for an error."""
    from k8s_pipeline_client.cli.files import read_pipelines
    from k8s_pipeline_client.cli.output import emit, say

    try:
        pipelines = read_pipelines(files, services, settings=values.settings(), strict=strict)
        client = values.client()
        found = [difference for pipeline in pipelines for difference in client.diff(pipeline, beside=pipelines)]
    except PipelineError as error:
        fail(values, error)
        return max(2, exit_code(error))  # 1 says that there are differences, as with kubectl
    unique = {(item.kind, item.name): item for item in found}.values()

    def table() -> None:
        for item in unique:
            for line in item.text.removesuffix("\n").split("\n"):
                say(line, colour=_COLOURS.get(line[:1]))

    emit(
        [{"kind": item.kind, "name": item.name, "diff": item.text} for item in unique],
        values.format(),
        table=table,
        names=lambda: [f"{item.kind.lower()}/{item.name}" for item in unique],
    )
    return 1 if unique else 0
