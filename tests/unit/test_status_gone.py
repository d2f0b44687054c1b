"""The end of a run whose Job is gone, and how events are picked for an object."""

from __future__ import annotations

import pytest

from k8s_pipeline_client.status import Trigger, gone_run_status
from k8s_pipeline_client.status.events import events_about, events_of_gone_pods, read_events

from .status_cases.build import JOB, JOB_UID, RUN_ID, START, Obj, at, event, now


@pytest.mark.parametrize(
    ("events", "state", "code"),
    [
        ([event("Completed", "Job completed")], "success", None),
        (
            [event("BackoffLimitExceeded", "Job has reached the specified backoff limit")],
            "failed",
            "BackoffLimitExceeded",
        ),
        (
            [event("DeadlineExceeded", "Job was active longer than specified deadline")],
            "failed",
            "DeadlineExceeded",
        ),
        ([event("PodFailurePolicy", "Container main … exit code 143")], "failed", "PodFailurePolicy"),
        ([event("SuccessfulCreate", f"Created pod: {JOB}-4xk2p")], "failed", "JobDeleted"),
        ([event("Evicted", "The node was low on resource: memory.", about=f"{JOB}-4xk2p")], "failed", "Evicted"),
        ([event("Completed", "Job completed", involvedObject={"uid": "another"})], "failed", "JobDeleted"),
        ([], "failed", "JobDeleted"),
    ],
    ids=[
        "completed",
        "no retry",
        "deadline",
        "policy",
        "deleted in mid-run",
        "evicted",
        "another Job's",
        "nothing",
    ],
)
def test_the_end_of_a_run_is_told_from_its_events(events: list[Obj], state: str, code: str | None) -> None:
    status = gone_run_status(RUN_ID, JOB, JOB_UID, events)
    assert (status.run_id, status.state, status.cause.code if status.cause else None) == (RUN_ID, state, code)
    assert status.warnings == ("the Job is gone: this status is from its events",)


def test_what_is_known_of_a_run_whose_job_is_gone_is_kept() -> None:
    events = [event("Completed", "Job completed", seconds=70)]
    ended = gone_run_status(RUN_ID, JOB, JOB_UID, events, trigger=Trigger.SCHEDULED)
    assert (ended.job_name, ended.trigger, ended.ended_at) == (JOB, Trigger.SCHEDULED, now(70))
    assert gone_run_status(RUN_ID, JOB, JOB_UID, []).ended_at is None


@pytest.mark.parametrize(
    "times",
    [
        {"series": {"count": 4, "lastObservedTime": at(70)}},
        {"lastTimestamp": at(70)},
        {"lastTimestamp": None, "eventTime": "2025-06-01T12:01:10.123456Z"},
        {"lastTimestamp": None, "eventTime": None, "firstTimestamp": at(70)},
        {
            "lastTimestamp": None,
            "eventTime": None,
            "firstTimestamp": None,
            "metadata": {"creationTimestamp": at(70)},
        },
    ],
    ids=["series", "lastTimestamp", "eventTime", "firstTimestamp", "creationTimestamp"],
)
def test_the_time_of_an_event_is_in_one_of_five_places(times: Obj) -> None:
    (read,) = read_events([event("FailedCreate", "…", seconds=10, **times)])
    assert read.at is not None
    assert int((read.at - START).total_seconds()) == 70


def test_events_come_oldest_first_and_those_without_a_time_before_them() -> None:
    timeless: Obj = {"metadata": {}, "lastTimestamp": None, "firstTimestamp": None}
    events = [event("C", "", seconds=30), event("B", "", seconds=20), event("A", "", **timeless)]
    assert [one.reason for one in read_events(events)] == ["A", "B", "C"]


def test_events_are_picked_by_uid_since_names_come_again() -> None:
    events = read_events([event("Mine", ""), event("Other", "", involvedObject={"name": JOB, "uid": "older"})])
    assert [one.reason for one in events_about(JOB_UID, events)] == ["Mine"]
    assert events_about("", events) == ()


@pytest.mark.parametrize(
    ("job", "pod", "is_its_own"),
    [
        ("nightly", "nightly-x7k2p", True),
        ("nightly", "nightly-two-x7k2p", False),
        ("nightly", "nightly-x7k2", False),
        ("n" * 63, "n" * 58 + "x7k2p", True),
    ],
    ids=["its own", "of a longer name", "too short", "of a Job whose name was cut"],
)
def test_pods_that_are_gone_are_known_by_their_names(job: str, pod: str, is_its_own: bool) -> None:
    events = read_events([event("Evicted", "", involvedObject={"kind": "Pod", "name": pod, "uid": pod})])
    assert bool(events_of_gone_pods(job, (), events)) is is_its_own
    assert not events_of_gone_pods(job, {pod}, events)
