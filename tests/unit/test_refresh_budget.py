"""What it costs to compare all that is deployed with the settings, and to render some of it again."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_pipeline_client import Settings
from k8s_pipeline_client.client.entities import pipeline_of
from k8s_pipeline_client.client.kubernetes import K8sPipelineClient
from k8s_pipeline_client.cluster.port import SMALL_PAGE, Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.entities import IngestionPipeline
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.render.plan import plan
from tests.fakes import FakeCluster
from tests.openmetadata import pipeline, service, token

PAGE = SMALL_PAGE
CHANGED = 5
EACH = 10
LISTS = 2
"""Requests of one that is rendered again, at most: it looks for others of its id, and for users of its token."""
SERVICE = service("pg_prod")
CONNECTION = {
    "hostPort": "http://openmetadata:8585/api",
    "authProvider": "openmetadata",
    "securityConfig": {"jwtToken": token()},
}
SETTINGS = Settings(namespace="ns")
OTHERS: dict[str, Any] = {
    "overrides": [
        {"match": {"name": [f"p{n}" for n in range(CHANGED)]}, "settings": {"podAnnotations": {"example.com/a": "b"}}}
    ]
}


def entity(number: int) -> Object:
    return pipeline(f"p{number}", SERVICE, openMetadataServerConnection=CONNECTION)


def deployed(count: int) -> FakeCluster:
    """Return a namespace in which the OpenMetadata server has so many pipelines deployed.

    The first one really; the others are put there as that one is, for a deploy in memory takes ten times as long.
    """
    fake = FakeCluster("ns", page_size=PAGE, collects=False)
    K8sPipelineClient(fake, SETTINGS).deploy_pipeline(entity(0), SERVICE)
    first = plan(pipeline_of(IngestionPipeline, entity(0), SETTINGS, service=SERVICE), SETTINGS, source=Source.SERVER)
    like = {kind: fake.get(kind, first.name) for kind in (Kind.CRONJOB, Kind.CONFIG_MAP, Kind.SECRET)}
    for number in range(1, count):
        found = pipeline_of(IngestionPipeline, entity(number), SETTINGS, service=SERVICE)
        planned = plan(found, SETTINGS, source=Source.SERVER)
        owner = fake.put(_as(like[Kind.CRONJOB], planned.cronjob))["metadata"]["uid"]
        for kind, item in ((Kind.CONFIG_MAP, planned.config_map), (Kind.SECRET, planned.secret)):
            fake.put(_as(like[kind], item, owner))
    fake.requests.clear()
    return fake


def _as(like: Object, planned: Object, owner: str = "") -> Object:
    """Return what is planned as if it had been applied as another one was."""
    kept = {key: like["metadata"][key] for key in ("managedFields", "creationTimestamp")}
    mark = {key: text for key, text in like["metadata"]["annotations"].items() if key == labels.UPDATED_AT}
    metadata = {**planned["metadata"], **kept}
    metadata["annotations"] = {**metadata["annotations"], **mark}
    if owner:
        reference = {**like["metadata"]["ownerReferences"][0], "name": metadata["name"], "uid": owner}
        return {**planned, "metadata": {**metadata, "ownerReferences": [reference]}}
    return {**planned, "metadata": metadata, "spec": {**like["spec"], **planned["spec"]}}


@pytest.mark.parametrize("count", [CHANGED, 3000])
def test_what_is_as_it_would_be_costs_four_lists_and_what_differs_the_same_however_many_there_are(count: int) -> None:
    fake = deployed(count)

    found = K8sPipelineClient(fake, Settings.model_validate({"namespace": "ns", **OTHERS})).pipelines.refresh(pace=0)

    assert (len(found.updated), found.unchanged, found.failed, found.left) == (CHANGED, count - CHANGED, {}, [])
    lists = [request for request in fake.requests if request.verb == "list"]
    others = [request for request in fake.requests if request.verb != "list"]
    # Pages of CronJobs, ConfigMaps, Secrets, and the Secrets once more.
    assert len(lists) <= 4 * -(-(count + 1) // PAGE) + CHANGED * LISTS
    assert len(others) <= CHANGED * EACH, others
    assert {request.name for request in others if request.verb == "patch"} == set(found.updated)
