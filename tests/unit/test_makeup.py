"""What is made up for when a schedule is switched on, given or moved: nothing, whatever is written afterwards.

The controller here is Kubernetes' own rule, as the cluster test shows it; that one tries less, and for real.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from k8s_pipeline_client.domain.makeup import LEAST, MARGIN, Deadline, Live, Narrowed, deadline_of, held_back
from k8s_pipeline_client.domain.schedule import NEVER, Schedule

DUE = datetime(2026, 6, 1, 10, tzinfo=UTC)
DAILY, HOURLY, MINUTELY = Schedule("0 10 * * *"), Schedule("0 * * * *"), Schedule("* * * * *")
LONG_AGO = DUE - timedelta(days=1)
DISABLED = Live(DAILY, suspended=True, since=LONG_AGO, deadline=600)
ACTIVE = replace(DISABLED, suspended=False)


def after(seconds: float) -> datetime:
    return DUE + timedelta(seconds=seconds)


def starts(schedule: Schedule, since: datetime, seconds: int, now: datetime) -> datetime | None:
    """Return the due time for which the CronJob controller starts a run if it looks at that moment."""
    due = schedule.last_before(now)
    return due if due and due > max(since, now - timedelta(seconds=seconds)) else None


@pytest.mark.parametrize(
    ("live", "age", "seconds", "wait"),
    [
        (DISABLED, 45, 40, 0),
        (DISABLED, 604, 599, 0),
        (DISABLED, 605, None, 0),
        (DISABLED, 15, 10, 0),
        (DISABLED, 0, 10, 15),
        (DISABLED, 14, 10, 1),
        (replace(DISABLED, since=DUE), 45, None, 0),
        (replace(DISABLED, since=after(1)), 45, None, 0),
        (replace(ACTIVE, schedule=HOURLY), 45, 40, 0),
        (replace(ACTIVE, schedule=Schedule("0 10 * * *", "Asia/Tokyo")), 45, 40, 0),
        (replace(ACTIVE, schedule=None), 45, 40, 0),
        (replace(DISABLED, schedule=Schedule(NEVER)), 45, 40, 0),
        (ACTIVE, 45, None, 0),
        (replace(ACTIVE, deadline=None), 45, None, 0),
        (replace(ACTIVE, deadline=3600), 45, None, 0),
        (replace(ACTIVE, deadline=120), 300, 295, 0),
        (replace(ACTIVE, deadline=120), 45, 120, 0),
    ],
    ids=[
        "enabled",
        "enabled just within the deadline",
        "enabled when nothing can be made up for any more",
        "enabled as early as the least allows",
        "enabled at the due time",
        "enabled a second too early",
        "enabled, and the run was there",
        "enabled, and the CronJob is younger than the due time",
        "moved",
        "another time zone",
        "moved from what nobody knows",
        "given",
        "nothing new",
        "no deadline until now",
        "a deadline that shrinks",
        "a deadline that grows over a due time",
        "a deadline that grows over a due time it had covered",
    ],
)
def test_the_deadline_does_not_reach_back_to_the_due_time(
    live: Live, age: int, seconds: int | None, wait: float
) -> None:
    expected = Deadline(600)
    if seconds is not None:
        expected = Deadline(seconds, Narrowed(seconds, 600, DUE), wait=wait)
    assert deadline_of(live, DAILY, 600, after(age)) == expected


NARROWED = Narrowed(40, 600, DUE)


@pytest.mark.parametrize(
    ("schedule", "since", "age", "configured", "stays"),
    [
        (DAILY, LONG_AGO, 50, 600, True),
        (DAILY, LONG_AGO, 604, 600, True),
        (DAILY, LONG_AGO, 605, 600, False),
        (DAILY, LONG_AGO, 605, 900, True),
        (DAILY, LONG_AGO, 50, 40, False),
        (MINUTELY, LONG_AGO, 50, 600, True),
        (MINUTELY, LONG_AGO, 64, 600, True),
        (MINUTELY, LONG_AGO, 65, 600, False),
        (MINUTELY, after(60), 65, 600, False),
        (HOURLY, after(-1), 604, 3600, True),
    ],
    ids=[
        "early",
        "just within the configured one",
        "when it is over",
        "more is configured now",
        "as little is configured now",
        "often, before the next",
        "often, and the next may not be due by the controller's clock",
        "often, and the next is due: late is not unasked-for",
        "often, and the next was served",
        "hourly",
    ],
)
def test_a_narrowed_deadline_stays_until_the_due_time_cannot_be_chosen(
    schedule: Schedule, since: datetime, age: int, configured: int, stays: bool
) -> None:
    live = Live(schedule, suspended=False, since=since, deadline=40, narrowed=NARROWED)
    found = deadline_of(live, schedule, configured, after(age))
    if stays:
        assert found == Deadline(40, Narrowed(40, configured, DUE))
    else:
        assert found == Deadline(configured)


@pytest.mark.parametrize(
    ("since", "suspended", "deadline", "at_once"),
    [
        (after(-3600), True, 4200, True),
        (after(-3599), True, 4200, False),
        (after(-3600), False, 4200, False),
        (after(-3600), False, 600, True),
    ],
    ids=["the interval is over", "it is not", "nothing new", "a deadline with which it never ran"],
)
def test_what_an_interval_starts_at_once_is_known_before(
    since: datetime, suspended: bool, deadline: int, at_once: bool
) -> None:
    every = Schedule("@every 1h")
    live = Live(every, suspended=suspended, since=since, deadline=deadline)
    assert deadline_of(live, every, 4200, DUE) == Deadline(4200, starts_at_once=at_once)


@pytest.mark.parametrize(
    "text",
    [
        *("", "{}", "[]", "600", '{"seconds": "x"}', "[" * 100_000),
        NARROWED.to_text().replace("Z", ""),
        NARROWED.to_text().replace("2026", "9999").replace("-06-01T10", "-12-31T23").replace("600", "9" * 12),
    ],
)
def test_what_is_no_note_is_none(text: str) -> None:
    assert Narrowed.from_text(text, 40) is None


def test_a_note_is_read_as_long_as_it_is_in_force() -> None:
    assert Narrowed.from_text(NARROWED.to_text(), 40) == NARROWED
    assert Narrowed.from_text(NARROWED.to_text(), 300) is None
    assert Narrowed.from_text(NARROWED.to_text(), None) is None


_OTHERS = ("*/2 * * * *", "*/7 * * * *", "5,8 9-11 * * 1", "0 0 1 * *", "@hourly", NEVER)
_SCHEDULES = st.sampled_from([DAILY, HOURLY, MINUTELY, *map(Schedule, _OTHERS)])
_SECONDS = st.integers(0, 4000)
_NEAR_A_MINUTE = st.builds(lambda minute, second: 60 * minute + second, st.integers(0, 15), st.integers(-5, 20))


@given(
    old=_SCHEDULES,
    new=_SCHEDULES,
    suspended=st.booleans(),
    since=_SECONDS,
    at=_NEAR_A_MINUTE,
    configured=st.integers(120, 4000),
    later=st.lists(_NEAR_A_MINUTE, min_size=1, max_size=8),
)
def test_nothing_that_was_due_before_is_started_by_any_later_write(
    old: Schedule,
    new: Schedule,
    suspended: bool,
    since: int,
    at: int,
    configured: int,
    later: list[int],
) -> None:
    """The clock of the controller may lag behind; each write is a deploy again, and puts back what it may."""
    assume(suspended or old != new)
    now = after(at)
    live = Live(old, suspended, now - timedelta(seconds=since), configured)
    found = deadline_of(live, new, configured, now)
    if found.wait:
        assert found.wait <= LEAST + MARGIN
        now += timedelta(seconds=found.wait)
        found = deadline_of(live, new, configured, now)
    assert found.wait == 0
    assert found.seconds >= LEAST
    begun = now
    live = replace(live, schedule=new, suspended=False, deadline=found.seconds, narrowed=found.narrowed)
    for moment in (begun, *map(after, sorted(later))):
        now = max(begun, moment)
        found = deadline_of(live, new, configured, now)
        live = replace(live, deadline=found.seconds, narrowed=found.narrowed)
        for lag in range(MARGIN):
            due = starts(new, live.since, found.seconds, now - timedelta(seconds=lag))
            assert due is None or due > begun
        due = starts(new, live.since, found.seconds, now)
        if due:
            live = replace(live, since=due)


@given(schedule=_SCHEDULES, at=st.integers(0, 4000), late=st.integers(0, LEAST - 1))
def test_the_next_run_comes_all_the_same(schedule: Schedule, at: int, late: int) -> None:
    found = deadline_of(Live(schedule, suspended=True, since=LONG_AGO, deadline=600), schedule, 600, after(at))
    coming = schedule.next_after(after(at + found.wait))
    assume(coming is not None)
    assert coming is not None
    assert starts(schedule, LONG_AGO, found.seconds, coming + timedelta(seconds=late)) == coming


@given(schedule=_SCHEDULES, at=st.integers(0, 4000))
def test_what_is_narrowed_is_put_back_at_last(schedule: Schedule, at: int) -> None:
    live = Live(schedule, suspended=True, since=LONG_AGO, deadline=600)
    found = deadline_of(live, schedule, 600, after(at))
    live = replace(live, suspended=False, deadline=found.seconds, narrowed=found.narrowed)
    assert deadline_of(live, schedule, 600, after(at + found.wait + 600 + MARGIN)) == Deadline(600)


@pytest.mark.parametrize(
    ("live", "age", "is_held_back"),
    [
        (ACTIVE, 45, True),
        (ACTIVE, 599, True),
        (ACTIVE, 600, False),
        (replace(ACTIVE, deadline=None), 40_000, True),
        (replace(ACTIVE, since=DUE), 45, False),
        (DISABLED, 45, False),
        (replace(ACTIVE, schedule=None), 45, False),
        (replace(ACTIVE, schedule=Schedule(NEVER)), 45, False),
        (replace(ACTIVE, schedule=Schedule("@every 1m")), 45, False),
    ],
)
def test_which_due_time_waits_for_the_end_of_the_active_run(live: Live, age: float, is_held_back: bool) -> None:
    assert held_back(live, after(age)) == (DUE if is_held_back else None)
