"""What has to be over by a given time is over by then, whatever hangs below it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from k8s_pipeline_client import time_limit
from k8s_pipeline_client.cluster.port import Kind, Propagation
from k8s_pipeline_client.domain.schedule import Schedule
from k8s_pipeline_client.errors import ClusterError, PipelineError, UnreachableError, WaitTimeoutError
from k8s_pipeline_client.polling import poll
from k8s_pipeline_client.timelimit import pause
from tests.fakes import FakeCluster, Request
from tests.unit.scene import assert_nothing_unowned, client, cluster, deploy, others, pipeline

NAME = pipeline().resource_name
LIMIT = 0.5
SOON = 2.0


@contextmanager
def measured(at_most: float) -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < at_most


@pytest.mark.parametrize("timeout", [None, 60.0])
def test_a_wait_ends_with_it_and_leaves_time_for_what_comes_after(timeout: float | None) -> None:
    with time_limit(LIMIT):
        with measured(SOON):
            for _ in poll(timeout, first=0.01):
                pass
        client(cluster()).list_pipelines()


def test_of_two_the_nearer_end_counts() -> None:
    with measured(SOON), time_limit(LIMIT), time_limit(60), pytest.raises(WaitTimeoutError):
        pause(30, "a nap")
    with measured(SOON), time_limit(60), time_limit(LIMIT), pytest.raises(WaitTimeoutError):
        pause(30, "a nap")


def test_without_one_nothing_ends() -> None:
    with time_limit(None):
        assert list(poll(0.01, first=0.01))


def test_a_request_after_it_is_not_sent() -> None:
    fake = cluster()
    with time_limit(0.0), pytest.raises(ClusterError) as refused:
        client(fake).list_pipelines()
    assert refused.value.code == "TimeLimit"
    assert not fake.requests


@pytest.fixture
def deployed() -> FakeCluster:
    fake = cluster()
    deploy(fake, pipeline())
    return fake


def held(fake: FakeCluster, kind: Kind, name: str) -> None:
    """Have an object be deleted, and held."""
    fake.merge(kind, name, {"metadata": {"finalizers": ["example.com/hold"]}})
    fake.delete(kind, name, Propagation.BACKGROUND)


@pytest.mark.parametrize("kind", [Kind.CRONJOB, Kind.SECRET, Kind.CONFIG_MAP])
def test_a_deploy_over_an_object_that_does_not_go_says_by_then_what_holds_it(deployed: FakeCluster, kind: Kind) -> None:
    deployed.collects = False
    held(deployed, kind, NAME)
    with measured(SOON), time_limit(LIMIT), pytest.raises(WaitTimeoutError) as refused:
        deploy(deployed, pipeline(level="DEBUG"))
    assert refused.value.code == "Terminating"
    assert (refused.value.facts["kind"], refused.value.facts["finalizers"]) == (kind, ("example.com/hold",))


def test_a_deploy_over_a_token_that_does_not_go_says_so_too(deployed: FakeCluster) -> None:
    (token,) = [item["metadata"]["name"] for item in deployed.list(Kind.SECRET) if "token" in item["metadata"]["name"]]
    held(deployed, Kind.SECRET, token)
    with measured(SOON), time_limit(LIMIT), pytest.raises(WaitTimeoutError) as refused:
        deploy(deployed, others(1)[0])
    assert (refused.value.code, refused.value.facts["name"]) == ("Terminating", token)
    assert_nothing_unowned(deployed)


def test_a_wait_for_the_schedule_that_is_longer_is_refused_before_anything_is_written() -> None:
    fake = FakeCluster("ns")
    deploy(fake, pipeline(schedule=Schedule("0 * * * *", "UTC"), enabled=False))
    fake.advance(3602)
    fake.requests.clear()
    with measured(SOON), time_limit(LIMIT), pytest.raises(WaitTimeoutError) as refused:
        deploy(fake, pipeline(schedule=Schedule("0 * * * *", "UTC")))
    assert refused.value.code == "TimeLimit"
    assert 0 < float(str(refused.value.facts["seconds"])) <= 15
    assert {request.verb for request in fake.requests} <= {"get", "list"}
    with time_limit(LIMIT), pytest.raises(WaitTimeoutError):
        client(fake).enable(NAME)
    assert fake.get(Kind.CRONJOB, NAME)["spec"]["suspend"] is True


def test_what_a_deploy_has_begun_stays_where_its_time_is_over_and_the_next_completes_it(deployed: FakeCluster) -> None:
    item = pipeline(level="DEBUG")

    def slow(request: Request) -> None:
        if request.verb == "patch":
            time.sleep(LIMIT)

    end = deployed.after(slow)
    with time_limit(LIMIT), pytest.raises(UnreachableError) as refused:
        deploy(deployed, item)
    assert refused.value.code == "TimeLimit"
    assert "deploy again" in refused.value.outcome
    end()
    assert deploy(deployed, item).action == "updated"
    assert deploy(deployed, item).action == "unchanged"


def test_it_is_that_of_each_pipeline_of_a_batch_as_well() -> None:
    fake = cluster()
    fake.after(lambda request: time.sleep(LIMIT) if request.verb == "patch" else None)
    with time_limit(LIMIT):
        done = client(fake).deploy_all(others(8))
    assert {deployment.action for deployment in done} <= {"failed", "not tried"}
    assert {deployment.error.code for deployment in done if deployment.error} == {"TimeLimit"}


@pytest.mark.parametrize("deed", ["delete", "kill", "run", "disable"])
def test_every_operation_ends_by_then(deployed: FakeCluster, deed: str) -> None:
    deployed.merge(Kind.CRONJOB, NAME, {"metadata": {"finalizers": ["example.com/hold"]}})
    deployed.after(lambda request: time.sleep(LIMIT / 3))
    with measured(SOON), time_limit(LIMIT):
        try:
            getattr(client(deployed), deed)(NAME)
        except PipelineError as error:
            assert error.code in ("TimeLimit", "StillThere")
