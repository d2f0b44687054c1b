"""Closes rows that an earlier client has left unfinished: asked for by a person, and the only place that lists rows.

A list of rows makes the OpenMetadata server call its pipeline service, which may be us; a pass never does it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.objects import annotation, run_id
from k8s_pipeline_client.domain.rfc3339 import milliseconds
from k8s_pipeline_client.errors import EntityNotFoundError, PipelineError
from k8s_pipeline_client.inventory.snapshot import read_reduced
from k8s_pipeline_client.openmetadata.port import OpenMetadata
from k8s_pipeline_client.reporter import rows
from k8s_pipeline_client.reporter.evidence import diagnosed_without_job
from k8s_pipeline_client.reporter.observe import within as selector
from k8s_pipeline_client.reporter.payload import terminal_row
from k8s_pipeline_client.reporter.report import Action, RunReport
from k8s_pipeline_client.reporter.single import Pass
from k8s_pipeline_client.status import Cause, CauseCode, RunStatus, State, Trigger

_UNFINISHED = ("queued", "running")
_DEFAULT_DEADLINE = timedelta(hours=24)
_CAUSE = Cause(
    CauseCode.UNKNOWN,
    "The end of the run was never reported: it has no Job, and is older than its pipeline's deadline",
    hint="start the run again, if it is needed",
)


def close_stale(within: Pass, instance: str | None, before: datetime, *, dry_run: bool) -> Iterator[RunReport]:
    """Close the unfinished rows of our pipelines that have no Job, and yield what became of each.

    Args:
        within: The pass.
        instance: Of which OpenMetadata they are; of any if None.
        before: Only rows that began before that time; and only if the deadline of their pipeline is over.
        dry_run: Only say which they are.

    Raises:
        ClusterError: Pipelines or runs could not be read.
    """
    jobs = read_reduced(within.cluster, Kind.JOB, labels=labels.PIPELINE)
    alive = {run_id(job).lower() for job in jobs}
    for cronjob in read_reduced(within.cluster, Kind.CRONJOB, labels=selector(instance)):
        name = cronjob["metadata"]["name"]
        try:
            whole = within.cluster.get(Kind.CRONJOB, name)
            destination = within.destinations.of_template(whole)
            if not destination.fqn:
                continue
            server = within.destinations.server(destination)
            end = min(before, within.now - _deadline(whole))
            with within.notes.asking(destination):
                found = list(_stale(server, destination.fqn, alive, end))
        except EntityNotFoundError:
            continue
        except PipelineError as error:
            within.notes.warn(f"{annotation(cronjob, labels.FQN) or name}: {error}")
            continue
        for row in found:
            yield _closed(within, server, destination.fqn, name, row, dry_run=dry_run)


def _stale(server: OpenMetadata, fqn: str, alive: set[str], end: datetime) -> Iterator[Document]:
    known: set[str] = set()
    for listed in server.run_statuses(fqn, start=0, end=milliseconds(end)):
        identity = str(listed.get("runId") or "").lower()
        if identity in known or identity in alive or listed.get("pipelineState") not in _UNFINISHED:
            continue
        known.add(identity)
        # The pipeline service may have put it into the list: only what is a row counts.
        row = server.run_status(fqn, identity)
        if row is not None and row.get("pipelineState") in _UNFINISHED and int(row["timestamp"]) < milliseconds(end):
            yield row


def _closed(within: Pass, server: OpenMetadata, fqn: str, pipeline: str, row: Document, *, dry_run: bool) -> RunReport:
    began = datetime.fromtimestamp(int(row["timestamp"]) / 1000, UTC)
    identity = str(row["runId"])
    report = RunReport(identity, pipeline, fqn, "", str(row["pipelineState"]), Action.WAITED, str(_CAUSE.code))
    if dry_run:
        return report
    status = RunStatus(identity, "", State.FAILED, Trigger.BY_HAND, cause=_CAUSE, created_at=began, ended_at=within.now)
    diagnosis = diagnosed_without_job(status, (), ())
    try:
        made = terminal_row(status, row, state="failed", diagnosis=diagnosis, now=within.now)
        rows.write(server, fqn, made, replaces=True)
    except PipelineError as error:
        return replace(report, action=Action.FAILED, error=str(error), error_code=error.code)
    return replace(report, state="failed", action=Action.WRITTEN)


def _deadline(cronjob: Object) -> timedelta:
    """Return how long a run of the pipeline may last in all, its grace period included."""
    seconds = cronjob["spec"]["jobTemplate"]["spec"].get("activeDeadlineSeconds")
    return timedelta(seconds=seconds) if isinstance(seconds, int) else _DEFAULT_DEADLINE
