"""diagnose: why a run failed, or does not start, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from k8s_pipeline_client.cli.complete import complete_name_or_run
from k8s_pipeline_client.cli.options import Globals, common_options, pass_globals
from k8s_pipeline_client.cli.several import Target, run_option

if TYPE_CHECKING:
    from k8s_pipeline_client.status import Diagnosis

_LOG_LINES = 20


@click.command("diagnose")
@click.argument("name", type=Target(), shell_complete=complete_name_or_run)
@run_option()
@common_options
@pass_globals
def diagnose_command(values: Globals, name: str, run: str | None) -> None:
    """Explain why a run failed or does not start, and what to do.

    NAME is a pipeline, or a run's id. The diagnosis is based on the Job, its pods and events, and the end of the log;
    the run's secrets are redacted.
    """
    from k8s_pipeline_client.cli.output import emit, progress

    with progress("looking at the run"):
        found = values.client().diagnose(name, run=run)
    emit(
        found.as_dict(),
        values.format(),
        table=lambda: _print(values, name, found),
        names=lambda: [f"job.batch/{found.job_name}"],
    )


def _print(values: Globals, name: str, found: Diagnosis) -> None:
    from k8s_pipeline_client.cli.output import note, print_table, say
    from k8s_pipeline_client.cli.suggest import command
    from k8s_pipeline_client.cli.text import attempt_cells, run_line

    say(run_line(found, values.now()))
    say()
    say(f"What happened:  {found.summary}" + (f" ({found.category})" if found.category else ""))
    if found.detail and found.detail not in found.summary:
        say(f"Details:        {found.detail}")
    if found.what_to_do:
        say(f"What to do:     {found.what_to_do}")
    if found.attempts:
        say()
        cells = [attempt_cells(attempt, found.memory_limit) for attempt in found.attempts]
        print_table(["POD", "STATE", "EXIT", "TOOK", "PEAK MEMORY", "WHY"], cells)
    _print_lines("Events, the newest last:", found.events)
    lines = found.log_tail.splitlines()
    _print_lines("The end of the log:", lines[-_LOG_LINES:])
    if len(lines) > _LOG_LINES:
        note(f"all of it: {command('logs', found.job_name, place=values.place)}")


def _print_lines(title: str, lines: list[str] | tuple[str, ...]) -> None:
    from k8s_pipeline_client.cli.output import say

    if lines:
        say()
        say(title)
        for line in lines:
            say(f"  {line}")
