"""status: one pipeline in full."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from k8s_pipeline_client.cli.complete import complete_name
from k8s_pipeline_client.cli.everywhere import all_namespaces_option, check_everywhere
from k8s_pipeline_client.cli.listing import list_command, resource_of
from k8s_pipeline_client.cli.options import Globals, common_options
from k8s_pipeline_client.cli.several import Target, check_chosen, chosen, each, several_options
from k8s_pipeline_client.cli.watching import show_once_or_watch, watch_option

if TYPE_CHECKING:
    from k8s_pipeline_client.status import PipelineStatus, RunStatus

__all__ = ["list_command", "status_command"]


@click.command("status")
@click.argument("names", metavar="[NAME]...", nargs=-1, type=Target(), shell_complete=complete_name)
@several_options
@all_namespaces_option
@watch_option
@common_options
@click.pass_context
def status_command(
    ctx: click.Context,
    names: tuple[str, ...],
    everything: bool,
    files: tuple[Path, ...],
    everywhere: bool,
    watch: bool,
) -> int:
    """Show pipelines in full: their schedules, their runs, and why the last ones failed. Without NAME: list."""
    values = ctx.ensure_object(Globals)
    if everywhere:
        check_everywhere(values, ("NAME", names), ("--all", everything), ("-f", files))
    if not names and not everything and not files:
        ctx.invoke(list_command, everywhere=everywhere, watch=watch)
        return 0
    check_chosen(names, everything, files)
    client = values.client()
    codes: list[int] = []

    def read() -> list[tuple[PipelineStatus, list[RunStatus]]]:
        wanted, _ = chosen(values, client, names, everything, files, one_shot=True)
        found, code = each(values, wanted, client.status)
        codes.append(code)
        return found

    show_once_or_watch(read, lambda found: _show(values, found, is_one=len(names) == 1), watch=watch)
    return codes[-1]


def _show(values: Globals, found: Sequence[tuple[PipelineStatus, list[RunStatus]]], *, is_one: bool) -> None:
    from k8s_pipeline_client.cli.output import emit, say

    def table() -> None:
        for number, (item, runs) in enumerate(found):
            if number:
                say()
                say()
            _print(values, item, runs)

    dicts = [{**item.as_dict(), "runs": [run.as_dict() for run in runs]} for item, runs in found]
    emit(
        dicts[0] if is_one else dicts,
        values.format(),
        table=table,
        names=lambda: [resource_of(item) for item, _ in found],
    )


def _print(values: Globals, found: PipelineStatus, runs: list[RunStatus]) -> None:
    from k8s_pipeline_client.cli.output import print_table, say
    from k8s_pipeline_client.cli.suggest import command
    from k8s_pipeline_client.cli.text import (
        attempt_cells,
        cause_lines,
        fact_lines,
        retry_lines,
        run_cells,
        run_headers,
        run_line,
    )

    now = values.now()
    for label, text in fact_lines(found, now):
        say(f"{label + ':':<11}{text}")
    if not runs:
        say()
        say(f"No runs yet; start one: {command('run', found.resource_name, place=values.place)}")
        return
    last = runs[0]
    say()
    say(f"Last {run_line(last, now)}")
    for line in (*cause_lines(last), *retry_lines(last)):
        say(f"  {line}")
    if last.attempts:
        say()
        print_table(
            ["POD", "STATE", "EXIT", "TOOK", "PEAK MEMORY", "WHY"],
            [attempt_cells(attempt, last.memory_limit) for attempt in last.attempts],
        )
    say()
    print_table(run_headers(), [run_cells(run, now) for run in runs])
