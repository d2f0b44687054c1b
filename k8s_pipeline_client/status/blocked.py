"""Due times at which the CronJob controller started nothing because a run was active, as its events tell. Pure.

The Jobs tell it as long as they are there. ``JobAlreadyActive`` is written at each due time, and once more when the
CronJob changes before the next one; all are counted in one Event, with the times of the first and the last.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import Object, annotation
from k8s_pipeline_client.domain.raw import find, moment, span, text
from k8s_pipeline_client.domain.schedule import Schedule
from k8s_pipeline_client.status.events import Event, events_about, read_events

_BLOCKED = "JobAlreadyActive"
_CREATED = "Created job "
_COMBINED = "(combined from similar events)"
"""So begins the message of one Event that stands for many."""
_MOST = 100


def tells_of_skips(cronjob: Object) -> bool:
    """Return whether events about a CronJob may tell that due times were skipped."""
    spec = cronjob.get("spec") or {}
    is_on_schedule = bool(spec.get("schedule")) and spec.get("suspend") is not True
    return is_on_schedule and spec.get("concurrencyPolicy") == "Forbid" and not annotation(cronjob, labels.ON_DEMAND)


def was_blocked(cronjob: Object, due: datetime, events: Iterable[Object]) -> bool:
    """Return whether nothing was started for a due time, or for one after it, because a run was active."""
    return any(event.reason == _BLOCKED and event.at and event.at >= due for event in _about(cronjob, events))


def skipped_by_events(
    cronjob: Object, schedule: Schedule, events: Iterable[Object], started: Collection[datetime], now: datetime
) -> list[datetime]:
    """Return the due times that were surely skipped, oldest first.

    Args:
        cronjob: The raw CronJob.
        schedule: Its schedule.
        events: Those about others are ignored.
        started: The due times of which there is a Job.
        now: The API server's time.
    """
    about = _about(cronjob, events)
    created = [event.message for event in about if event.reason == "SuccessfulCreate"]
    known = {*started, *_of_names(cronjob, created)}
    is_whole = bool(created) and not any(message.startswith(_COMBINED) for message in created)
    last = moment(find(cronjob, "status", "lastScheduleTime"))
    deadline = span(find(cronjob, "spec", "startingDeadlineSeconds"))
    found = []
    for due in sorted(_blocked(about, schedule) - known - {last}):
        following = schedule.next_after(due)
        if last is None or due > last:  # nothing was started since; it still may be, until the next one or its deadline
            is_sure = (following is not None and following <= now) or (deadline is not None and due + deadline < now)
        else:  # a later one was started; this one's own Job would be known where older ones are
            is_sure = is_whole or any(at < due for at in started)
        if is_sure:
            found.append(due)
    return found


def _about(cronjob: Object, events: Iterable[Object]) -> tuple[Event, ...]:
    return events_about(text(find(cronjob, "metadata", "uid")), read_events(list(events)))


def _blocked(about: Iterable[Event], schedule: Schedule) -> set[datetime]:
    """Return the due times at which, by the events, nothing was started."""
    found: set[datetime] = set()
    for event in about:
        if event.reason != _BLOCKED or event.at is None:
            continue
        first, last = schedule.last_before(event.first_at or event.at), schedule.last_before(event.at)
        if first is None or last is None:
            continue
        found |= {first, last}
        between = list(_between(schedule, first, last))
        if (event.count or 0) >= len(between) + len({first, last}):
            found.update(between)
    return found


def _between(schedule: Schedule, first: datetime, last: datetime) -> Iterator[datetime]:
    due = schedule.next_after(first)
    for _ in range(_MOST):
        if due is None or due >= last:
            return
        yield due
        due = schedule.next_after(due)


def _of_names(cronjob: Object, messages: Iterable[str]) -> Iterator[datetime]:
    """Yield the due times of created Jobs: the CronJob controller names them by the minute."""
    name = text(find(cronjob, "metadata", "name"))
    for message in messages:
        minute = message.removeprefix(f"{_CREATED}{name}-")
        if minute != message and minute.isascii() and minute.isdecimal() and len(minute) < 10:
            yield datetime.fromtimestamp(int(minute) * 60, UTC)
