"""A pipeline is deployed while somebody else deletes it: at each point between two requests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from k8s_pipeline_client import Pipeline, Pipelines, Settings
from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.entities import IngestionPipeline, Service
from k8s_pipeline_client.domain.pipeline import from_entity
from tests.data import sample
from tests.fakes import FakeCluster, Request

SETTINGS = Settings(namespace="ns")


def _pipeline() -> Pipeline:
    entity = IngestionPipeline.model_validate(sample("pipelines/01_postgres_metadata_daily.json"))
    return from_entity(entity, Service.model_validate(sample("services/postgres.json")), "a test")


@pytest.mark.parametrize("exists", [False, True])
def test_a_delete_amid_a_deploy_leaves_a_whole_pipeline_wherever_it_comes(exists: bool) -> None:
    def deploy(deleted_before: int | None) -> int:
        fake = FakeCluster("ns")
        pipelines = Pipelines(fake, SETTINGS)
        if exists:
            pipelines.deploy(replace(_pipeline(), display_name="as it was before"))
        fake.requests.clear()

        def delete(request: Request) -> None:
            if len(fake.requests) == deleted_before:
                for name, _ in pipelines.names():
                    pipelines.delete(name)

        fake.before(delete)
        pipelines.deploy(_pipeline())
        asked = len(fake.requests)
        cronjob = fake.list(Kind.CRONJOB)[0]
        assert cronjob["spec"]["suspend"] is False
        for kind in (Kind.SECRET, Kind.CONFIG_MAP):
            owner = fake.get(kind, cronjob["metadata"]["name"])["metadata"]["ownerReferences"][0]
            assert owner["uid"] == cronjob["metadata"]["uid"]
        assert fake.get(Kind.SECRET, cronjob["metadata"]["labels"][labels.TOKEN])["data"]
        return asked

    for number in range(1, deploy(None) + 1):
        deploy(number)
