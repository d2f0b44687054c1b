"""Due times that passed while a run was still active, where Kubernetes starts no other one beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from operator import itemgetter

from k8s_pipeline_client.domain.counting import counted
from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.domain.raw import find, span
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.domain.schedule import Schedule
from k8s_pipeline_client.status.blocked import skipped_by_events
from k8s_pipeline_client.status.models import RunStatus, Trigger
from k8s_pipeline_client.status.pipeline import on_schedule_since

_SHOWN = 3
_MOST = 100
_COUNTED = (Trigger.SCHEDULED, Trigger.BY_HAND)
"""Whose Jobs the CronJob controller counts; those that this program starts have no controller."""


def skipped_warnings(
    cronjob: Object,
    schedule: Schedule,
    runs: Collection[RunStatus],
    now: datetime,
    events: Iterable[Object] = (),
) -> list[str]:
    """Return which due times were passed over, one sentence for each run that was the reason; oldest first.

    What only the CronJob's events tell, since the Jobs are gone, is in one more sentence.

    Source: `syncCronJob` of pkg/controller/cronjob. With ``concurrencyPolicy`` Forbid nothing starts while a Job of
    the CronJob is active; then the newest due time does, unless it is too late, and those before it never do.

    Args:
        cronjob: The raw CronJob.
        schedule: Its schedule.
        runs: Its runs, in any order; due times that passed during others are known by events only.
        now: The API server's time, aware.
        events: Object events; those about other objects are ignored.
    """
    if find(cronjob, "spec", "concurrencyPolicy") != "Forbid":
        return []
    since = on_schedule_since(cronjob)
    served = {run.scheduled_at for run in runs if run.scheduled_at}
    deadline = span(find(cronjob, "spec", "startingDeadlineSeconds"))
    blockers = [(run.created_at, run) for run in runs if run.created_at and run.trigger in _COUNTED]
    told: list[str] = []
    seen: set[datetime] = set()
    for began, run in sorted(blockers, key=itemgetter(0)):
        end = run.ended_at or now
        passed = list(_between(schedule, max(filter(None, (began, since))), end))
        told += _told(passed, served, run, too_late=end - deadline if deadline is not None else None)
        seen.update(passed)
    others = [
        due
        for due in skipped_by_events(cronjob, schedule, events, served, now)
        if due not in seen and (since is None or due > since)
    ]
    if others:
        told.append(f"{counted(len(others), 'due time')} skipped while a run was active: {_listed(others)}")
    return told


def _between(schedule: Schedule, begin: datetime, end: datetime) -> Iterator[datetime]:
    due = schedule.next_after(begin)
    for _ in range(_MOST):
        if due is None or due >= end:
            return
        yield due
        due = schedule.next_after(due, anchor=due)


def _told(
    passed: Sequence[datetime], served: Collection[datetime], run: RunStatus, *, too_late: datetime | None
) -> Iterator[str]:
    """Yield what became of the due times without a Job: all but the last one are skipped, and that if it is too late.

    The last one started when the run had ended; its Job may have been deleted since.
    """
    missing = [due for due in passed if due not in served]
    skipped = [due for due in missing if due != passed[-1] or (too_late and due < too_late)]
    if skipped:
        while_ = f"while the run before ({run.job_name}) {'was' if run.ended_at else 'is'} active"
        yield f"{counted(len(skipped), 'due time')} skipped {while_}: {_listed(skipped)}"
    for due in missing[len(skipped) :] if not run.ended_at else ():
        yield f"due at {rfc3339(due)}: starts once the run before ({run.job_name}) ends, unless that takes too long"


def _listed(dues: Sequence[datetime]) -> str:
    times = ", ".join(map(rfc3339, dues[:_SHOWN]))
    return times if len(dues) <= _SHOWN else f"{times} and {len(dues) - _SHOWN} more, the last {rfc3339(dues[-1])}"
