"""A reporter is killed at each of its requests, or two work side by side: every run has one end, and the right one."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress

import pytest

from k8s_pipeline_client.cluster.port import Kind, Propagation
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import ServerUnreachableError, UnreachableError
from tests.fakes import FakeCluster, FakeOpenMetadata
from tests.unit.reporting import World, said, state_of
from tests.unit.turns import take_turns

RUN = "0b6f1c9e-1f5c-4f51-9d2c-9a7f6f7b7a11"


def failed(world: World) -> str:
    return world.failed_run()


def succeeded_unheard(world: World) -> str:
    job = world.run()
    pod = world.pod(job)
    world.reported_by_itself(job, "running")
    world.fake.advance(30)
    world.exit(job, pod, 0)
    return job


def contradicted(world: World) -> str:
    job = world.run()
    pod = world.pod(job)
    world.reported_by_itself(job, "success")
    world.fake.advance(30)
    world.exit(job, pod, 1)
    return job


def cannot_start(world: World) -> str:
    job = world.run(identity=RUN)
    world.waiting_pod(job)
    world.fake.advance(world.settings.start_timeout_seconds + 1)
    return job


def vanished(world: World) -> str:
    job = world.run(identity=RUN)
    world.pod(job)
    world.reported_by_itself(job, "running")
    world.passes(2)
    world.fake.delete(Kind.JOB, job, Propagation.BACKGROUND)
    world.fake.advance(400)
    return job


CASES: dict[str, tuple[Callable[[World], str], str]] = {
    "failed": (failed, "failed"),
    "succeeded and not heard": (succeeded_unheard, "success"),
    "success reported, then failed": (contradicted, "failed"),
    "cannot start": (cannot_start, "failed"),
    "its Job is gone": (vanished, "failed"),
}
case = pytest.mark.parametrize(("begin", "end"), CASES.values(), ids=CASES.keys())


def controllers(world: World) -> None:
    """Do what Kubernetes does about a Job whose deadline is over."""
    for job in world.fake.list(Kind.JOB):
        finished = (job.get("status") or {}).get("conditions")
        if job["spec"].get("activeDeadlineSeconds") == 1 and not finished:
            name = job["metadata"]["name"]
            for pod in world.fake.list(Kind.POD, labels=f"{labels.JOB_NAME}={name}"):
                world.fake.delete(Kind.POD, pod["metadata"]["name"], Propagation.BACKGROUND)
            world.finish(name, "DeadlineExceeded")


def settle(world: World) -> None:
    """Have fresh reporters bring everything to its end."""
    for _ in range(6):
        controllers(world)
        world.passes(seconds=10)


def assert_ended(world: World, job: str, end: str, identity: str) -> None:
    """Check that the run has one row, which is the right one, and that nothing is left to do."""
    rows = [row for row in world.server.rows(world.fqn) if row["runId"] == identity]
    assert [state_of(row) for row in rows] == [end]
    assert sum(step["name"] == "Pod Diagnostics" for step in rows[0].get("status") or ()) == (end == "failed")
    wrong = {"success": "failed", "failed": "success"}[end]
    ours = [row for row in world.server.history(world.fqn, identity) if said(row) or wrong == state_of(row)]
    assert all(state_of(row) in (end, "queued") for row in ours if said(row)), "no wrong end was ever written"
    assert world.remembered() == set()
    left = [item for item in world.fake.list(Kind.JOB) if item["metadata"]["name"] == job]
    assert all(item["metadata"]["labels"][labels.REPORTED] == labels.FINAL for item in left)
    world.server.requests.clear()
    world.passes()
    assert [item for item in world.server.requests if item.operation != "pipeline_with_id"] == [], "nothing is asked"


def identity_of(world: World, job: str) -> str:
    found = [item for item in world.fake.list(Kind.JOB) if item["metadata"]["name"] == job]
    return world.run_id(job) if found else RUN


def killed_at_each(
    begin: Callable[[World], str],
    end: str,
    after: bool,
    side: Callable[[World], FakeCluster | FakeOpenMetadata],
    *,
    most: int,
) -> None:
    """Kill a reporter at its first request to one side, at its second, and so on, until it makes no more of them."""
    for number in range(1, most):
        world = World()
        job = begin(world)
        identity = identity_of(world, job)
        asked = side(world)
        asked.requests.clear()
        hook = asked.after if after else asked.before

        def kill(_: object, asked: FakeCluster | FakeOpenMetadata = asked, number: int = number) -> None:
            if len(asked.requests) == number:
                raise KeyboardInterrupt

        stop = hook(kill)
        with suppress(KeyboardInterrupt):
            world.passes()
            controllers(world)
            world.passes(2)
        stop()
        over = len(asked.requests) < number
        settle(world)
        assert_ended(world, job, end, identity)
        if over:
            return
    raise AssertionError("a pass does not come to its end")


@case
@pytest.mark.parametrize("after", [False, True], ids=["before it is carried out", "before it is heard"])
def test_killed_at_any_request_to_the_cluster(begin: Callable[[World], str], end: str, after: bool) -> None:
    killed_at_each(begin, end, after, lambda world: world.fake, most=200)


@case
@pytest.mark.parametrize("after", [False, True], ids=["before it is carried out", "before it is heard"])
def test_killed_at_any_request_to_openmetadata(begin: Callable[[World], str], end: str, after: bool) -> None:
    killed_at_each(begin, end, after, lambda world: world.server, most=50)


@case
@pytest.mark.parametrize("seed", range(12))
def test_two_reporters_at_once(begin: Callable[[World], str], end: str, seed: int) -> None:
    world = World()
    job = begin(world)
    identity = identity_of(world, job)
    chance = random.Random(seed)
    one, other = world.reporter(), world.reporter()
    for _ in range(4):
        world.fake.advance(10)
        order = [chance.randrange(2) for _ in range(80)]
        errors = take_turns(world.fake, [one.reconcile, other.reconcile], order)
        assert errors == [None, None]
        controllers(world)
    settle(world)
    assert_ended(world, job, end, identity)


def test_openmetadata_that_is_down_for_an_hour_loses_nothing() -> None:
    world = World()
    jobs = [world.failed_run() for _ in range(3)]
    world.server.be_down()
    for _ in range(60):
        report = world.passes(seconds=60)
        assert [run.error_code for run in report.runs] == ["ServerUnreachable"] * 3
        assert len(report.warnings) == 1, "it is said once for all of them"
    world.server.be_well()

    settle(world)

    assert [world.state(job) for job in jobs] == ["failed"] * 3


def test_a_server_that_is_down_is_not_asked_for_every_run() -> None:
    world = World()
    for _ in range(5):
        world.failed_run()
    world.server.be_down()
    world.server.requests.clear()

    world.passes()

    assert len(world.server.requests) == 1


def test_a_response_that_is_lost_makes_no_second_row() -> None:
    world = World()
    job = world.failed_run()
    world.server.lose_response("put_run_status")

    settle(world)

    assert_ended(world, job, "failed", world.run_id(job))


def test_an_api_server_that_gives_no_answer_is_an_error_and_not_an_empty_list() -> None:
    world = World()
    world.failed_run()

    def down(_: object) -> None:
        raise UnreachableError("no answer")

    stop = world.fake.before(down)
    with pytest.raises(UnreachableError):
        world.passes()
    stop()
    assert world.server.requests == []


def test_one_run_that_cannot_be_reported_stops_no_other() -> None:
    world = World()
    jobs = [world.failed_run() for _ in range(3)]
    world.server.refuse(500, "a bug", "put_run_status", times=1)

    report = world.passes()

    assert sorted(run.action for run in report.runs) == ["failed", "written", "written"]
    assert sum(world.state(job) == "failed" for job in jobs) == 2
    assert not isinstance(report.failures[0].error_code, ServerUnreachableError)
