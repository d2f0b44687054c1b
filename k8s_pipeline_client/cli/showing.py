"""status: how things stand with one pipeline."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from k8s_pipeline_client.cli.complete import complete_name
from k8s_pipeline_client.cli.listing import list_command, resource_of
from k8s_pipeline_client.cli.options import Globals, common_options
from k8s_pipeline_client.cli.watching import show_once_or_watch, watch_option

if TYPE_CHECKING:
    from k8s_pipeline_client.status import PipelineStatus, RunStatus

__all__ = ["list_command", "status_command"]


@click.command("status")
@click.argument("name", required=False, shell_complete=complete_name)
@watch_option
@common_options
@click.pass_context
def status_command(ctx: click.Context, name: str | None, watch: bool) -> None:
    """Show one pipeline in full: its schedule, its runs, and why the last one failed. Without NAME: list."""
    values = ctx.ensure_object(Globals)
    if name is None:
        ctx.invoke(list_command, watch=watch)
        return
    client = values.client()
    show_once_or_watch(lambda: client.status(name), lambda found: _show(values, *found), watch=watch)


def _show(values: Globals, found: PipelineStatus, runs: list[RunStatus]) -> None:
    from k8s_pipeline_client.cli.output import emit

    emit(
        {**found.as_dict(), "runs": [run.as_dict() for run in runs]},
        values.format(),
        table=lambda: _print(values, found, runs),
        names=lambda: [resource_of(found)],
    )


def _print(values: Globals, found: PipelineStatus, runs: list[RunStatus]) -> None:
    from k8s_pipeline_client.cli.output import print_table, say
    from k8s_pipeline_client.cli.suggest import command
    from k8s_pipeline_client.cli.text import (
        attempt_cells,
        cause_lines,
        fact_lines,
        run_cells,
        run_headers,
        run_line,
    )

    now = datetime.now(UTC)
    for label, text in fact_lines(found, now):
        say(f"{label + ':':<11}{text}")
    if not runs:
        say()
        say(f"No runs yet; start one: {command('run', found.resource_name, place=values.place)}")
        return
    last = runs[0]
    say()
    say(f"Last {run_line(last, now)}")
    for line in cause_lines(last):
        say(f"  {line}")
    if last.attempts:
        say()
        print_table(
            ["POD", "STATE", "EXIT", "TOOK", "PEAK MEMORY", "WHY"],
            [attempt_cells(attempt, last.memory_limit) for attempt in last.attempts],
        )
    say()
    print_table(run_headers(), [run_cells(run, now) for run in runs])
