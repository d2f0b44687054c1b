"""Computes the statuses of a snapshot, with the events that are needed for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from k8s_pipeline_client.cluster.port import Cluster, Kind
from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.domain.schedule import parse_schedule
from k8s_pipeline_client.domain.unusual import overlap_of, usual_of, warnings_of
from k8s_pipeline_client.errors import ForbiddenError, ScheduleError
from k8s_pipeline_client.inventory.snapshot import Snapshot, read_reduced
from k8s_pipeline_client.status import (
    PipelineStatus,
    RunStatus,
    State,
    events_tell_more,
    is_overdue,
    pipeline_status,
    related_objects,
    run_status,
    skipped_warnings,
)

_EVENTS_BY_UID = 20
"""The maximum number of objects whose events are requested one by one. Each request costs the API server as much as
a list of all events, since these are not indexed; only the response is smaller."""
_EVENTS_OF_ONE = 9
"""The same for one pipeline: its newest runs, which `status` shows, and their pods; the tenth is its CronJob."""


def run_statuses(cluster: Cluster, snapshot: Snapshot, *, of_one: bool = False) -> dict[str, RunStatus]:
    """Return the statuses of the runs by their Jobs' names, newest first.

    Events are read only for runs for which they may matter.

    Args:
        cluster: For the events.
        snapshot: The runs.
        of_one: All are of one pipeline. Then only the events of its newest runs are read: the namespace may have
            many, and those of older runs have mostly expired.
    """
    return run_statuses_of_each(cluster, [snapshot], of_one=of_one)[0]


def run_statuses_of_each(
    cluster: Cluster, snapshots: Sequence[Snapshot], *, of_one: bool = False
) -> list[dict[str, RunStatus]]:
    """Return what `run_statuses` does for each of several namespaces, with the requests for events of one."""
    found = [{job["metadata"]["name"]: _status(job, each, ()) for job in each.jobs} for each in snapshots]
    unclear = [
        (job, each, statuses)
        for each, statuses in zip(snapshots, found, strict=True)
        for job in each.jobs
        if events_tell_more(statuses[job["metadata"]["name"]], each.now)
    ]
    known = [item for job, each, _ in unclear for item in (job, *_pods(job, each))]
    events = events_about(cluster, known[:_EVENTS_OF_ONE]) if of_one else events_of_many(cluster, known)
    for job, each, statuses in unclear if events else ():
        statuses[job["metadata"]["name"]] = _status(job, each, _in_namespace_of(job, events))
    return found


def _in_namespace_of(job: Object, events: Sequence[Object]) -> Sequence[Object]:
    """Return the events of a Job's namespace: in another one there may be pods of the same names."""
    namespace = job["metadata"].get("namespace")
    return [event for event in events if event["involvedObject"].get("namespace", namespace) == namespace]


def pipeline_statuses(
    cluster: Cluster,
    items: Sequence[Object],
    snapshot: Snapshot,
    runs: dict[str, RunStatus],
    events: Sequence[Object] | None = None,
) -> list[PipelineStatus]:
    """Return the statuses of pipelines and one-shot runs.

    Args:
        cluster: For the events.
        items: The pipelines and one-shot runs.
        snapshot: Their objects.
        runs: By their Jobs' names.
        events: Those about them; read for those that are overdue if None.
    """
    return pipeline_statuses_of_each(cluster, [(items, snapshot, runs)], events)


def pipeline_statuses_of_each(
    cluster: Cluster,
    found: Iterable[tuple[Sequence[Object], Snapshot, dict[str, RunStatus]]],
    events: Sequence[Object] | None = None,
) -> list[PipelineStatus]:
    """Return what `pipeline_statuses` does for several namespaces, with the requests for events of one."""
    timed = []
    for items, snapshot, runs in found:
        for item in items:
            jobs = snapshot.jobs_by_pipeline.get(item["metadata"]["name"], ())
            own = [runs[job["metadata"]["name"]] for job in jobs]
            timed.append((item, own, snapshot.now, *_times(item, snapshot.now)))
    if events is None:
        overdue = [item for item, own, _, _, due in timed if due and is_overdue(item, own, due)]
        events = events_of_many(cluster, overdue)
    return [
        pipeline_status(item, own, now, due_at=due, next_run_at=following, events=events)
        for item, own, now, following, due in timed
    ]


def schedule_warnings(
    item: Object, status: PipelineStatus, runs: Sequence[RunStatus], now: datetime, events: Sequence[Object] = ()
) -> list[str]:
    """Return what should be looked at of a pipeline's schedule, also in view of its runs and of the events about it."""
    if status.schedule is None or not status.enabled or status.one_shot:
        return []
    try:
        schedule = parse_schedule(status.schedule, status.time_zone)
    except ScheduleError:
        return []  # changed by somebody else
    took = [run.ended_at - run.started_at for run in runs if _has_succeeded(run) and run.ended_at and run.started_at]
    usual = usual_of(took)
    overlap = overlap_of(schedule, now, usual) if usual else ""
    return [
        *warnings_of(schedule, now),
        *([overlap] if overlap else []),
        *skipped_warnings(item, schedule, runs, now, events),
    ]


def _has_succeeded(run: RunStatus) -> bool:
    return run.state is State.SUCCESS


def events_of_many(cluster: Cluster, known: Sequence[Object]) -> list[Object]:
    """Return the events about objects, and perhaps about others: one list if there are many objects."""
    if len(known) <= _EVENTS_BY_UID:
        return events_about(cluster, known)
    try:
        return read_reduced(cluster, Kind.EVENT)
    except ForbiddenError:
        return []


def events_about(cluster: Cluster, known: Sequence[Object]) -> list[Object]:
    """Return the events about objects and related objects; empty without the permission to read them.

    Events improve causes; the state and most causes do not need them.
    """
    try:
        own = _events_where(cluster, (f"involvedObject.uid={item['metadata']['uid']}" for item in known))
        more = related_objects(known, own)
        return own + _events_where(
            cluster, (f"involvedObject.kind={kind},involvedObject.name={name}" for kind, name in more)
        )
    except ForbiddenError:
        return []


def _events_where(cluster: Cluster, selectors: Iterable[str]) -> list[Object]:
    return [event for fields in selectors for event in cluster.list(Kind.EVENT, fields=fields)]


def _status(job: Object, snapshot: Snapshot, events: Sequence[Object]) -> RunStatus:
    return run_status(job, _pods(job, snapshot), events, snapshot.now)


def _pods(job: Object, snapshot: Snapshot) -> list[Object]:
    return snapshot.pods_by_job.get(job["metadata"]["name"], [])


def _times(item: Object, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Return when a CronJob is due next, and when it was due last; None for both if it is suspended."""
    spec = item["spec"]
    if "schedule" not in spec or spec.get("suspend"):
        return None, None
    try:
        schedule = parse_schedule(spec["schedule"], spec.get("timeZone"))
    except ScheduleError:
        return None, None  # changed by somebody else
    started = (item.get("status") or {}).get("lastScheduleTime") or item["metadata"]["creationTimestamp"]
    return schedule.next_after(now, anchor=datetime.fromisoformat(started)), schedule.last_before(now)
