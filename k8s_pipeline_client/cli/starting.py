"""run: starts runs of deployed pipelines, or of files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from k8s_pipeline_client.cli.complete import complete_name
from k8s_pipeline_client.cli.options import (
    Duration,
    Globals,
    common_options,
    files_option,
    pass_globals,
    service_option,
)
from k8s_pipeline_client.cli.several import Target, each
from k8s_pipeline_client.errors import InputError, RunFailedError

if TYPE_CHECKING:
    from k8s_pipeline_client.client import Pipelines
    from k8s_pipeline_client.domain.entities import Document
    from k8s_pipeline_client.domain.pipeline import Pipeline
    from k8s_pipeline_client.status import RunStatus


@click.command("run")
@click.argument("names", metavar="[NAME]...", nargs=-1, type=Target(), shell_complete=complete_name)
@files_option()
@service_option()
@click.option("--all", "everything", is_flag=True, help="All pipelines of the namespace, or with -f of the files.")
@click.option("--run-id", type=click.UUID, help="The run's id; a new one if not given.")
@click.option("--wait", is_flag=True, help="Wait for the end; exit code 3 if the run fails.")
@click.option("--logs", is_flag=True, help="Follow the log; implies --wait.")
@click.option("--timeout", type=Duration(), help="Wait no longer than this, for all of them together; the runs go on.")
@click.option("--allow-overlap", is_flag=True, help="Start also while another run is active.")
@click.option("--dry-run", is_flag=True, help="Have the API server validate the Job, and start nothing.")
@click.option(
    "--override",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A part of a workflow document to merge into the pipeline's, for this run only (JSON or YAML).",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="PATH=VALUE",
    help="Set a value of the document, for this run only.",
)
@common_options
@pass_globals
def run_command(
    values: Globals,
    names: tuple[str, ...],
    files: tuple[Path, ...],
    services: tuple[Path, ...],
    everything: bool,
    run_id: UUID | None,
    wait: bool,
    logs: bool,
    timeout: float | None,
    allow_overlap: bool,
    dry_run: bool,
    override: Path | None,
    assignments: tuple[str, ...],
) -> int:
    """Start a run of a deployed pipeline, or of a file without deploying it (-f); or runs of several.

    Works whether the pipelines are enabled, disabled or on demand.
    """
    if names and everything:
        raise click.UsageError("NAME and --all exclude each other.")
    is_one = not everything and len(names) < 2
    if (run_id or logs) and not is_one:
        raise click.UsageError("--run-id and --logs are for one run.")
    if dry_run and (wait or logs):
        raise click.UsageError("--dry-run starts nothing to wait for.")
    change = _change(override, assignments)
    pipelines = _of_files(values, files, services, names, everything=everything)
    if not pipelines and not names and not everything:
        raise InputError("nothing to run", hint="give a pipeline's NAME, or a file with -f")
    client = values.writer()
    if everything and not files:
        names = tuple(client.resource_names())
    how = _How(str(run_id) if run_id else None, allow_overlap, dry_run, change)
    started, code = _start(values, client, pipelines, names, how)
    if dry_run:
        _show_checked(values, started, is_one=is_one)
        return code
    return max(code, _see(values, client, started, is_one=is_one, wait=wait, logs=logs, timeout=timeout))


@dataclass(frozen=True)
class _How:
    """How to start, as the options say."""

    run_id: str | None
    allow_overlap: bool
    dry_run: bool
    change: Callable[[Document], Document] | None


def _start(
    values: Globals, client: Pipelines, pipelines: dict[str, Pipeline], names: Sequence[str], how: _How
) -> tuple[list[RunStatus], int]:
    from k8s_pipeline_client.cli.output import progress, warn
    from k8s_pipeline_client.domain.titles import titles_of
    from k8s_pipeline_client.render import job

    titles = titles_of(pipelines.values())

    def start(name: str) -> RunStatus:
        pipeline = pipelines.get(name)
        if pipeline is None:
            return client.run(
                name, run_id=how.run_id, allow_overlap=how.allow_overlap, change=how.change, dry_run=how.dry_run
            )
        for text in job.notes(pipeline, values.settings().for_pipeline(pipeline)):
            warn(f"{titles[name]}: {text}")
        if how.change:
            pipeline = replace(pipeline, document=how.change(pipeline.document))
        return client.run_once(pipeline, run_id=how.run_id, dry_run=how.dry_run)

    with progress("checking the run" if how.dry_run else "starting the run"):
        return each(values, list(pipelines or names), start)


def _see(
    values: Globals,
    client: Pipelines,
    started: Sequence[RunStatus],
    *,
    is_one: bool,
    wait: bool,
    logs: bool,
    timeout: float | None,
) -> int:
    """Show the runs, at once or when they have ended; return the exit code."""
    from k8s_pipeline_client.cli.output import emit
    from k8s_pipeline_client.cli.running import print_run, see_to_the_end, show_run, wait_for_run
    from k8s_pipeline_client.cli.suggest import command
    from k8s_pipeline_client.polling import Countdown

    if is_one:
        for run in started:
            if wait or logs:
                see_to_the_end(values, client, run, logs=logs, timeout=timeout)
            else:
                show_run(values, run)
        return 0
    code = 0
    if wait:
        by_job, limit = {run.job_name: run for run in started}, Countdown(timeout)
        started, code = each(
            values, list(by_job), lambda job: wait_for_run(values, client, by_job[job], limit.left(None))
        )

    def table() -> None:
        for run in started:
            print_run(values, run, of_several=len(started) > 1)

    emit(
        [run.as_dict() for run in started],
        values.format(),
        table=table,
        names=lambda: [f"job.batch/{run.job_name}" for run in started],
    )
    failed = [run for run in started if run.state == "failed"]
    if failed:
        next_ = command("runs", "--failed", place=values.place)
        raise RunFailedError(f"{len(failed)} of {len(started)} runs failed", hint=f"next: {next_}")
    return code


def _show_checked(values: Globals, checked: Sequence[RunStatus], *, is_one: bool) -> None:
    from k8s_pipeline_client.cli.output import emit, say
    from k8s_pipeline_client.cli.running import of_which

    def table() -> None:
        for run in checked:
            line = f"Job {run.job_name} could be created (dry run)"
            say(of_which(run, line, of_several=len(checked) > 1))

    found = [run.as_dict() for run in checked]
    emit(
        found[0] if is_one and found else found,
        values.format(),
        table=table,
        names=lambda: [f"job.batch/{run.job_name}" for run in checked],
    )


def _change(override: Path | None, assignments: tuple[str, ...]) -> Callable[[Document], Document] | None:
    """Return what makes the document of a run with --override and --set from its pipeline's."""
    if override is None and not assignments:
        return None
    from k8s_pipeline_client.cli.files import read_document
    from k8s_pipeline_client.domain.merge import merge, set_paths

    over = read_document(override) if override else {}

    def change(document: Document) -> Document:
        merged: Document = merge(document, over)
        return set_paths(merged, assignments)

    return change


def _of_files(
    values: Globals,
    files: tuple[Path, ...],
    services: tuple[Path, ...],
    names: Sequence[str],
    *,
    everything: bool,
) -> dict[str, Pipeline]:
    """Return the pipelines that are to be run from files, by their fully qualified names; none without files."""
    if not files:
        return {}
    from k8s_pipeline_client.cli.choose import choose
    from k8s_pipeline_client.cli.files import read_pipelines

    found = read_pipelines(files, services, settings=values.settings())
    if not everything:
        found = [choose(found, name, option="run NAME -f FILE, or all with --all") for name in names or (None,)]
    return {pipeline.fqn: pipeline for pipeline in found}
