"""runs, retry, wait: past runs, and waiting for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import click

from k8s_pipeline_client.cli.complete import complete_name, complete_name_or_run
from k8s_pipeline_client.cli.everywhere import (
    all_namespaces,
    all_namespaces_option,
    check_everywhere,
    with_namespaces,
)
from k8s_pipeline_client.cli.options import Duration, Globals, common_options, pass_globals
from k8s_pipeline_client.cli.several import Target
from k8s_pipeline_client.cli.watching import show_once_or_watch, watch_option

if TYPE_CHECKING:
    from k8s_pipeline_client.status import RunStatus

STATES = ("queued", "running", "success", "failed")


@click.command("runs")
@click.argument("name", required=False, type=Target(), shell_complete=complete_name)
@click.option("--failed", is_flag=True, help="Only those that failed; the same as --state failed.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(list(STATES)),
    help="Only those in this state.",
)
@click.option("--since", type=Duration(), metavar="D", help="Only those created within this time, such as 24h.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N.")
@click.option("--no-headers", is_flag=True, help="Omit the header line.")
@all_namespaces_option
@watch_option
@common_options
@pass_globals
def runs_command(
    values: Globals,
    name: str | None,
    failed: bool,
    states: tuple[str, ...],
    since: float | None,
    limit: int | None,
    no_headers: bool,
    everywhere: bool,
    watch: bool,
) -> None:
    """List the runs of a pipeline, or of all, newest first."""
    from k8s_pipeline_client.cli.output import progress

    if everywhere:
        check_everywhere(values, ("NAME", name))
    read_runs = all_namespaces(values).runs if everywhere else partial(values.client().runs, name)
    wanted = {*states, *(["failed"] if failed else [])}
    shown: dict[tuple[str, str], str] = {}

    def read() -> list[tuple[str, RunStatus]]:
        with progress("reading the cluster"):
            found = read_runs()
        shown.update(_titles(found))
        oldest = values.now() - timedelta(seconds=since) if since is not None else None
        chosen = [(title, run) for title, run in found if not wanted or run.state in wanted]
        if oldest is not None:
            chosen = [(title, run) for title, run in chosen if not run.created_at or run.created_at >= oldest]
        return chosen[:limit]

    def show(found: Sequence[tuple[str, RunStatus]]) -> None:
        _show_runs(values, found, shown, headed=not no_headers, everywhere=everywhere)

    show_once_or_watch(read, show, watch=watch)


def _titles(found: Sequence[tuple[str, RunStatus]]) -> dict[tuple[str, str], str]:
    """Return under which name each run's pipeline is shown, by the run's Job: two may have one display name."""
    from k8s_pipeline_client.domain.titles import told_apart

    by_namespace: dict[str, list[tuple[str, RunStatus]]] = {}
    for title, run in found:
        by_namespace.setdefault(run.namespace, []).append((title, run))
    return {
        (namespace, run.job_name): shown
        for namespace, those in by_namespace.items()
        for (_, run), shown in zip(those, told_apart([_names(title, run) for title, run in those]), strict=True)
    }


def _names(title: str, run: RunStatus) -> tuple[str, str]:
    """Return what its pipeline is called; its objects only where nothing else can be typed: one-shot runs differ."""
    from k8s_pipeline_client.domain.titles import typable

    return title, typable(run.fqn or title, run.pipeline or run.job_name)


def _show_runs(
    values: Globals,
    found: Sequence[tuple[str, RunStatus]],
    titles: Mapping[tuple[str, str], str],
    *,
    headed: bool,
    everywhere: bool,
) -> None:
    from k8s_pipeline_client.cli.output import emit, note, print_table
    from k8s_pipeline_client.cli.text import run_cells, run_headers

    def table() -> None:
        if not found:
            note("no runs")
            return
        now = values.now()
        jobs = values.is_wide
        rows = [
            [
                *([run.namespace] if everywhere else []),
                titles[run.namespace, run.job_name],
                *([run.fqn] if jobs else []),
                *run_cells(run, now, job=jobs),
            ]
            for _, run in found
        ]
        headers = ["PIPELINE", *(["FQN"] if jobs else []), *run_headers(job=jobs)]
        headers = with_namespaces(headers, everywhere=everywhere)
        print_table(headers, rows, headed=headed)

    emit(
        [{"pipeline": title, "fqn": run.fqn or None, **run.as_dict()} for title, run in found],
        values.format(),
        table=table,
        names=lambda: [f"job.batch/{run.job_name}" for _, run in found],
        headed=headed,
    )


@click.command("retry")
@click.argument("run", metavar="[RUN|NAME]", required=False, type=Target(), shell_complete=complete_name_or_run)
@click.option("--wait", is_flag=True, help="Wait for the end; exit code 3 if the run fails.")
@click.option("--logs", is_flag=True, help="Show the log as it is written; implies --wait.")
@click.option("--timeout", type=Duration(), help="Wait no longer than this; the run itself continues.")
@click.option("--allow-overlap", is_flag=True, help="Start even while another run is active.")
@common_options
@pass_globals
def retry_command(
    values: Globals, run: str | None, wait: bool, logs: bool, timeout: float | None, allow_overlap: bool
) -> None:
    """Start a run again, with a new id; by default the newest failed one.

    RUN is a run's id, a prefix of it, or the name of its Job; NAME is a pipeline, whose newest failed run is started
    again. The run uses the pipeline as it is deployed now, and keeps its own --override and --set.
    """
    from k8s_pipeline_client.cli.output import note, progress
    from k8s_pipeline_client.cli.running import see_to_the_end, show_run

    client = values.writer()
    with progress("starting the run"):
        started = client.retry(run, allow_overlap=allow_overlap)
    note(f"{started.fqn or started.job_name} is run again")
    if wait or logs:
        see_to_the_end(values, client, started, logs=logs, timeout=timeout)
    else:
        show_run(values, started)


@click.command("wait")
@click.argument("name", type=Target(), shell_complete=complete_name_or_run)
@click.option("--timeout", type=Duration(), help="Wait no longer than this; the run itself continues.")
@common_options
@pass_globals
def wait_command(values: Globals, name: str, timeout: float | None) -> None:
    """Wait for the end of a run: the newest of a pipeline, or the one named by id; exit code 3 if it fails."""
    from k8s_pipeline_client.cli.running import see_to_the_end

    client = values.client()
    see_to_the_end(values, client, client.newest_run(name), logs=False, timeout=timeout)
