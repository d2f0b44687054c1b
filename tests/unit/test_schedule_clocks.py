"""Due times are what Kubernetes makes of them where clocks are put forward and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from k8s_pipeline_client.domain import cron
from k8s_pipeline_client.domain.schedule import Schedule, parse_schedule

MINUTE = timedelta(minutes=1)
CHANGES = {
    "Europe/Berlin": ("2026-03-29T01:00", "2026-10-25T01:00"),
    "America/New_York": ("2026-03-08T07:00", "2026-11-01T06:00"),
    "Australia/Lord_Howe": ("2026-10-03T15:30", "2026-04-04T15:00"),  # by half an hour
    "Africa/Cairo": ("2026-04-23T22:00", "2026-10-29T21:00"),  # at midnight
}
SCHEDULES = [
    *("30 2 * * *", "0 2 * * *", "30 1 * * *", "0 3 * * *", "*/30 * * * *", "45 * * * *", "15,45 1-2 * * *"),
    *("30 0 * * *", "30 23 * * *", "0 * * * *", "30 2 29 3 *", "30 2 * * sun", "59 1 1 * 0"),
]


@cache  # for all schedules
def readings(zone: str, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Look at a clock on the wall every minute; return when, and what it shows."""
    minutes = range(int((end - start) / MINUTE) + 1)
    return [(moment, moment.astimezone(ZoneInfo(zone))) for moment in (start + number * MINUTE for number in minutes)]


def due_times(schedule: Schedule, start: datetime, end: datetime) -> list[datetime]:
    """Find the due times among all minutes, which is what robfig/cron's `SpecSchedule.Next` comes to."""
    minutes, hours, days, months, weekdays = cron.parse_fields(schedule.expression)
    found = []
    for moment, shown in readings(schedule.timezone, start, end):
        if shown.minute not in minutes.values or shown.hour not in hours.values or shown.month not in months.values:
            continue
        of_month, of_week = shown.day in days.values, shown.isoweekday() % 7 in weekdays.values
        if of_month and of_week if days.star or weekdays.star else of_month or of_week:
            found.append(moment)
    return found


@pytest.mark.parametrize("text", SCHEDULES)
@pytest.mark.parametrize(("zone", "change"), [(zone, change) for zone, both in CHANGES.items() for change in both])
def test_due_times_around_a_change_of_clocks(zone: str, change: str, text: str) -> None:
    schedule = parse_schedule(text, zone)
    middle = datetime.fromisoformat(change).replace(tzinfo=UTC)
    assert middle.astimezone(ZoneInfo(zone)).utcoffset() != (middle - MINUTE).astimezone(ZoneInfo(zone)).utcoffset()
    start, end = middle - timedelta(hours=30), middle + timedelta(hours=30)
    expected = due_times(schedule, start, end)
    assert forwards(schedule, start - MINUTE, end) == expected
    assert backwards(schedule, end, start) == expected

    # From any moment, not from due times only: from every minute, the schedules taking turns.
    for offset in range(-180 + SCHEDULES.index(text), 181, len(SCHEDULES)):
        moment = middle + timedelta(minutes=offset, seconds=offset % 2)
        later = [due for due in expected if due > moment]
        earlier = [due for due in expected if due <= moment]
        if later:
            assert schedule.next_after(moment) == later[0]
        if earlier:
            assert schedule.last_before(moment) == earlier[-1]


def forwards(schedule: Schedule, start: datetime, end: datetime) -> list[datetime]:
    found = []
    due = schedule.next_after(start)
    while due is not None and due <= end:
        found.append(due)
        due = schedule.next_after(due)
    return found


def backwards(schedule: Schedule, end: datetime, start: datetime) -> list[datetime]:
    found: list[datetime] = []
    due = schedule.last_before(end)
    while due is not None and due >= start:
        found.insert(0, due)
        due = schedule.last_before(due - MINUTE)
    return found


def test_a_fixed_hour_that_is_left_out_is_a_run_that_is_left_out() -> None:
    schedule = parse_schedule("30 2 * * *", "Europe/Berlin")
    assert schedule.next_after(datetime(2026, 3, 28, 12, tzinfo=UTC)) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)
    assert schedule.last_before(datetime(2026, 3, 29, 12, tzinfo=UTC)) == datetime(2026, 3, 28, 1, 30, tzinfo=UTC)


def test_far_away_due_times_are_found_as_far_as_kubernetes_looks() -> None:
    leap = parse_schedule("0 0 29 2 *")
    assert leap.next_after(datetime(2025, 1, 1, tzinfo=UTC)) == datetime(2028, 2, 29, tzinfo=UTC)
    assert leap.last_before(datetime(2027, 1, 1, tzinfo=UTC)) == datetime(2024, 2, 29, tzinfo=UTC)
