"""What is read of events, in which order, and which of them are about a run."""

from __future__ import annotations

import pytest

from k8s_pipeline_client.status.events import Event, events_of_gone_pods, in_order, read_events
from k8s_pipeline_client.status.run import read_run

from .status_cases.build import JOB, JOB_UID, Obj, at, event, job, now, pod, running, terminated


def test_every_field_of_an_event_is_read_from_its_own_place() -> None:
    about = {"kind": "Pod", "name": "the-pod", "uid": "the-uid", "fieldPath": "spec.containers{main}"}
    raw = event("Started", " Started container main ", seconds=7, involvedObject=about, type="Normal", count=3)
    assert read_events([raw]) == (
        Event(
            kind="Pod",
            name="the-pod",
            uid="the-uid",
            field="spec.containers{main}",
            reason="Started",
            message="Started container main",
            at=now(7),
            type="Normal",
            count=3,
            first_at=now(7),
        ),
    )
    assert read_events([{}]) == (Event("", "", "", "", "", "", None),)


@pytest.mark.parametrize("raw", [None, {}, "x", [None, 3, "x"]])
def test_what_is_no_list_of_events_has_none(raw: object) -> None:
    assert read_events(raw) == ()


@pytest.mark.parametrize(
    ("more", "count"),
    [
        ({"count": 3}, 3),
        ({"count": 1, "series": {"count": 9, "lastObservedTime": at(1)}}, 9),
        ({"count": 2, "series": {"count": 0}}, 2),
        ({"count": None}, None),
        ({"count": "3"}, None),
    ],
)
def test_how_often_an_event_was_seen(more: Obj, count: int | None) -> None:
    assert read_events([event("BackOff", "", **more)])[0].count == count


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        ({"series": {"lastObservedTime": at(5)}, "lastTimestamp": at(4), "eventTime": at(3)}, 5),
        ({"lastTimestamp": at(4), "eventTime": at(3), "firstTimestamp": at(2)}, 4),
        ({"lastTimestamp": None, "eventTime": at(3), "firstTimestamp": at(2)}, 3),
        (
            {
                "lastTimestamp": "0001-01-01T00:00:00Z",
                "firstTimestamp": at(2),
                "metadata": {"creationTimestamp": at(1)},
            },
            2,
        ),
    ],
)
def test_when_it_was_last_seen_comes_before_when_it_was_first_seen(times: Obj, seconds: int) -> None:
    assert read_events([event("BackOff", "", **times)])[0].at == now(seconds)


def test_events_of_one_second_keep_their_order_and_no_others() -> None:
    def seen(reason: str, time: str | None) -> Obj:
        return event(reason, "", lastTimestamp=time, firstTimestamp=None, metadata={})

    found = read_events(
        [
            seen("later", "2025-06-01T12:00:11Z"),
            seen("first", "2025-06-01T12:00:10.9Z"),
            seen("second", "2025-06-01T12:00:10Z"),
            seen("third", "2025-06-01T12:00:10.1Z"),
            seen("timeless", None),
        ]
    )
    assert [one.reason for one in found] == ["timeless", "first", "second", "third", "later"]
    assert in_order(reversed(found))[-1].reason == "later"


@pytest.mark.parametrize(
    ("kind", "name", "is_its_own"),
    [
        ("Pod", "nightly-x7k2p", True),
        ("Pod", "nightly-a-b2c", False),
        ("Pod", "nightly-x7k2pq", False),
        ("Pod", "weekly-x7k2p", False),
        ("Pod", "x7k2p", False),
        ("Job", "nightly-x7k2p", False),
    ],
    ids=["its own", "of the Job nightly-a", "too long", "another's", "no more than its end", "a Job of such a name"],
)
def test_which_events_are_about_pods_of_a_job_that_are_gone(kind: str, name: str, is_its_own: bool) -> None:
    events = read_events([event("Evicted", "", involvedObject={"kind": kind, "name": name, "uid": "u"})])
    assert bool(events_of_gone_pods("nightly", (), events)) is is_its_own


def test_a_job_without_a_name_has_no_pods_that_are_gone() -> None:
    events = read_events([event("Evicted", "", involvedObject={"kind": "Pod", "name": "-x7k2p", "uid": "u"})])
    assert events_of_gone_pods("", (), events) == ()


def test_each_event_of_a_run_is_told_of_the_object_that_it_is_about() -> None:
    known = pod(running(), "Running")
    known["spec"]["volumes"] = [{"name": "d", "persistentVolumeClaim": {"claimName": "dbt"}}]
    claim = {"kind": "PersistentVolumeClaim", "name": "dbt", "uid": "claim"}
    events = [
        event("OfTheJob", ""),
        event("OfThePod", "", about="pod-1"),
        event("OfOneThatIsGone", "", about=f"{JOB}-9zzzz"),
        event("OfAnother", "", about="another-9zzzz"),
        event("OfItsClaim", "", involvedObject=claim),
        event("OfAnotherClaim", "", involvedObject={**claim, "name": "raw"}),
        event("OfASecret", "", involvedObject={**claim, "kind": "Secret"}),
    ]
    run = read_run(job(), [known], events)
    assert [one.reason for one in run.job_events] == ["OfTheJob"]
    assert [one.reason for one in run.pods[0].events] == ["OfThePod"]
    assert [one.reason for one in run.gone_pod_events] == ["OfOneThatIsGone"]
    assert [one.reason for one in run.pods[0].claim_events] == ["OfItsClaim"]


def test_the_pods_of_a_run_come_oldest_first_and_those_of_other_jobs_not_at_all() -> None:
    def made(name: str, created: str | None, owner: str | None = JOB_UID) -> Obj:
        its = pod(running(), "Running", name=name, uid=name)
        its["metadata"]["creationTimestamp"] = created
        its["metadata"]["labels"] = {} if owner is None else {"batch.kubernetes.io/controller-uid": owner}
        return its

    pods = [
        made("c", at(20)),
        made("b", at(10)),
        made("a", at(10)),
        made("unlabelled", at(30), None),
        made("another's", at(1), "another"),
        made("timeless", None),
    ]
    run = read_run(job(), pods, None)
    assert [one.name for one in run.pods] == ["timeless", "a", "b", "c", "unlabelled"]
    assert run.newest is run.pods[-1]
    anonymous = job()
    del anonymous["metadata"]["uid"]
    assert len(read_run(anonymous, pods, None).pods) == len(pods)
    nothing = read_run(None, None, None)
    assert (nothing.pods, nothing.newest, nothing.job_events, nothing.gone_pod_events) == ((), None, (), ())


def test_which_pods_count_as_failed() -> None:
    pods = [
        pod(terminated(1), name="failed"),
        pod(None, name="never started", created=1),
        pod(terminated(0), name="kept by its sidecar", created=2),
        pod(terminated(1), "Running", name="not over", created=3),
    ]
    assert [one.name for one in read_run(job(), pods, []).failed_pods] == ["failed", "never started"]
