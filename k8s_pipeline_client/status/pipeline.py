"""From a raw CronJob and the runs that belong to it to the status of a pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.status.models import Missed, PipelineStatus, RunStatus, State, Trigger, rfc3339
from k8s_pipeline_client.status.raw import Raw, find, items, mapping, moment, span, text

_DEFAULT_STARTING_DEADLINE = timedelta(seconds=600)
_SLACK = timedelta(seconds=120)
"""The CronJob controller and the list that we were given may both be behind."""

_BEGINNING = datetime.min.replace(tzinfo=UTC)


def pipeline_status(
    cronjob: Raw,
    runs: Sequence[RunStatus],
    now: datetime,
    *,
    due_at: datetime | None = None,
    next_run_at: datetime | None = None,
) -> PipelineStatus:
    """The status of a pipeline.

    Args:
        cronjob: The raw CronJob.
        runs: The status of each of its runs, in any order.
        now: The API server's time, aware.
        due_at: The last time before ``now`` at which its schedule fires.
        next_run_at: The next time; left out for one that is suspended.

    Returns:
        The status. Odd or missing fields never raise.
    """
    metadata, spec = mapping(cronjob.get("metadata")), mapping(cronjob.get("spec"))
    annotations = mapping(metadata.get("annotations"))
    is_on_demand = text(annotations.get(labels.ON_DEMAND)) == "true"
    is_suspended = spec.get("suspend") is True
    newest_first = sorted(runs, key=lambda run: run.created_at or _BEGINNING, reverse=True)
    is_scheduled = not is_on_demand and not is_suspended
    warnings = ("the CronJob is being deleted",) if metadata.get("deletionTimestamp") else ()
    return PipelineStatus(
        resource_name=text(metadata.get("name")),
        name=text(annotations.get(labels.NAME)),
        fqn=text(annotations.get(labels.FQN)),
        display_name=text(annotations.get(labels.DISPLAY_NAME)),
        service=text(annotations.get(labels.SERVICE)),
        service_type=text(annotations.get(labels.SERVICE_TYPE)),
        pipeline_type=text(annotations.get(labels.PIPELINE_TYPE)),
        schedule=None if is_on_demand else text(spec.get("schedule")) or None,
        time_zone=None if is_on_demand else text(spec.get("timeZone")) or None,
        on_demand=is_on_demand,
        suspended=is_suspended,
        enabled=is_on_demand or not is_suspended,
        last_run=newest_first[0] if newest_first else None,
        active_runs=tuple(run for run in newest_first if not run.state.is_terminal),
        next_run_at=next_run_at if is_scheduled else None,
        missed=_missed(cronjob, newest_first, now, due_at) if is_scheduled and due_at else None,
        warnings=warnings,
    )


def _missed(cronjob: Raw, runs: Sequence[RunStatus], now: datetime, due_at: datetime) -> Missed | None:
    deadline = span(find(cronjob, "spec", "startingDeadlineSeconds")) or _DEFAULT_STARTING_DEADLINE
    if now - due_at <= deadline + _SLACK or not _was_on_schedule(cronjob, due_at):
        return None
    scheduled = [run for run in runs if run.trigger is Trigger.SCHEDULED]
    if any(run.scheduled_at and run.scheduled_at >= due_at for run in scheduled):
        return None
    when = rfc3339(due_at)
    blocker = next((run for run in scheduled if _ran_through(run, due_at, deadline)), None)
    if blocker and find(cronjob, "spec", "concurrencyPolicy") == "Forbid":
        return Missed(due_at, f"skipped: due at {when}, while the run before it ({blocker.job_name}) was active")
    return Missed(due_at, f"missed: due at {when}, no Job was made")


def _was_on_schedule(cronjob: Raw, due_at: datetime) -> bool:
    """Whether the CronJob can be blamed for a run at that time.

    It cannot for a time before it was made, nor for one that it has served (lastScheduleTime stays when the Job
    has been cleaned up). Nor for one before its spec was last written: it may have been suspended, or on another
    schedule, until then, and nothing on the object tells which. managedFields give the time of that write, and
    perhaps of a later one that changed neither; so a miss may stay unsaid after a deploy, but none is made up
    after a resume.
    """
    status_entries = ("status", "scale")
    written = [
        entry.get("time")
        for entry in items(find(cronjob, "metadata", "managedFields"))
        if entry.get("subresource") not in status_entries
    ]
    created = find(cronjob, "metadata", "creationTimestamp")
    served = find(cronjob, "status", "lastScheduleTime")
    return all(due_at > at for at in map(moment, (created, served, *written)) if at)


def _ran_through(run: RunStatus, due_at: datetime, deadline: timedelta) -> bool:
    """It was active from the due time until it was too late to start."""
    if run.created_at is None or run.created_at > due_at:
        return False
    if run.state not in (State.SUCCESS, State.FAILED):
        return True
    return run.ended_at is not None and run.ended_at - due_at > deadline
