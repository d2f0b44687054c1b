"""The Secret with a bot's token goes with the last that uses it, and no sooner."""

from __future__ import annotations

import pytest

from k8s_pipeline_client import Pipelines
from k8s_pipeline_client.cluster.port import Kind, Propagation
from k8s_pipeline_client.domain import labels
from tests.fakes import FakeCluster, Request
from tests.unit.crowd import SETTINGS, pipeline

OTHER = pipeline(fqn="pg_prod.other", name="other", display_name="Other", id="11111111-1111-4111-8111-111111111111")


def _token(fake: FakeCluster) -> list[str]:
    return [item["metadata"]["name"] for item in fake.list(Kind.SECRET, labels=labels.TOKEN)]


def test_the_last_pipeline_takes_it_along() -> None:
    fake = FakeCluster("ns")
    pipelines = Pipelines(fake, SETTINGS)
    for own in (pipeline(), OTHER):
        pipelines.deploy(own)
    pipelines.delete(pipeline().fqn)
    assert len(_token(fake)) == 1
    pipelines.delete(OTHER.fqn)
    assert _token(fake) == []


def test_a_cronjob_that_is_terminating_does_not_keep_it() -> None:
    fake = FakeCluster("ns")
    pipelines = Pipelines(fake, SETTINGS)
    for own in (pipeline(), OTHER):
        pipelines.deploy(own)
    fake.merge(Kind.CRONJOB, OTHER.resource_name, {"metadata": {"finalizers": ["example.com/held"]}})
    fake.delete(Kind.CRONJOB, OTHER.resource_name, Propagation.BACKGROUND)
    pipelines.delete(pipeline().fqn)
    assert _token(fake) == []


def test_one_that_is_terminating_does_not_hide_one_that_is_not() -> None:
    fake = FakeCluster("ns")
    pipelines = Pipelines(fake, SETTINGS)
    for own in (pipeline(), OTHER):
        pipelines.deploy(own)
    name = pipeline().resource_name
    fake.merge(Kind.CRONJOB, name, {"metadata": {"finalizers": ["example.com/held"]}})
    fake.delete(Kind.CRONJOB, name, Propagation.BACKGROUND)
    pipelines.remove_unused_tokens()
    assert len(_token(fake)) == 1


@pytest.mark.parametrize("is_labelled", [True, False])
def test_an_active_run_keeps_it_also_one_of_an_earlier_version(is_labelled: bool) -> None:
    fake = FakeCluster("ns")
    pipelines = Pipelines(fake, SETTINGS)
    pipelines.deploy(pipeline())
    run = pipelines.run(pipeline().fqn)
    job = fake.get(Kind.JOB, run.job_name)
    job["metadata"]["ownerReferences"] = []
    if not is_labelled:
        del job["metadata"]["labels"][labels.TOKEN]
    fake.put(job)
    fake.delete(Kind.CRONJOB, pipeline().resource_name, Propagation.BACKGROUND)
    pipelines.remove_unused_tokens()
    assert len(_token(fake)) == 1

    fake.set_status(Kind.JOB, run.job_name, {"conditions": [{"type": "Failed", "status": "True"}]})
    pipelines.remove_unused_tokens()
    assert _token(fake) == []


def test_a_deploy_amid_the_delete_of_the_last_one_has_its_token_wherever_it_comes() -> None:
    def delete(deployed_before: int | None) -> int:
        fake = FakeCluster("ns")
        pipelines, others = Pipelines(fake, SETTINGS), Pipelines(fake, SETTINGS)
        pipelines.deploy(pipeline())
        fake.requests.clear()

        def deploy(request: Request) -> None:
            if len(fake.requests) == deployed_before:
                others.deploy(OTHER)

        fake.before(deploy)
        pipelines.delete(pipeline().fqn)
        if deployed_before:
            token = fake.get(Kind.CRONJOB, OTHER.resource_name)["metadata"]["labels"][labels.TOKEN]
            assert fake.get(Kind.SECRET, token)["data"]
        return len(fake.requests)

    for number in range(1, delete(None) + 1):
        delete(number)


def test_of_several_that_are_deleted_it_is_looked_for_once() -> None:
    fake = FakeCluster("ns")
    pipelines = Pipelines(fake, SETTINGS)
    for own in (pipeline(), OTHER):
        pipelines.deploy(own)
    fake.requests.clear()
    done: list[str] = []
    pipelines.delete_all([pipeline().fqn, OTHER.fqn], on_done=lambda _, resource: done.append(resource))
    assert done == [pipeline().resource_name, OTHER.resource_name]
    assert len([request for request in fake.requests if request.labels == labels.TOKEN]) == 1
    for kind in (Kind.SECRET, Kind.CRONJOB, Kind.JOB):
        assert fake.list(kind) == []
