"""What a pass costs: nothing for what is reported, however much that is."""

from __future__ import annotations

import tracemalloc

import pytest

from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.domain import labels
from tests.unit.reporting import World

REPORTED = 5_000
MOST = 15


def crowd(count: int) -> World:
    """Return a namespace with so many finished runs that are reported, their pods included."""
    world = World()
    world.fake.collects = False
    job = world.failed_run()
    world.passes(2)
    pod = world.fake.list(Kind.POD)[0]
    found = world.fake.get(Kind.JOB, job)
    for number in range(count):
        world.fake.put(_named(found, f"{world.name}-r{number}"))
        world.fake.put(_named(pod, f"{world.name}-r{number}-pod"))
    world.server.requests.clear()
    world.fake.requests.clear()
    return world


def _named(item: Object, name: str) -> Object:
    metadata = {key: value for key, value in item["metadata"].items() if key not in ("uid", "resourceVersion")}
    return {**item, "metadata": {**metadata, "name": name}}


@pytest.fixture(scope="module")
def world() -> World:
    return crowd(REPORTED)


def test_five_thousand_reported_runs_cost_a_few_requests(world: World) -> None:
    world.fake.requests.clear()

    report = world.reporter().reconcile()

    assert report.runs == ()
    assert len(world.fake.requests) <= MOST, world.fake.requests
    assert world.server.requests == []


def test_memory_does_not_grow_with_the_runs_that_are_reported(world: World) -> None:
    few, many = _peak(crowd(10)), _peak(world)

    assert many < few + 2**20


def _peak(world: World) -> int:
    reporter = world.reporter()
    reporter.reconcile()
    tracemalloc.start()
    reporter.reconcile()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_a_run_that_goes_on_costs_openmetadata_nothing() -> None:
    world = World()
    for _ in range(5):
        world.pod(world.run())
    world.passes()
    world.server.requests.clear()

    world.passes(12, seconds=2)

    assert [item for item in world.server.requests if item.operation != "pipeline_with_id"] == []


def test_a_run_that_waits_for_the_same_is_not_asked_for_at_every_pass() -> None:
    world = World()
    job = world.run()
    world.waiting_pod(job)
    world.passes(4)
    world.server.requests.clear()

    world.passes(12)

    asked = [item for item in world.server.requests if item.operation == "run_status"]
    assert 1 <= len(asked) <= 4


def test_pods_are_only_listed_of_runs_that_are_not_reported() -> None:
    world = crowd(30)
    job = world.run()
    world.pod(job)
    world.fake.requests.clear()

    world.reporter().reconcile()

    pods = [item for item in world.fake.requests if (item.verb, item.kind) == ("list", Kind.POD)]
    assert [item.labels for item in pods] == [f"{labels.JOB_NAME} in ({job})"]
