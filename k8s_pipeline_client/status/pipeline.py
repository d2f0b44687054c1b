"""Computes the status of a pipeline from its raw CronJob and its runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.makeup import Narrowed
from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.domain.raw import find, items, mapping, moment, span, text
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.status.blocked import was_blocked
from k8s_pipeline_client.status.events import Event, events_about, read_events
from k8s_pipeline_client.status.models import Missed, PipelineStatus, RunStatus, State, Trigger
from k8s_pipeline_client.status.words import inline

_DEFAULT_STARTING_DEADLINE = timedelta(seconds=600)
_SLACK = timedelta(seconds=120)
"""The tolerance for delays of the CronJob controller and of the list."""

_BEGINNING = datetime.min.replace(tzinfo=UTC)


def pipeline_status(
    cronjob: Object,
    runs: Sequence[RunStatus],
    now: datetime,
    *,
    due_at: datetime | None = None,
    next_run_at: datetime | None = None,
    events: Iterable[Object] = (),
) -> PipelineStatus:
    """Compute the status of a pipeline.

    Args:
        cronjob: The raw CronJob.
        runs: The status of each of its runs, in any order.
        now: The API server's time, aware.
        due_at: The last due time before ``now``.
        next_run_at: The next due time; ignored for a suspended one.
        events: Object events, if it `is_overdue`, for the reason; those about other objects are ignored.

    Returns:
        The status. Invalid or missing fields never raise.
    """
    metadata, spec = mapping(cronjob.get("metadata")), mapping(cronjob.get("spec"))
    annotations = mapping(metadata.get("annotations"))
    is_on_demand = text(annotations.get(labels.ON_DEMAND)) == "true"
    is_suspended = spec.get("suspend") is True
    newest_first = sorted(runs, key=lambda run: run.created_at or _BEGINNING, reverse=True)
    is_scheduled = not is_on_demand and not is_suspended
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
        one_shot=cronjob.get("kind") == "Job",
        namespace=text(metadata.get("namespace")),
        suspended=is_suspended,
        enabled=is_on_demand or not is_suspended,
        last_run=newest_first[0] if newest_first else None,
        active_runs=tuple(run for run in newest_first if not run.state.is_terminal),
        next_run_at=next_run_at if is_scheduled else None,
        missed=_missed(cronjob, newest_first, now, due_at, events) if is_scheduled and due_at else None,
        warnings=tuple(_warnings(metadata, spec, is_scheduled=is_scheduled)),
    )


def _why_unreported(metadata: Object) -> str:
    if text(mapping(metadata.get("labels")).get(labels.APP_APPLICATION)):
        return "it knows an application's runs by those of its ingestion pipeline only"
    return "its document has no ingestionPipelineFQN"


def _warnings(metadata: Object, spec: Object, *, is_scheduled: bool) -> Iterator[str]:
    annotations = mapping(metadata.get("annotations"))
    if metadata.get("deletionTimestamp"):
        yield "the CronJob is being deleted"
    if text(annotations.get(labels.UNREPORTED)):
        yield f"its runs are reported nowhere in OpenMetadata: {_why_unreported(metadata)}"
    deleted_at = text(annotations.get(labels.DELETED_AT))
    if deleted_at:
        yield (
            f"deleted in OpenMetadata, as was found at {deleted_at}: suspended until it is restored there, deployed "
            "again, or removed"
        )
    note = Narrowed.from_text(text(annotations.get(labels.STARTING_DEADLINE)), spec.get("startingDeadlineSeconds"))
    if note and is_scheduled:
        yield (
            f"a run that cannot start within {note.seconds} s is dropped (startingDeadlineSeconds); the "
            f"next deploy or enable after {rfc3339(note.needed_until)} sets {note.configured} s again"
        )


def is_overdue(cronjob: Object, runs: Sequence[RunStatus], due_at: datetime) -> bool:
    """Return whether a run that was due at that time has no Job, or not yet."""
    scheduled = (run.scheduled_at for run in runs if run.trigger is Trigger.SCHEDULED)
    return _was_on_schedule(cronjob, due_at) and not any(at and at >= due_at for at in scheduled)


def _missed(
    cronjob: Object, runs: Sequence[RunStatus], now: datetime, due_at: datetime, events: Iterable[Object]
) -> Missed | None:
    if not is_overdue(cronjob, runs, due_at):
        return None
    when = rfc3339(due_at)
    refusal = _refusal(cronjob, due_at, events)
    if refusal:
        return Missed(due_at, f"missed: due at {when}, and its Job was refused: {inline(refusal.message)}")
    deadline = span(find(cronjob, "spec", "startingDeadlineSeconds")) or _DEFAULT_STARTING_DEADLINE
    if now - due_at <= deadline + _SLACK:
        return None
    scheduled = [run for run in runs if run.trigger is Trigger.SCHEDULED]
    blocker = next((run for run in scheduled if _ran_through(run, due_at, deadline)), None)
    if find(cronjob, "spec", "concurrencyPolicy") == "Forbid":
        if blocker:
            return Missed(due_at, f"skipped: due at {when}, while the run before it ({blocker.job_name}) was active")
        if was_blocked(cronjob, due_at, events):
            return Missed(due_at, f"skipped: due at {when}, while a run before it was active")
    return Missed(due_at, f"missed: due at {when}, but no Job was created")


def _refusal(cronjob: Object, due_at: datetime, events: Iterable[Object]) -> Event | None:
    """Return the error of the CronJob controller's last attempt to create the Job."""
    about = events_about(text(find(cronjob, "metadata", "uid")), read_events(list(events)))
    tries = [event for event in about if event.reason == "FailedCreate" and event.at and event.at >= due_at]
    return tries[-1] if tries else None


def _was_on_schedule(cronjob: Object, due_at: datetime) -> bool:
    """Whether the CronJob should have started a run at that time.

    Not before it had this schedule, and not if lastScheduleTime is later (which stays when the Job has been deleted).
    """
    since, served = on_schedule_since(cronjob), moment(find(cronjob, "status", "lastScheduleTime"))
    return all(due_at > at for at in (since, served) if at)


def on_schedule_since(cronjob: Object) -> datetime | None:
    """Return since when a CronJob surely has its schedule; None if nothing tells.

    Not before it was created, nor before its spec was last written: it may have been suspended, or on another schedule,
    until then, and the object does not tell. managedFields have the time of that write, or of a later one that changed
    neither; so a missed run may go unreported after a deploy, but no run is reported as missed after a resume.
    """
    status_entries = ("status", "scale")
    written = [
        entry.get("time")
        for entry in items(find(cronjob, "metadata", "managedFields"))
        if entry.get("subresource") not in status_entries
    ]
    created = find(cronjob, "metadata", "creationTimestamp")
    return max(filter(None, map(moment, (created, *written))), default=None)


def _ran_through(run: RunStatus, due_at: datetime, deadline: timedelta) -> bool:
    """It was active from the due time until the starting deadline."""
    if run.created_at is None or run.created_at > due_at:
        return False
    if run.state not in (State.SUCCESS, State.FAILED):
        return True
    return run.ended_at is not None and run.ended_at - due_at > deadline
