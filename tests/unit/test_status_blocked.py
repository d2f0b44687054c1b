"""Due times that were skipped while a run was active are known by the CronJob's events where its Jobs are gone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.domain.schedule import Schedule
from k8s_pipeline_client.status import RunStatus, State, Trigger, pipeline_status, skipped_warnings
from tests.unit.console import NAME, Console, console
from tests.unit.status_cases.build import Obj, at, cronjob, event
from tests.unit.test_status_pipeline import DUE, run

__all__ = ["console"]

HOURLY = Schedule("0 * * * *")
HOUR = 3_600
NOW = DUE + timedelta(minutes=150)  # 14:30
CRONJOB = {"kind": "CronJob", "name": "om-postgres-metadata-1a2b3c", "uid": "cronjob-1"}
COMBINED = event("SuccessfulCreate", "(combined from similar events): x", involvedObject=CRONJOB)
BUSY = "Not starting job because prior execution is running and concurrency policy is Forbid"


def blocked(first: float, last: float | None = None, count: int = 1) -> Obj:
    """The event of due times at which a run was active, from the first to the last."""
    times: dict[str, Any] = {
        "firstTimestamp": at(first),
        "lastTimestamp": at(first if last is None else last),
        "count": count,
    }
    return event("JobAlreadyActive", BUSY, involvedObject=CRONJOB, **times)


def created(seconds: float) -> Obj:
    """The event of the Job of a due time."""
    minute = int((DUE + timedelta(seconds=seconds)).timestamp()) // 60
    return event("SuccessfulCreate", f"Created job {CRONJOB['name']}-{minute}", involvedObject=CRONJOB)


def told(*events: Obj, runs: tuple[RunStatus, ...] = (), last: float = -HOUR, **spec: Any) -> list[str]:
    metadata = {"creationTimestamp": "2025-01-01T00:00:00Z", "uid": "cronjob-1", **spec.pop("metadata", {})}
    schedule = spec.pop("is_on", HOURLY)
    item = cronjob(metadata=metadata, status={"lastScheduleTime": at(last)}, **{"concurrencyPolicy": "Forbid", **spec})
    return skipped_warnings(item, schedule, runs, NOW, events)


def times(*hours: int) -> str:
    return ", ".join(rfc3339(DUE + timedelta(hours=hour)) for hour in hours)


def test_they_are_named_though_the_run_is_gone() -> None:
    assert told(blocked(0, HOUR, 2)) == [f"2 due times skipped while a run was active: {times(0, 1)}"]


def test_those_between_the_first_and_the_last_are_counted_if_the_event_was_seen_as_often() -> None:
    assert told(blocked(-9 * HOUR, 0, 10), last=-10 * HOUR) == [
        f"10 due times skipped while a run was active: {times(-9, -8, -7)} and 7 more, the last {times(0)}"
    ]
    assert told(blocked(-9 * HOUR, 0, 4), last=-10 * HOUR) == [
        f"2 due times skipped while a run was active: {times(-9, 0)}"
    ]


def test_what_the_jobs_tell_is_not_told_twice() -> None:
    long = run("long", 1, ended=5_400, scheduled_at=DUE, trigger=Trigger.SCHEDULED)  # until 13:30

    found = told(blocked(HOUR, HOUR + 30, 2), runs=(long,), last=0)

    assert found == [f"1 due time skipped while the run before (long) was active: {times(1)}"]


def test_one_that_may_still_be_started_was_not_skipped() -> None:
    events = blocked(2 * HOUR)  # 14:00
    assert told(events, startingDeadlineSeconds=HOUR) == []
    assert told(events, startingDeadlineSeconds=60) == [f"1 due time skipped while a run was active: {times(2)}"]


@pytest.mark.parametrize(
    ("events", "changes"),
    [
        ((blocked(0),), {"last": 0}),
        ((blocked(0), created(0)), {"last": HOUR}),
        ((blocked(0), COMBINED), {"last": 1}),
        ((blocked(0),), {"last": HOUR}),
        ((blocked(0),), {"metadata": {"creationTimestamp": at(60)}}),
        ((blocked(0),), {"concurrencyPolicy": "Allow"}),
        ((blocked(0),), {"is_on": Schedule("@every 1h")}),
        ((event("JobAlreadyActive", BUSY),), {}),
        ((event("SawCompletedJob", "Saw completed job", involvedObject=CRONJOB),), {}),
    ],
    ids=[
        "it was started when the run had ended",
        "its Job was made and is gone",
        "of many Jobs only the last is known",
        "nothing tells whether its Job was made",
        "on this schedule only since then",
        "overlap is allowed",
        "no due times to name",
        "another object's",
        "another event",
    ],
)
def test_nothing_is_said_that_is_not_sure(events: tuple[Obj, ...], changes: dict[str, Any]) -> None:
    assert told(*events, **changes) == []


def test_a_due_time_before_a_later_one_was_skipped_if_older_jobs_are_known() -> None:
    older = run("older", -2 * HOUR, ended=-2 * HOUR + 60, scheduled_at=DUE - timedelta(hours=2))
    (said,) = told(blocked(0), runs=(older,), last=HOUR)
    assert said.endswith(times(0))
    assert told(blocked(0), created(HOUR), last=HOUR) == [said]


def test_the_last_due_time_was_skipped_and_not_missed() -> None:
    item = cronjob(metadata={"uid": "cronjob-1"}, concurrencyPolicy="Forbid")

    def missed(*events: Obj) -> str:
        found = pipeline_status(item, [], DUE + timedelta(seconds=721), due_at=DUE, events=events).missed
        assert found is not None
        return found.summary

    assert missed(blocked(2)).startswith("skipped: ")
    assert missed(blocked(-HOUR)).startswith("missed: ")


def test_status_names_them_with_one_request_more(console: Console) -> None:
    console.deploy()
    item = console.cronjob()
    due = console.cluster.clock.replace(hour=2, minute=30) + timedelta(days=1)
    console.cluster.advance(60 * HOUR)
    name, uid = item["metadata"]["name"], item["metadata"]["uid"]
    console.cluster.put(_event(console.cluster.namespace, {"kind": "CronJob", "name": name, "uid": uid}, due))
    before = len(console.cluster.requests)

    found = console("status", NAME, "-o", "json").json

    asked = [item for item in console.cluster.requests[before:] if item.kind is Kind.EVENT]
    assert [request.fields for request in asked] == [f"involvedObject.uid={uid}"]
    assert f"1 due time skipped while a run was active: {rfc3339(due)}" in found["warnings"]


def _event(namespace: str, about: Obj, seen: datetime) -> Obj:
    stamp = rfc3339(seen)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "busy", "namespace": namespace},
        "involvedObject": about,
        "reason": "JobAlreadyActive",
        "message": BUSY,
        "count": 1,
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
    }


def test_a_run_that_is_active_and_its_events_say_one_thing() -> None:
    active = run("long", 1, State.RUNNING, scheduled_at=DUE, trigger=Trigger.SCHEDULED)

    found = told(blocked(HOUR, 2 * HOUR, 2), runs=(active,), last=0, startingDeadlineSeconds=HOUR)

    assert len(found) == 2
    assert "skipped while the run before (long) is active" in found[0]
    assert found[1].startswith(f"due at {times(2)}: starts once")
