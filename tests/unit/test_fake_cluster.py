"""What the fake cluster offers to tests beyond the port; the port's own side is the contract's."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object, Propagation
from k8s_pipeline_client.errors import ApiError, ConflictError, NotFoundError, UnreachableError
from tests.contract.objects import Objects, find, owner
from tests.fakes import FakeCluster, Request


@pytest.fixture
def fake() -> FakeCluster:
    """A namespace with nothing in it."""
    return FakeCluster("ns", page_size=2)


OBJECTS = Objects("ns", "x")
POD: Object = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "namespace": "ns"},
    "spec": {"containers": [{"name": "main"}]},
}


def test_it_is_a_cluster(fake: FakeCluster) -> None:
    cluster: Cluster = fake  # mypy says so
    assert (cluster.namespace, cluster.version(), cluster.namespace_exists()) == ("ns", "v1.34.4", True)


def test_the_journal_has_each_request_in_kubernetes_words(fake: FakeCluster) -> None:
    fake.apply(OBJECTS.config_map(), manager="us", dry_run=True)
    fake.create(OBJECTS.job())
    fake.merge(Kind.JOB, "x", {"spec": {"activeDeadlineSeconds": 1}})
    fake.list(Kind.POD, labels="a=b", fields="status.phase=Failed")
    fake.delete(Kind.SECRET, "none", Propagation.BACKGROUND)
    assert fake.requests == [
        Request("patch", Kind.CONFIG_MAP, "x", manager="us", dry_run=True),
        Request("create", Kind.JOB, "x"),
        Request("patch", Kind.JOB, "x"),
        Request("list", Kind.POD, labels="a=b", fields="status.phase=Failed"),
        Request("delete", Kind.SECRET, "none"),
    ]


def test_each_page_is_a_request(fake: FakeCluster) -> None:
    for suffix in "abc":
        fake.put(OBJECTS.config_map(suffix=suffix))
    assert len(fake.list(Kind.CONFIG_MAP)) == 3
    assert [request.verb for request in fake.requests] == ["list", "list"]


def test_a_hook_comes_before_the_request_and_may_do_something_first(fake: FakeCluster) -> None:
    def somebody_else(request: Request) -> None:
        if request.verb == "get":
            fake.apply(OBJECTS.config_map({"a": "theirs"}), manager="them")

    fake.before(somebody_else)
    assert fake.get(Kind.CONFIG_MAP, "x")["data"] == {"a": "theirs"}
    assert [request.verb for request in fake.requests] == ["get"]


def test_what_a_hook_raises_before_the_request_keeps_it_from_being_carried_out(fake: FakeCluster) -> None:
    def fail(request: Request) -> None:
        raise ApiError("no", status=503)

    end = fake.before(fail)
    with pytest.raises(ApiError, match="no"):
        fake.create(OBJECTS.job())
    end()
    assert find(fake, Kind.JOB, "x") is None


def test_what_a_hook_raises_after_the_request_loses_the_answer_only(fake: FakeCluster) -> None:
    def lose(request: Request) -> None:
        raise UnreachableError("lost")

    end = fake.after(lose)
    with pytest.raises(UnreachableError, match="lost"):
        fake.create(OBJECTS.job())
    end()
    assert find(fake, Kind.JOB, "x")


def test_pages_begin_anew_after_a_410(fake: FakeCluster) -> None:
    for suffix in "abc":
        fake.put(OBJECTS.config_map(suffix=suffix))

    def compact(request: Request) -> None:
        if len(fake.requests) == 2:
            fake.put(OBJECTS.config_map(suffix="d"))
            raise ApiError("too old", status=410, reason="Expired")

    fake.before(compact)
    assert [item["metadata"]["name"] for item in fake.list(Kind.CONFIG_MAP)] == ["xa", "xb", "xc", "xd"]
    assert len(fake.requests) == 3


def test_many_threads_may_write_at_once(fake: FakeCluster) -> None:
    def write(number: int) -> None:
        for _ in range(20):
            fake.apply(OBJECTS.config_map({str(number): "x"}), manager=f"m{number}")
            live = fake.get(Kind.CONFIG_MAP, "x")
            assert str(number) in live["data"]

    threads = [threading.Thread(target=write, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fake.get(Kind.CONFIG_MAP, "x")["data"]) == 8


def test_two_threads_can_be_held_at_the_same_point(fake: FakeCluster) -> None:
    """Hooks are called by the thread that asks, and hold up nobody else."""
    both = threading.Barrier(2, timeout=10)
    fake.before(lambda request: both.wait())
    refused: list[ApiError] = []

    def create() -> None:
        try:
            fake.create(OBJECTS.job())
        except ConflictError as error:
            refused.append(error)

    threads = [threading.Thread(target=create) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1


def test_what_is_returned_is_the_callers_own(fake: FakeCluster) -> None:
    made = fake.apply(OBJECTS.config_map({"a": "1"}), manager="us")
    for item in (made, fake.get(Kind.CONFIG_MAP, "x"), *fake.list(Kind.CONFIG_MAP)):
        item["data"]["a"] = "changed"
    assert fake.get(Kind.CONFIG_MAP, "x")["data"] == {"a": "1"}


def test_the_clock_is_the_tests(fake: FakeCluster) -> None:
    begun = fake.now()
    fake.advance(90)
    assert fake.now() - begun == timedelta(seconds=90)
    made = fake.apply(OBJECTS.config_map({"a": "1"}), manager="us")
    assert made["metadata"]["creationTimestamp"] == "2026-01-01T00:01:30Z"
    assert made["metadata"]["managedFields"][0]["time"] == "2026-01-01T00:01:30Z"


def test_a_status_is_a_controllers(fake: FakeCluster) -> None:
    made = fake.create({**OBJECTS.job(), "status": {"active": 3}})
    assert made["status"] == {}
    fake.set_status(Kind.JOB, "x", {"active": 1})
    found = fake.get(Kind.JOB, "x")
    assert found["status"] == {"active": 1}
    assert found["metadata"]["generation"] == 1
    fake.merge(Kind.JOB, "x", {"status": {"active": 2}})
    assert fake.get(Kind.JOB, "x")["status"] == {"active": 1}
    assert [entry.get("subresource") for entry in found["metadata"]["managedFields"]] == [None, "status"]


def test_garbage_can_be_left_lying(fake: FakeCluster) -> None:
    fake.collects = False
    cronjob = fake.apply(OBJECTS.cronjob(), manager="us")
    fake.apply(OBJECTS.config_map(ownerReferences=[owner(cronjob)]), manager="us")
    fake.delete(Kind.CRONJOB, "x", Propagation.BACKGROUND)
    assert find(fake, Kind.CONFIG_MAP, "x")
    fake.collect()
    assert find(fake, Kind.CONFIG_MAP, "x") is None


def test_events_are_found_by_what_they_are_about(fake: FakeCluster) -> None:
    for name, uid in (("a", "1"), ("b", "2")):
        about = {"kind": "Pod", "name": "p", "uid": uid}
        fake.put({"apiVersion": "v1", "kind": "Event", "metadata": {"name": name}, "involvedObject": about})
    assert [item["metadata"]["name"] for item in fake.list(Kind.EVENT, fields="involvedObject.uid=2")] == ["b"]


def test_logs_are_read_by_lines_and_times(fake: FakeCluster) -> None:
    fake.put(POD)

    def read(**options: object) -> bytes:
        return b"".join(fake.read_log("p", container="main", **options))  # type: ignore[arg-type]

    with pytest.raises(ApiError, match="is waiting to start"):
        read()
    fake.set_log("p", b"one\ntwo\n")
    fake.advance(60)
    fake.add_log("p", b"three\nfou")
    assert read() == b"one\ntwo\nthree\nfou"
    assert read(tail_lines=2) == b"three\nfou"
    assert read(tail_lines=0) == b""
    assert read(since_seconds=30) == read(since_time="2026-01-01T00:01:00Z") == b"three\nfou"
    assert read(tail_lines=1, timestamps=True) == b"2026-01-01T00:01:00.000000000Z fou"
    with pytest.raises(ApiError, match="container side is not valid for pod p"):
        list(fake.read_log("p", container="side"))
    with pytest.raises(NotFoundError):
        list(fake.read_log("q", container="main"))
    assert fake.requests[-1] == Request("get", "Pod/log", "q")
