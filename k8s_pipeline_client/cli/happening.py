"""events: what Kubernetes reports of a pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from k8s_pipeline_client.cli.complete import complete_name_or_run
from k8s_pipeline_client.cli.options import Globals, common_options, pass_globals
from k8s_pipeline_client.cli.several import Target
from k8s_pipeline_client.cli.watching import show_once_or_watch, watch_option

if TYPE_CHECKING:
    from k8s_pipeline_client.status import Happened


@click.command("events")
@click.argument("name", type=Target(), shell_complete=complete_name_or_run)
@click.option("--no-headers", is_flag=True, help="Omit the header line.")
@watch_option
@common_options
@pass_globals
def events_command(values: Globals, name: str, no_headers: bool, watch: bool) -> None:
    """Show the events of a pipeline's CronJob, Jobs and pods, the newest last.

    NAME is a pipeline, or a run's id. Kubernetes keeps events for an hour by default.
    """
    client = values.client()
    show_once_or_watch(
        lambda: client.events(name), lambda found: _show(values, found, headed=not no_headers), watch=watch
    )


def _show(values: Globals, found: Sequence[Happened], *, headed: bool) -> None:
    from k8s_pipeline_client.cli.output import emit, note, print_table
    from k8s_pipeline_client.cli.text import ago

    def table() -> None:
        if not found:
            note("no events: Kubernetes keeps them for an hour by default")
            return
        now = values.now()
        rows = [
            [ago(event.at, now), event.type, event.reason, f"{event.kind}/{event.name}", event.message]
            for event in found
        ]
        print_table(["WHEN", "TYPE", "REASON", "OBJECT", "MESSAGE"], rows, headed=headed)

    emit(
        [event.as_dict() for event in found],
        values.format(),
        table=table,
        names=lambda: list(dict.fromkeys(f"{event.kind.lower()}/{event.name}" for event in found)),
        headed=headed,
    )
