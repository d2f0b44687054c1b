"""A timeout is for the whole command, however many runs or pipelines it is about."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import pytest

from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.deploying.compare import Comparison, Standing
from k8s_pipeline_client.errors import PipelineError, WaitTimeoutError
from tests.fakes import FakeCluster, Request
from tests.openmetadata import pipeline as definition
from tests.unit.console import NIGHTLY, SERVICE, Console, console
from tests.unit.scene import client, cluster, deploy, job, others

__all__ = ["console"]

_HELD = {"metadata": {"finalizers": ["example.com/hold"]}}
_RELEASED = {"metadata": {"finalizers": None}}


class Clock:
    """A time that goes by in waits alone."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._due: list[tuple[float, Callable[[], object]]] = []

    @property
    def passed(self) -> float:
        """Seconds."""
        return self.now - 1000.0

    def at(self, seconds: float, act: Callable[[], object]) -> None:
        """Have something happen when so many seconds have passed."""
        self._due.append((1000.0 + seconds, act))

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.now += max(seconds, 0.001)
        for moment in [due for due in self._due if due[0] <= self.now]:
            self._due.remove(moment)
            moment[1]()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of this process."""
    found = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: found.now)
    monkeypatch.setattr(time, "sleep", found.sleep)
    return found


@pytest.fixture
def fake() -> FakeCluster:
    """Three pipelines are deployed."""
    found = cluster()
    for item in others(3):
        deploy(found, item)
    return found


def running(fake: FakeCluster, name: str, number: int = 1) -> Object:
    """Have a run with a pod be there."""
    owner = job(fake, name, number)["metadata"]
    labels = {"batch.kubernetes.io/job-name": owner["name"], "k8s-pipeline/pipeline": name}
    metadata = {"name": f"{owner['name']}-pod", "namespace": fake.namespace, "labels": labels}
    running_pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": {"phase": "Running"}}
    return fake.put({**running_pod, "spec": {"containers": [{"name": "main", "image": "an-image"}]}})


def over(fake: FakeCluster, pod: Object) -> Callable[[], object]:
    """Return what ends a pod."""
    return lambda: fake.put({**pod, "status": {"phase": "Failed"}})


def test_a_kill_waits_once_for_the_pods_of_all_runs_and_for_their_jobs(fake: FakeCluster, clock: Clock) -> None:
    name = others(3)[0].resource_name
    for number in (1, 2, 3):
        clock.at(4 * number, over(fake, running(fake, name, number)))
    with pytest.raises(WaitTimeoutError):
        client(fake).kill(name, timeout=10)
    assert clock.passed == pytest.approx(10, abs=0.1)


def test_a_kill_whose_jobs_do_not_end_waits_no_longer_for_them(fake: FakeCluster, clock: Clock) -> None:
    name = others(3)[0].resource_name
    clock.at(9, over(fake, running(fake, name)))
    with pytest.raises(WaitTimeoutError):
        client(fake).kill(name, timeout=10)
    assert clock.passed == pytest.approx(10, abs=0.1)


def test_several_pipelines_are_deleted_in_one_time(fake: FakeCluster, clock: Clock) -> None:
    names = [item.resource_name for item in others(3)]
    for number, name in enumerate(names):
        fake.merge(Kind.CRONJOB, name, _HELD)
        clock.at(4 * (number + 1), partial(fake.merge, Kind.CRONJOB, name, _RELEASED))
    done: list[str] = []
    with pytest.raises(WaitTimeoutError) as refused:
        client(fake).delete_all(names, timeout=10, on_done=lambda _, resource: done.append(resource))
    assert done == names[:2]
    assert refused.value.facts["name"] == names[2]
    assert clock.passed == pytest.approx(10, abs=0.1)


def test_without_a_time_each_is_waited_for(fake: FakeCluster, clock: Clock) -> None:
    names = [item.resource_name for item in others(3)]
    for number, name in enumerate(names):
        fake.merge(Kind.CRONJOB, name, _HELD)
        clock.at(200 * (number + 1), partial(fake.merge, Kind.CRONJOB, name, _RELEASED))
    assert client(fake).delete_all(names) == names


def test_what_openmetadata_does_not_have_any_more_is_removed_in_one_time(fake: FakeCluster, clock: Clock) -> None:
    found = []
    for item in others(3):
        cronjob = fake.merge(Kind.CRONJOB, item.resource_name, _HELD)
        texts = (item.fqn, item.display_name, item.service, item.pipeline_type)
        found.append(Comparison(*texts, item.resource_name, Standing.ORPHANED, cronjob=cronjob))
    results: list[bool | PipelineError] = []

    def done(_: Comparison, result: bool | PipelineError) -> None:
        results.append(result)

    client(fake).delete_orphans(found, timeout=10, on_done=done)
    assert [type(result) for result in results] == [WaitTimeoutError] * 3
    assert clock.passed == pytest.approx(10, abs=0.1)


@pytest.fixture
def three(console: Console) -> Console:
    """Three pipelines are deployed, by the command."""
    connection = NIGHTLY["openMetadataServerConnection"]
    definitions = [definition(name, SERVICE, openMetadataServerConnection=connection) for name in ("one", "two", "six")]
    console("deploy", "-f", console.file("all.yaml", *definitions, SERVICE))
    return console


def test_runs_that_are_started_together_are_waited_for_together(three: Console, clock: Clock) -> None:
    def end_the_last(request: Request) -> None:
        if (request.verb, request.kind) == ("create", Kind.JOB) and request.name.startswith(names[-1]):
            clock.at(5, lambda: three.end(three.cluster.get(Kind.JOB, request.name)))

    names = [item["metadata"]["name"] for item in three.cluster.list(Kind.CRONJOB)]
    three.cluster.after(end_the_last)
    found = three("run", *names, "--wait", "--timeout", "10s", "-o", "name", code=124)
    assert [names[-1] in line for line in found.out.splitlines()] == [True], "what has ended meanwhile is said"
    assert found.err.count("is still queued") == 2
    assert clock.passed == pytest.approx(10, abs=0.1)


def test_pipelines_whose_runs_are_killed_together_are_waited_for_together(three: Console, clock: Clock) -> None:
    three("run", "--all")
    for each in three.jobs():
        three.give_pod(each)
    three("kill", "--all", "--timeout", "10s", code=124)
    assert clock.passed == pytest.approx(10, abs=0.1)
    assert {each["spec"]["activeDeadlineSeconds"] for each in three.jobs()} == {1}, "all of them end"
