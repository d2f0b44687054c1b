"""The schedule grammar is Kubernetes', and the times are the CronJob controller's."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_pipeline_client.domain.cron import parse_fields
from k8s_pipeline_client.domain.duration import parse_duration
from k8s_pipeline_client.domain.schedule import NEVER, parse_schedule
from k8s_pipeline_client.errors import ScheduleError

NOW = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
GOLDEN = Path(__file__).parent / "golden" / "schedules.txt"


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """What was parsed before is parsed again: `make mutants` asks about many changes in one process."""
    parse_fields.cache_clear()


ACCEPTED = [
    "* * * * *",
    "? ? ? ? ?",
    "*/61 * * * *",
    "0 0 31 2 *",
    "0 3 * * sun",
    "0 3 * jan,Mar mon-FRI",
    "5/10 * * * *",
    "1,,2 * * * *",
    "+5 * * * *",
    "*/+2 * * * *",
    f"{'0' * 5000}5 * * * *",
    "*/9223372036854775807 * * * *",
    " 0  3\t* * * ",
    "@hourly",
    "@daily",
    "@midnight",
    "@weekly",
    "@monthly",
    "@yearly",
    "@annually",
    "@every 1h",
    "@every 1h30m",
    "@every -5m",
]

REFUSED = [
    "",
    "* * * *",
    "* * * * * *",
    "60 * * * *",
    "0 24 * * *",
    "0 0 0 * *",
    "0 0 32 * *",
    "0 0 * 13 *",
    "0 0 * * 8",
    "0 0 * * L",
    "0 0 L * *",
    "0 0 * * sat#1",
    "0 0 * * fri-sun",
    "10-5 * * * *",
    "1-2-3 * * * *",
    "*/0 * * * *",
    "*/2/2 * * * *",
    "-1 * * * *",
    "a * * * *",
    "٣ * * * *",
    "TZ=UTC 0 0 * * *",
    "CRON_TZ=UTC 0 0 * * *",
    "@reboot",
    "@once",
    "@Daily",
    "@every",
    "@every 1",
    "@every 1d",
    "R * * * *",
    "0 0 * * 1-7/x",
    "0 0 * * 1-7/2/3",
    "0 0 * * 1-7/+2",
    "0 0 * * 1-7/0",
    "0 0 * * 1-7/",
    "0 0 * * 7-7/x",
    "0 0 * * 7/2",
    "0 0 * * 1,9-7",
    f"0 0 * * 1-7/{'0' * 5000}1",
    "99999999999999999999 * * * *",
    "9223372036854775808 * * * *",
]

WRONG_ZONES = ["europe/berlin", "Local", "CET+1", "../x"]


@pytest.mark.parametrize("text", ACCEPTED)
def test_what_kubernetes_accepts_is_accepted(text: str) -> None:
    assert parse_schedule(text).expression == " ".join(text.split())


@pytest.mark.parametrize("text", REFUSED)
def test_what_kubernetes_refuses_is_refused_by_name(text: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_schedule(text)
    assert repr(text) in str(caught.value)


def test_the_words_of_every_refusal() -> None:
    """To be read by a person: a change shows in the golden file's diff (UPDATE_GOLDEN=1 writes it)."""
    said = []
    for text in [*REFUSED, *WRONG_ZONES]:
        with pytest.raises(ScheduleError) as caught:
            parse_schedule(*(("@daily", text) if text in WRONG_ZONES else (text,)))
        said.append(re.sub("0{99,}", "00…", str(caught.value)))
    written = "\n".join(said) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(written)
    assert written == GOLDEN.read_text()


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("0 3 * * 7", "0 3 * * 0"),
        ("0 3 * * 1,7", "0 3 * * 1,0"),
        ("0 3 * * 5-7", "0 3 * * 5,6,0"),
        ("0 3 * * mon-7/2", "0 3 * * 1,3,5,0"),
        ("0 3 * * 7-7", "0 3 * * 0"),
        ("0 3 * * 0-7/03", "0 3 * * 0,3,6"),
        ("7 7 7 7 *", "7 7 7 7 *"),
        ("0 3 * * */7", "0 3 * * */7"),
    ],
)
def test_day_seven_is_sunday(written: str, sent: str) -> None:
    assert parse_schedule(written).expression == sent


@pytest.mark.parametrize(
    ("text", "zone", "due"),
    [
        ("30 2 * * *", "UTC", "2026-03-29T02:30:00+00:00"),
        ("@daily", "Europe/Berlin", "2026-03-28T23:00:00+00:00"),
        ("0 12 * * mon", "America/New_York", "2026-03-30T16:00:00+00:00"),
        ("0 0 1 * 1", "UTC", "2026-03-30T00:00:00+00:00"),  # either the first or a Monday
        ("0 0 1 * *", "UTC", "2026-04-01T00:00:00+00:00"),
        ("0 0 */10 * 0-6", "UTC", "2026-03-29T00:00:00+00:00"),  # either, and every weekday is one of them
        ("@every 90m", "UTC", "2026-03-28T13:30:00+00:00"),
    ],
)
def test_the_next_run_is_told(text: str, zone: str, due: str) -> None:
    assert parse_schedule(text, zone).next_after(NOW) == datetime.fromisoformat(due)


@pytest.mark.parametrize("text", [NEVER, ", * * * *"])
def test_a_schedule_that_never_fires_has_no_next_run(text: str) -> None:
    schedule = parse_schedule(text)
    assert schedule.next_after(NOW) is None
    assert schedule.last_before(NOW) is None


def test_every_counts_from_the_last_run() -> None:
    last = NOW - timedelta(minutes=70)
    assert parse_schedule("@every 1h").next_after(NOW, anchor=last) == NOW + timedelta(minutes=50)


def test_the_last_due_time_includes_this_very_moment() -> None:
    assert parse_schedule("0 12 * * *").last_before(NOW) == NOW


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("*/5 * * * *", 24),
        ("*/5 9-17 * * mon", 24),
        ("*/5 9,17 * * *", 12),
        ("0,50,55 23,0 * * *", 6),
        ("0,50,55 9,11 * * *", 3),
        ("55 9 * * *", 1),
        ("@daily", 1),
        ("@every 1s", 100),
        ("@every 40m", 3),
        ("@every 1h", 2),
        ("@every 26h", 1),
    ],
)
def test_the_runs_of_the_busiest_two_hours_are_counted(text: str, most: int) -> None:
    assert parse_schedule(text).most_within(7200) == most


@pytest.mark.parametrize(
    ("zone", "hint"), list(zip(WRONG_ZONES, ["Europe/Berlin", "IANA", "IANA", "IANA"], strict=True))
)
def test_an_unknown_time_zone_is_refused_with_what_would_be_right(zone: str, hint: str) -> None:
    with pytest.raises(ScheduleError, match=hint):
        parse_schedule("@daily", zone)


@given(st.text(alphabet="0123456789*/,-?@ LTZ#monsujfdaily", max_size=20))
def test_any_text_is_accepted_or_refused_and_what_is_accepted_has_times(text: str) -> None:
    try:
        schedule = parse_schedule(text)
    except ScheduleError:
        return
    following = schedule.next_after(NOW)
    assert following is None or following > NOW
    assert parse_schedule(schedule.expression) == schedule


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("1h30m", 5400), ("1.5h", 5400), (".5s", 0.5), ("0", 0)])
def test_durations_are_read_as_go_reads_them(text: str, seconds: float) -> None:
    assert float(parse_duration(text)) == seconds
