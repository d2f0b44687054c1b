"""list, status: how things stand."""

from __future__ import annotations

import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from k8s_pipeline_client.cli.complete import complete_name
from k8s_pipeline_client.cli.fromserver import connected, server_options
from k8s_pipeline_client.cli.options import Globals, common_options, pass_globals
from k8s_pipeline_client.domain.counting import counted

if TYPE_CHECKING:
    from k8s_pipeline_client.status import PipelineStatus, RunStatus

_WATCH_SECONDS = 2.0


@click.command("list")
@click.option("--from-server", is_flag=True, help="Compare with what the OpenMetadata server has.")
@server_options
@common_options
@pass_globals
def list_command(
    values: Globals, from_server: bool = False, server: str | None = None, server_token_file: Path | None = None
) -> None:
    """List the pipelines with their schedules and last runs, or, from the server, what a deploy would do."""
    if from_server:
        _list_from_server(values, server, server_token_file)
        return
    from k8s_pipeline_client.cli.output import emit, note, print_table, progress
    from k8s_pipeline_client.cli.text import moment, schedule_text

    with progress("reading the cluster"):
        found = values.client().list_pipelines()
    now = datetime.now(UTC)
    rows = [
        [
            item.display_name or item.resource_name,
            item.service,
            item.pipeline_type,
            "once" if item.one_shot else schedule_text(item.schedule, item.time_zone, item.enabled),
            moment(item.next_run_at, now),
            str(item.last_run.state) if item.last_run else "-",
            _why(item),
        ]
        for item in found
    ]

    def table() -> None:
        if not found:
            note(f"no pipelines in namespace {values.settings().namespace}")
            return
        print_table(["NAME", "SERVICE", "TYPE", "SCHEDULE", "NEXT", "LAST", "CAUSE"], rows)

    emit(
        [item.as_dict() for item in found],
        values.format(),
        table=table,
        names=lambda: [_resource(item) for item in found],
    )


def _list_from_server(values: Globals, server: str | None, token_file: Path | None) -> None:
    """List what OpenMetadata has against what the cluster has."""
    from k8s_pipeline_client.cli.output import emit, note, print_table, progress

    client = values.client()
    with connected(values, server, token_file) as source:
        there = source.all()
    with progress("reading the cluster"):
        found = client.compare(there, source.instance)
    rows = [
        [item.display_name, item.fqn, item.pipeline_type, str(item.standing), "; ".join(item.reasons)] for item in found
    ]

    def table() -> None:
        if found:
            print_table(["NAME", "FQN", "TYPE", "STANDING", "WHY"], rows)
        counts = Counter(str(item.standing) for item in found)
        note(counted(len(found), "pipeline") + "".join(f", {number} {what}" for what, number in sorted(counts.items())))

    emit(
        [item.as_dict() for item in found],
        values.format(),
        table=table,
        names=lambda: [f"cronjob.batch/{item.resource_name}" for item in found if item.resource_name],
    )


@click.command("status")
@click.argument("name", required=False, shell_complete=complete_name)
@click.option("-w", "--watch", is_flag=True, help="Show it again whenever it changes.")
@common_options
@click.pass_context
def status_command(ctx: click.Context, name: str | None, watch: bool) -> None:
    """Show one pipeline in full: its schedule, its runs, and why the last one failed. Without NAME: list."""
    from k8s_pipeline_client.cli.output import is_terminal

    values = ctx.ensure_object(Globals)
    if name is None:
        ctx.invoke(list_command)
        return
    client = values.client()
    previous: Any = None
    while True:
        found, runs = client.status(name)
        shown = {**found.as_dict(), "runs": [run.as_dict() for run in runs]}
        if shown != previous:
            if watch and previous is not None and is_terminal(sys.stdout):
                click.clear()
            _show(values, found, runs, shown)
        previous = shown
        if not watch:
            return
        time.sleep(_WATCH_SECONDS)


def _show(values: Globals, found: PipelineStatus, runs: list[RunStatus], shown: dict[str, Any]) -> None:
    from k8s_pipeline_client.cli.output import emit

    emit(
        shown,
        values.format(),
        table=lambda: _print(values, found, runs),
        names=lambda: [_resource(found)],
    )


def _print(values: Globals, found: PipelineStatus, runs: list[RunStatus]) -> None:
    from k8s_pipeline_client.cli.output import print_table, say
    from k8s_pipeline_client.cli.text import (
        attempt_cells,
        cause_lines,
        command,
        fact_lines,
        moment,
        run_line,
        took,
    )

    now = datetime.now(UTC)
    for label, text in fact_lines(found, now):
        say(f"{label + ':':<11}{text}")
    if not runs:
        say()
        say(f"No runs yet; start one: {command('run', found.display_name, place=values.place)}")
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
    rows = [
        [
            run.run_id,
            str(run.trigger),
            moment(run.created_at, now),
            took(run),
            str(run.state),
            run.cause.summary if run.cause else "",
        ]
        for run in runs
    ]
    print_table(["RUN", "TRIGGER", "CREATED", "TOOK", "STATE", "CAUSE"], rows)


def _resource(item: PipelineStatus) -> str:
    return f"{'job' if item.one_shot else 'cronjob'}.batch/{item.resource_name}"


def _why(item: PipelineStatus) -> str:
    if item.last_run and item.last_run.cause:
        return item.last_run.cause.summary
    return item.missed.summary if item.missed else ""
