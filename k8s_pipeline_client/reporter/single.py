"""Reports one run: what OpenMetadata has of it is compared with what Kubernetes knows, and the difference written."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import annotation, label
from k8s_pipeline_client.errors import EntityNotFoundError, NotFoundError, OpenMetadataError
from k8s_pipeline_client.inventory.lookup import get_or_none
from k8s_pipeline_client.inventory.statuses import events_about
from k8s_pipeline_client.jsonlog import FACTS
from k8s_pipeline_client.reporter import automations, ends, memory, rows
from k8s_pipeline_client.reporter.decide import Confirm, Facts, Wait, decide
from k8s_pipeline_client.reporter.destination import Destination, Destinations
from k8s_pipeline_client.reporter.evidence import diagnosed, diagnosed_without_job
from k8s_pipeline_client.reporter.memory import OpenRun
from k8s_pipeline_client.reporter.notes import Notes
from k8s_pipeline_client.reporter.observe import Seen
from k8s_pipeline_client.reporter.outcome import SETTLING, UNHEARD
from k8s_pipeline_client.reporter.payload import was_written_by_us
from k8s_pipeline_client.reporter.quiet import AGAIN, Quiet
from k8s_pipeline_client.reporter.report import Action, RunReport
from k8s_pipeline_client.reporter.situation import can_still_write, node_lost_since
from k8s_pipeline_client.runs.sidecars import stop_sidecars
from k8s_pipeline_client.settings import Settings
from k8s_pipeline_client.status import (
    LOST_AFTER,
    Cause,
    CauseCode,
    Diagnosis,
    RunStatus,
    State,
    Trigger,
    gone_run_status,
)

_LOG = logging.getLogger(__name__)

VANISHED_AFTER = timedelta(minutes=5)
"""So old has to be the row of a run whose Job is gone without a trace: nobody is about to write it any more."""
_UNKNOWN_FOR = timedelta(hours=1)
"""For so long after its end a run is asked for whose pipeline OpenMetadata does not have."""
_UNKNOWN_AGAIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Pass:
    """What the reports of one pass have in common.

    Attributes:
        now: The API server's time.
        start_timeout: Of Jobs that do not say theirs.
        killed_state: What a run is called that somebody has ended.
        force_delete: Whether pods on lost nodes are deleted by force.
    """

    cluster: Cluster
    destinations: Destinations
    quiet: Quiet
    notes: Notes
    now: datetime
    start_timeout: timedelta
    killed_state: str
    force_delete: bool = False

    @classmethod
    def of(
        cls,
        cluster: Cluster,
        destinations: Destinations,
        quiet: Quiet,
        notes: Notes,
        settings: Settings,
    ) -> Pass:
        """Begin one."""
        timeout = timedelta(seconds=settings.start_timeout_seconds)
        return cls(
            cluster,
            destinations,
            quiet,
            notes,
            cluster.now(),
            timeout,
            settings.killed_run_state,
            settings.force_delete_lost_pods,
        )


def report_seen(within: Pass, seen: Seen, known: OpenRun | None) -> RunReport:
    """Report a run whose Job is there.

    Args:
        within: The pass.
        seen: The run.
        known: What was remembered of it.

    Raises:
        PipelineError: It could not be reported; the next pass tries again.
    """
    if within.force_delete:
        ends.give_up_lost_pods(within.cluster, seen, within.now)
    ended = ends.end_what_cannot_start(within.cluster, seen, within.start_timeout, within.now)
    stop_sidecars(within.cluster, seen.job, seen.pods)
    facts = _facts(within, seen)
    may_need_a_report = _may_need_a_report(within, seen, facts)
    if known is not None and known.address and ended is None and not may_need_a_report:
        return _described(seen, known.fqn)  # most runs: where it is reported need not be read again
    destination = _destination(within, seen, known)
    within.notes.remember(
        memory.open_run(seen.job, fqn=destination.fqn, address=destination.address, token=destination.token_source)
    )
    if seen.is_automation:
        return _report_automation(within, seen, destination, ended)
    report = _described(seen, destination.fqn)
    if not destination.fqn:
        return _nowhere_to_report(within, seen, report)
    if ended is not None:
        return replace(report, action=Action.ENDED, cause=ended.code)
    situation: Hashable = (seen.status.state, seen.status.cause, seen.has_ended, facts.can_still_write)
    if not may_need_a_report or within.quiet.is_quiet(seen.run_id, situation, within.now):
        return report
    try:
        action, until = _compare(within, seen.status, destination, facts)
    except EntityNotFoundError:
        within.notes.unknown_pipeline(report.pipeline)
        within.quiet.keep(seen.run_id, situation, within.now + _UNKNOWN_AGAIN)
        if seen.has_ended and within.now - (seen.status.ended_at or within.now) > _UNKNOWN_FOR:
            _done(within, seen, labels.NOWHERE)
        return replace(report, action=Action.UNREPORTED, error_code="EntityNotFound")
    if action is Action.CONFIRMED and seen.has_ended:
        _done(within, seen, labels.FINAL)
    elif action in (Action.CONFIRMED, Action.WAITED):
        action = Action.WAITED  # until its Job ends a lost node's run may be heard of, and a sidecar has to go
        within.quiet.keep(seen.run_id, situation, min(until or within.now + AGAIN, within.now + AGAIN))
    lag = within.now - seen.status.ended_at if action is Action.WRITTEN and seen.status.ended_at else None
    return replace(report, action=action, lag_seconds=lag.total_seconds() if lag else None)


def report_vanished(within: Pass, run: OpenRun, pods: Sequence[Object]) -> RunReport | None:
    """Report a run that is remembered, and whose Job was in no list; None where there is nothing to be said of it.

    Raises:
        PipelineError: It could not be reported; the next pass tries again.
    """
    job = get_or_none(within.cluster, Kind.JOB, run.job)
    if job is not None and job["metadata"]["uid"] == run.uid:
        if label(job, labels.REPORTED):
            within.notes.forget(run.run_id)
        return None
    within.notes.remember(run)  # what named it may have gone with its pipeline
    status = _status_of_gone(within, run)
    report = RunReport(run.run_id, run.pipeline, run.fqn, run.job, status.state, Action.WAITED, _code(status.cause))
    if can_still_write(pods):
        return report
    if not run.fqn and not run.automation:
        within.notes.forget(run.run_id)
        return replace(report, action=Action.UNREPORTED)
    destination = within.destinations.of_remembered(run)
    if run.automation:
        action = _automation_reported(within, run.automation, run.created, status, destination)
        within.notes.forget(run.run_id)
        return replace(report, action=action)
    has_trace = status.cause is None or status.cause.code is not CauseCode.JOB_DELETED
    facts = Facts(
        can_still_write=False,
        job_ended=True,
        node_lost_since=None,
        run_id_was_handed_over=True,
        written_by_us=False,
        killed_state=within.killed_state,
        diagnosis=lambda: _diagnosis_of_gone(within, run, status, pods),
    )
    try:
        action, _ = _compare(within, status, destination, facts, not_before=None if has_trace else run.created)
    except EntityNotFoundError:
        if not within.quiet.is_quiet(run.run_id, run.uid, within.now):
            within.notes.unknown_pipeline(run.pipeline)
            within.quiet.keep(run.run_id, run.uid, within.now + _UNKNOWN_AGAIN)
        if within.now - run.created > _UNKNOWN_FOR:
            within.notes.forget(run.run_id)
        return replace(report, action=Action.UNREPORTED, error_code="EntityNotFound")
    if action is Action.CONFIRMED:
        within.notes.forget(run.run_id)
    return replace(report, action=action)


def report_missed(within: Pass, status: RunStatus, destination: Destination) -> Action:
    """Report a run that was missed; what is reported of it is confirmed.

    Raises:
        OpenMetadataError: It could not be reported.
    """
    facts = Facts(
        can_still_write=False,
        job_ended=True,
        node_lost_since=None,
        run_id_was_handed_over=False,
        written_by_us=False,
        killed_state=within.killed_state,
        diagnosis=lambda: diagnosed_without_job(status, (), ()),
    )
    return _compare(within, status, destination, facts)[0]


def _compare(
    within: Pass,
    status: RunStatus,
    destination: Destination,
    facts: Facts,
    *,
    not_before: datetime | None = None,
) -> tuple[Action, datetime | None]:
    """Read the row of a run, and write what is wanted in its place.

    Args:
        within: The pass.
        status: What Kubernetes knows of the run.
        destination: Where it is reported.
        facts: What decides besides.
        not_before: Of a run that is gone without a trace, when it was created: only an old row is touched.

    Returns:
        What was done, and until when there is nothing to do.
    """
    server = within.destinations.server(destination)
    with within.notes.asking(destination):
        row = server.run_status(destination.fqn, status.run_id.lower())
        if not_before is not None and within.now - _age_of(row, not_before) < VANISHED_AFTER:
            return Action.WAITED, None
        wish = decide(status, row, replace(facts, written_by_us=was_written_by_us(row)), within.now)
        if isinstance(wish, Wait):
            return Action.WAITED, wish.until
        if isinstance(wish, Confirm):
            return Action.CONFIRMED, None
        rows.write(server, destination.fqn, wish.row, replaces=wish.replaces)
        if destination.streams and status.state.is_terminal:
            with suppress(OpenMetadataError):  # a log that stays open is no reason to withhold the end
                server.close_log_stream(destination.fqn, status.run_id.lower())
    state = wish.row.get("pipelineState")
    facts_logged = {"run": status.run_id, "pipeline": destination.fqn, "state": state, "cause": _code(status.cause)}
    _LOG.info("run %s of %s: reported %s", status.run_id, destination.fqn, state, extra={FACTS: facts_logged})
    return Action.WRITTEN, None


def _age_of(row: object, created: datetime) -> datetime:
    stamp = row.get("timestamp") if isinstance(row, dict) else None
    if not isinstance(stamp, int):
        return created
    with suppress(ValueError, OverflowError, OSError):
        return max(created, datetime.fromtimestamp(stamp / 1000, created.tzinfo))
    return created


def _destination(within: Pass, seen: Seen, known: OpenRun | None) -> Destination:
    try:
        return within.destinations.of(seen.job)
    except NotFoundError:
        # Its document is gone, which may be why it cannot start.
        if known is None or not known.fqn:
            known = memory.open_run(seen.job, fqn=annotation(seen.job, labels.FQN), address="", token="")
        return within.destinations.of_remembered(known)


def _described(seen: Seen, fqn: str) -> RunReport:
    return RunReport(
        run_id=seen.run_id,
        pipeline=label(seen.job, labels.PIPELINE),
        fqn=fqn,
        job=seen.job["metadata"]["name"],
        state=seen.status.state,
        action=Action.WAITED,
        cause=_code(seen.status.cause),
    )


def _nowhere_to_report(within: Pass, seen: Seen, report: RunReport) -> RunReport:
    if seen.has_ended and not can_still_write(seen.pods):
        _done(within, seen, labels.NOWHERE)
    return replace(report, action=Action.UNREPORTED)


def _done(within: Pass, seen: Seen, value: str) -> None:
    """Mark the Job first: a run that is remembered in vain is looked for once more, and forgotten."""
    memory.mark(within.cluster, seen.job, value)
    within.notes.forget(seen.run_id)


def _facts(within: Pass, seen: Seen) -> Facts:
    return Facts(
        can_still_write=can_still_write(seen.pods),
        job_ended=seen.has_ended,
        node_lost_since=node_lost_since(seen.pods, within.now),
        run_id_was_handed_over=bool(label(seen.job, labels.RUN_ID_GIVEN)),
        written_by_us=False,
        killed_state=within.killed_state,
        diagnosis=lambda: diagnosed(within.cluster, seen),
    )


def _may_need_a_report(within: Pass, seen: Seen, facts: Facts) -> bool:
    """Return whether the row is worth reading: most runs are active, and report themselves."""
    age = within.now - (seen.status.created_at or within.now)
    if age < SETTLING:
        return False
    if facts.node_lost_since is not None and within.now - facts.node_lost_since >= LOST_AFTER:
        return True
    if seen.status.state.is_terminal:
        return not facts.can_still_write
    is_queued = seen.status.state is State.QUEUED and not facts.run_id_was_handed_over
    return is_queued and age >= UNHEARD


def _status_of_gone(within: Pass, run: OpenRun) -> RunStatus:
    gone = {"kind": Kind.JOB, "metadata": {"name": run.job, "uid": run.uid}}
    status = gone_run_status(
        run.run_id, run.job, run.uid, events_about(within.cluster, [gone]), trigger=Trigger.BY_HAND
    )
    return replace(status, created_at=run.created)


def _diagnosis_of_gone(within: Pass, run: OpenRun, status: RunStatus, pods: Sequence[Object]) -> Diagnosis:
    gone = {"kind": Kind.JOB, "metadata": {"name": run.job, "uid": run.uid}}
    return diagnosed_without_job(status, pods, events_about(within.cluster, [gone]))


def _report_automation(within: Pass, seen: Seen, destination: Destination, ended: Cause | None) -> RunReport:
    report = _described(seen, destination.fqn)
    status = seen.status
    if ended is not None:
        # Nothing of it has started, and the page waits.
        status = replace(status, state=State.FAILED, cause=ended)
    elif not status.state.is_terminal or can_still_write(seen.pods):
        return report
    created = status.created_at or within.now
    action = _automation_reported(within, annotation(seen.job, labels.FQN), created, status, destination)
    if ended is not None:
        return replace(report, action=Action.ENDED, cause=ended.code)
    if action is Action.CONFIRMED and seen.has_ended:
        _done(within, seen, labels.FINAL)
    return replace(report, action=action)


def _automation_reported(
    within: Pass, name: str, created: datetime, status: RunStatus, destination: Destination
) -> Action:
    server = within.destinations.server(destination)
    with within.notes.asking(destination):
        try:
            workflow = server.automation(name)
        except EntityNotFoundError:
            return Action.CONFIRMED  # it was deleted: nobody waits for it
        if automations.is_reported(workflow, created, succeeded=status.state is State.SUCCESS):
            return Action.CONFIRMED
        automations.report(server, workflow, status.cause, within.now)
    return Action.WRITTEN


def _code(cause: Cause | None) -> str:
    return str(cause.code) if cause else ""
