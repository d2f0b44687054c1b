"""Schedules that are accepted and probably not meant are warned of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_mock import MockerFixture

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.domain.schedule import parse_schedule
from k8s_pipeline_client.domain.unusual import overlap_of, warnings_of
from k8s_pipeline_client.errors import ApiError
from tests.unit.console import NAME, Console, console

__all__ = ["console"]

NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "zone", "said"),
    [
        ("0 0 30 2 *", "UTC", "never due"),
        ("0 0 31 4,6 *", "Europe/Berlin", "never due"),
        ("@every -5m", "UTC", "every 1 s"),
        ("@every 10s", "UTC", "every 10 s"),
        ("30 2 * * *", "Europe/Berlin", "does not run on 2027-03-28"),
        ("30 2 * * *", "Europe/Berlin", "runs twice on 2027-10-31"),
        ("30 1 * * *", "America/New_York", "runs twice on 2027-11-07"),
        ("30 2 * * 0", "America/New_York", "does not run on 2027-03-14"),
        ("15 2 * * *", "Australia/Lord_Howe", "does not run on 2027-10-03"),
        ("0 0 * * *", "Africa/Cairo", "does not run on 2027-04-30"),
    ],
)
def test_it_is_warned_of_with_the_dates(expression: str, zone: str, said: str) -> None:
    (warning,) = warnings_of(parse_schedule(expression, zone), NOW)

    assert said in warning
    assert expression in warning


@pytest.mark.parametrize(
    ("expression", "zone"),
    [
        ("30 2 * * *", "UTC"),
        ("30 4 * * *", "Europe/Berlin"),
        ("30 2 * * 3", "Europe/Berlin"),
        ("30 2 * 5 *", "Europe/Berlin"),
        ("*/15 * * * *", "Europe/Berlin"),
        ("0 */2 * * *", "Europe/Berlin"),
        ("@every 1h", "UTC"),
        ("0 0 29 2 *", "UTC"),
        ("30 2 * * *", "Asia/Kolkata"),
    ],
)
def test_others_are_not(expression: str, zone: str) -> None:
    assert warnings_of(parse_schedule(expression, zone), NOW) == []


@pytest.mark.parametrize(
    ("expression", "minutes", "warned"),
    [("*/10 * * * *", 12, True), ("*/10 * * * *", 9, False), ("@every 5m", 6, True), ("0 0 30 2 *", 600, False)],
)
def test_runs_that_take_longer_than_the_next_is_away(expression: str, minutes: int, warned: bool) -> None:
    assert bool(overlap_of(parse_schedule(expression), NOW, timedelta(minutes=minutes))) is warned


@pytest.mark.parametrize("command", ["validate", "deploy"])
def test_commands_warn_of_it(console: Console, command: str) -> None:
    config = {"scheduleInterval": "0 0 30 2 *"}

    assert "never due" in console(command, "-f", console.nightly(airflowConfig=config)).err


def test_the_status_warns_of_it_and_of_runs_that_take_too_long(console: Console) -> None:
    config = {"scheduleInterval": "*/10 * * * *"}
    console("deploy", "-f", console.nightly(airflowConfig=config))
    job = console.started()
    console.give_pod(job)
    console.cluster.advance(1200)
    (pod,) = console.cluster.list(Kind.POD)
    ended = pod["status"]["containerStatuses"][0]
    stamp = console.cluster.clock.strftime("%Y-%m-%dT%H:%M:%SZ")
    ended["state"] = {"terminated": {"exitCode": 0, "startedAt": pod["status"]["startTime"], "finishedAt": stamp}}
    console.cluster.set_status(Kind.POD, pod["metadata"]["name"], {**pod["status"], "phase": "Succeeded"})
    console.end(job)
    status = console.jobs()[0]["status"]
    console.cluster.set_status(Kind.JOB, job["metadata"]["name"], {**status, "startTime": pod["status"]["startTime"]})

    (warning,) = console("status", NAME, "-o", "json").json["warnings"]
    assert "20 min" in warning
    for schedule, is_warned in (("*/15 * * * *", True), ("*/30 * * * *", False)):
        said = console("deploy", "-f", console.nightly(airflowConfig={"scheduleInterval": schedule})).err
        assert ("runs usually take 20 min" in said) is is_warned
    console("disable", NAME)
    assert console("status", NAME, "-o", "json").json["warnings"] == []


def test_a_deploy_has_succeeded_though_the_jobs_cannot_be_read(console: Console, mocker: MockerFixture) -> None:
    config = {"scheduleInterval": "*/10 * * * *"}
    console("deploy", "-f", console.nightly(airflowConfig=config))
    mocker.patch("k8s_pipeline_client.client.pipelines.overlaps", side_effect=ApiError("etcd is away", status=500))

    assert console("deploy", "-f", console.nightly(airflowConfig=config), "-o", "json").json[0]["action"] == "unchanged"


_DAYS = st.sampled_from(["*", "?", ",", "28", "29", "30", "31", "29-31", "1,31"])
_MONTHS = st.sampled_from(["*", ",", "2", "4", "2,4", "2,6,9", "1-2", "12"])
_WEEKDAYS = st.sampled_from(["*", "?", ",", "1", "0-6", "*/2"])


@given(_DAYS, _MONTHS, _WEEKDAYS)
def test_never_due_is_what_has_no_next_due_time(day: str, month: str, weekday: str) -> None:
    schedule = parse_schedule(f"0 0 {day} {month} {weekday}")
    assert schedule.is_ever_due() is (schedule.next_after(NOW) is not None)
