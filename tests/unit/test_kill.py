"""A run is to be ended that is not what it was when it was read."""

from __future__ import annotations

import pytest

from k8s_pipeline_client.cluster.port import Kind, Propagation
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import InvalidError
from k8s_pipeline_client.runs.kill import kill_run
from tests.fakes import FakeCluster, Request
from tests.unit.scene import cluster, deploy, job, pipeline

NAME = pipeline().resource_name


@pytest.fixture
def fake() -> FakeCluster:
    found = cluster()
    deploy(found, pipeline())
    return found


def test_a_run_is_ended_by_its_deadline_and_says_who_asked(fake: FakeCluster) -> None:
    run = job(fake, NAME)
    kill_run(fake, run, by="me")
    found = fake.get(Kind.JOB, run["metadata"]["name"])
    assert found["spec"]["activeDeadlineSeconds"] == 1
    assert found["metadata"]["annotations"][labels.KILLED_BY] == "me"


def test_a_run_that_is_gone_is_ended(fake: FakeCluster) -> None:
    run = job(fake, NAME)
    fake.delete(Kind.JOB, run["metadata"]["name"], Propagation.BACKGROUND)
    kill_run(fake, run, by="me")
    assert not fake.list(Kind.JOB)


def test_another_job_of_the_same_name_is_left_as_it_is(fake: FakeCluster) -> None:
    run = job(fake, NAME)
    fake.delete(Kind.JOB, run["metadata"]["name"], Propagation.BACKGROUND)
    another = job(fake, NAME)
    kill_run(fake, run, by="me")
    assert fake.get(Kind.JOB, another["metadata"]["name"]) == another


def test_what_the_api_server_does_not_accept_is_said(fake: FakeCluster) -> None:
    run = job(fake, NAME)

    def refuse(request: Request) -> None:
        if request.verb == "patch":
            raise InvalidError("a policy says no", status=422, reason="Invalid")

    fake.before(refuse)
    with pytest.raises(InvalidError):
        kill_run(fake, run, by="me")
