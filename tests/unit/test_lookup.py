"""What a NAME finds, also of what an earlier version has deployed: that has no labels to be found by."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from k8s_pipeline_client import Pipeline
from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import UnknownNameError
from tests.unit.crowd import ENTITY, Crowd, pipeline

LOOKUP = (
    labels.FQN_HASH,
    labels.NAME_HASH,
    labels.DISPLAY_NAME_HASH,
    labels.SERVICE_AND_TYPE_HASH,
    labels.PIPELINE_ID,
)
NAMES: dict[str, Callable[[Pipeline], str]] = {
    "resource name": lambda own: own.resource_name,
    "FQN": lambda own: own.fqn,
    "id": lambda own: str(own.id),
    "id in capitals": lambda own: str(own.id).upper(),
    "name": lambda own: own.name,
    "display name": lambda own: own.display_name,
    "service and type": lambda own: f"{own.service}/{own.pipeline_type}",
}


def _strip(crowd: Crowd) -> None:
    """Have the real pipeline be one that an earlier version has deployed."""
    cronjob = crowd.fake.get(Kind.CRONJOB, crowd.name)
    for key in LOOKUP:
        del cronjob["metadata"]["labels"][key]
    del cronjob["spec"]["jobTemplate"]["metadata"]["labels"][labels.TOKEN]
    crowd.fake.put(cronjob)


@pytest.fixture(params=["this version", "an earlier one"])
def crowd(request: pytest.FixtureRequest) -> Crowd:
    found = Crowd(3)
    if request.param == "an earlier one":
        _strip(found)
    return found


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_each_name_finds_the_pipeline(crowd: Crowd, name: Callable[[Pipeline], str]) -> None:
    status, _ = crowd.client.pipelines.status(name(pipeline()))
    assert status.resource_name == crowd.name


def test_the_server_finds_the_pipeline(crowd: Crowd) -> None:
    assert crowd.client.run_pipeline(ENTITY).code == 200


def test_a_title_that_two_have_is_refused_and_both_are_named(crowd: Crowd) -> None:
    other = pipeline(fqn="pg_prod.other", name="other", id="11111111-1111-4111-8111-111111111111")
    crowd.client.pipelines.deploy(other)
    with pytest.raises(UnknownNameError) as error:
        crowd.client.pipelines.status(other.display_name)
    assert crowd.name in str(error.value)
    assert other.resource_name in str(error.value)


def test_a_deploy_gives_the_labels(crowd: Crowd) -> None:
    crowd.client.pipelines.deploy(pipeline())
    cronjob = crowd.fake.get(Kind.CRONJOB, crowd.name)
    assert set(LOOKUP) <= set(cronjob["metadata"]["labels"])
    assert labels.TOKEN in cronjob["spec"]["jobTemplate"]["metadata"]["labels"]


def test_the_newest_failed_run_is_run_again_whole() -> None:
    crowd = Crowd(0)
    again = crowd.client.pipelines.retry()
    job = crowd.fake.get(Kind.JOB, again.job_name)
    assert job["metadata"]["labels"][labels.PIPELINE] == crowd.name
    assert [container["name"] for container in job["spec"]["template"]["spec"]["containers"]] == ["main"]
    assert job["spec"]["template"]["spec"]["containers"][0]["args"]
