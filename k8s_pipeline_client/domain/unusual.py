"""Schedules that are accepted, and probably not meant: never due, due all the time, or hit by clocks that change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from k8s_pipeline_client.domain import cron
from k8s_pipeline_client.domain.schedule import Schedule

_OFTEN_SECONDS = 60
_FEW_HOURS = 6
"""A schedule that is due in more hours of a day than these hardly misses one."""
_DAYS = 366
_DUE_TIMES = 10


def warnings_of(schedule: Schedule, now: datetime) -> list[str]:
    """Return what should be looked at of a schedule, one sentence each.

    Args:
        schedule: The schedule.
        now: Aware; clock changes within a year after it are looked at.
    """
    every = cron.parse_every(schedule.expression)
    if every is not None:
        return list(_of_interval(schedule, every))
    if not schedule.is_ever_due():
        return [f"schedule {schedule.expression!r} is never due: there is no such day"]
    return list(_of_clocks(schedule, now))


def usual_of(durations: Sequence[timedelta]) -> timedelta | None:
    """Return how long runs usually take: half of them take less; None where there are none."""
    return sorted(durations)[len(durations) // 2] if durations else None


def overlap_of(schedule: Schedule, now: datetime, usual: timedelta) -> str:
    """Return a warning if runs usually take longer than from one due time to the next; empty if they do not."""
    shortest = _shortest_gap(schedule, now)
    if shortest is None or usual <= shortest:
        return ""
    return (
        f"runs usually take {_span(usual)}, and schedule {schedule.expression!r} is due again after "
        f"{_span(shortest)}: due times are skipped, or runs overlap"
    )


def _shortest_gap(schedule: Schedule, now: datetime) -> timedelta | None:
    """Return the shortest time between two of the next due times; None where there are not two."""
    due = schedule.next_after(now)
    shortest: timedelta | None = None
    for _ in range(_DUE_TIMES):
        following = schedule.next_after(due, anchor=due) if due else None
        if due is None or following is None:
            break
        shortest = min(shortest or following - due, following - due)
        due = following
    return shortest


def _of_interval(schedule: Schedule, every: float) -> Iterator[str]:
    if every < _OFTEN_SECONDS:
        why = " (Kubernetes takes an interval below one second for one)" if every <= 1 else ""
        yield f"schedule {schedule.expression!r} is due every {every:g} s{why}"


def _of_clocks(schedule: Schedule, now: datetime) -> Iterator[str]:
    if len(cron.parse_fields(schedule.expression)[1].values) > _FEW_HOURS:
        return
    skipped: list[str] = []
    doubled: list[str] = []
    for begin, end, is_left_out in _changes(schedule.timezone, now.astimezone(UTC).date().toordinal()):
        if schedule.is_shown_between(begin, end):
            (skipped if is_left_out else doubled).append(f"{begin:%Y-%m-%d}")
    said = [
        *([f"does not run on {', '.join(skipped)}, when clocks pass over that time"] if skipped else []),
        *([f"runs twice on {', '.join(doubled)}, when clocks show that time twice"] if doubled else []),
    ]
    if said:
        yield f"schedule {schedule.expression!r} ({schedule.timezone}) {', and '.join(said)}"


@lru_cache(maxsize=64)
def _changes(zone_name: str, day: int) -> tuple[tuple[datetime, datetime, bool], ...]:
    """Return when clocks change in the year from a day on: what they do not show, or show twice (naive times)."""
    zone = ZoneInfo(zone_name)
    start = datetime.fromordinal(day).replace(tzinfo=UTC)
    found = []
    for number in range(_DAYS):
        before, after = start + timedelta(days=number), start + timedelta(days=number + 1)
        if _offset(before, zone) == _offset(after, zone):
            continue
        moment = _moment_of_change(before, after, zone)
        old, new = _offset(moment - timedelta(minutes=1), zone), _offset(moment, zone)
        bare = moment.replace(tzinfo=None)
        found.append((bare + min(old, new), bare + max(old, new), new > old))
    return tuple(found)


def _moment_of_change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    old = _offset(before, zone)
    while after - before > timedelta(minutes=1):
        middle = (before + (after - before) / 2).replace(second=0, microsecond=0)
        if middle <= before:
            break
        before, after = (middle, after) if _offset(middle, zone) == old else (before, middle)
    return after


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _span(value: timedelta) -> str:
    minutes = round(value.total_seconds() / 60)
    if minutes < 1:
        return f"{value.total_seconds():.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
