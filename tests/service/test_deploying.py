"""Deploys, as the server sends them."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_pipeline_client import Settings
from k8s_pipeline_client.cluster.port import Kind
from tests.data import sample
from tests.fakes.openmetadata_wire import OpenMetadataRequest
from tests.openmetadata import service
from tests.service.javaclient import (
    Answer,
    JavaClient,
    refused,
)
from tests.service.stage import NIGHTLY, SERVICE, SETTINGS, Stage, of_service, staged

NAME = NIGHTLY["name"]


def test_a_deploy_writes_the_pipeline(stage: Stage, either: JavaClient) -> None:
    body = Answer(200, either.deploy(NIGHTLY).encode()).json
    assert "created" in body["message"]
    annotations = stage.cronjob()["metadata"]["annotations"]
    assert annotations["k8s-pipeline/fqn"] == NIGHTLY["fullyQualifiedName"]
    assert annotations["k8s-pipeline/managed-by-source"] == "server"
    assert annotations["k8s-pipeline/service-type"] == "postgres"


def test_unknown_fields_of_an_entity_are_no_reason_to_refuse_it(server: JavaClient) -> None:
    assert "created" in server.deploy({**NIGHTLY, "fieldOfTomorrow": {"a": [1]}, "changeDescription": {}})


def test_a_redeploy_changes_nothing_and_asks_openmetadata_nothing(stage: Stage, server: JavaClient) -> None:
    server.deploy(NIGHTLY)
    asked = len(stage.opened)
    assert asked == 1
    assert "unchanged" in server.deploy(NIGHTLY)
    stage.openmetadata.be_down()
    assert "updated" in server.deploy({**NIGHTLY, "loggerLevel": "DEBUG"})
    assert len(stage.opened) == asked


def test_a_redeploy_keeps_the_ingestion_runner(stage: Stage, server: JavaClient) -> None:
    runner = {"ingestionRunner": {"id": "00000000-0000-4000-8000-000000000001", "type": "x", "name": "far-away"}}
    stage.openmetadata._api.entities.put("services/databaseServices", {**SERVICE, **runner})
    server.deploy(NIGHTLY)
    assert "unchanged" in server.deploy(NIGHTLY)


def test_the_services_type_is_asked_with_the_pipelines_own_token(stage: Stage, server: JavaClient) -> None:
    server.deploy(NIGHTLY)
    connection = NIGHTLY["openMetadataServerConnection"]
    assert stage.opened == [(connection["hostPort"], connection["securityConfig"]["jwtToken"])]


def test_the_settings_say_at_which_address_openmetadata_is_asked() -> None:
    settings = Settings(**{**SETTINGS.model_dump(), "metadata_api_endpoint": "http://elsewhere:8585/api"})
    with staged(settings) as stage:
        stage.client().deploy(NIGHTLY)
        assert [address for address, _ in stage.opened] == ["http://elsewhere:8585/api"]


def test_a_first_deploy_waits_for_openmetadata(stage: Stage, server: JavaClient) -> None:
    stage.openmetadata.be_down()
    answer = refused(server.deploy, NIGHTLY)
    assert answer.status == 503
    assert answer.json["code"] == "ServerUnreachable"
    assert stage.cluster.list(Kind.CRONJOB) == stage.cluster.list(Kind.SECRET) == []
    stage.openmetadata.be_well()
    assert "created" in server.deploy(NIGHTLY)


def test_a_service_that_openmetadata_does_not_have_is_the_senders_mistake(server: JavaClient) -> None:
    answer = refused(server.deploy, of_service("lost", service("gone")))
    assert (answer.status, answer.json["code"]) == (400, "EntityNotFound")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"service": None}, "service"),
        ({"name": ""}, "name"),
        ({"name": 5}, "name"),
        ({"sourceConfig": "all"}, "sourceConfig"),
        ({"airflowConfig": {"scheduleInterval": "not a cron"}}, "not a cron"),
        ({"airflowConfig": {"scheduleInterval": "@daily", "pipelineTimezone": "Mars/Olympus"}}, "Mars/Olympus"),
        ({"pipelineType": "dataInsight"}, "dataInsight"),
    ],
)
def test_what_cannot_be_deployed_is_400_with_the_field(
    stage: Stage, server: JavaClient, change: dict[str, Any], field: str
) -> None:
    answer = refused(server.deploy, {**NIGHTLY, **change})
    assert answer.status == 400
    assert field in answer.json["error"]
    assert stage.cluster.list(Kind.CRONJOB) == []


def test_a_test_suite_and_an_application_need_nothing_of_openmetadata(stage: Stage, server: JavaClient) -> None:
    stage.openmetadata.be_down()
    for name in ("08_testsuite_table", "20_application_external"):
        assert "created" in server.deploy(sample(f"pipelines/{name}.json"))


def test_what_is_not_deployed_is_404_but_for_delete(server: JavaClient) -> None:
    for ask in (server.trigger, server.kill, server.logs):
        assert refused(ask, "unknown").status == 404
    assert server.toggle("unknown", True) is False
    assert server.queued("unknown") == []
    assert server.ask("GET", "status?dag_id=unknown").status == 404
    assert "not deployed" in server.delete("unknown")


@pytest.mark.parametrize("name", ["ref odd.name/é", "a+b&c=d%20", "ö" * 256, "null", "quoted.dots"])
def test_a_pipeline_is_found_by_its_real_name(stage: Stage, server: JavaClient, name: str) -> None:
    server.deploy(of_service(name))
    server.trigger(name)
    assert len(stage.jobs()) == 1
    server.delete(name)
    assert stage.cluster.list(Kind.CRONJOB) == []


def test_an_earlier_state_of_a_pipeline_is_ignored_and_said(stage: Stage, server: JavaClient) -> None:
    """The server sends it after the later one, and as the last."""
    server.deploy({**NIGHTLY, "updatedAt": 1_800_000_000_000, "loggerLevel": "DEBUG"})
    stage.openmetadata.add_pipeline({**NIGHTLY, "updatedAt": 1_800_000_000_000})
    before = stage.cronjob()["metadata"]["resourceVersion"]
    assert "ignored" in server.deploy({**NIGHTLY, "updatedAt": 1_700_000_000_000})
    assert stage.cronjob()["metadata"]["resourceVersion"] == before
    stage.openmetadata.add_pipeline({**NIGHTLY, "updatedAt": 1_700_000_000_000})  # of a backup that was restored
    assert "updated" in server.deploy({**NIGHTLY, "updatedAt": 1_700_000_000_000})


def test_what_is_known_of_a_service_is_not_asked_again(stage: Stage, server: JavaClient) -> None:
    for number in range(3):
        server.deploy(of_service(f"nightly-{number}"))
    assert len(stage.opened) == 1


def test_a_pipeline_that_can_be_restored_is_kept_and_runs_no_more(stage: Stage, server: JavaClient) -> None:
    stage.openmetadata.add_pipeline(NIGHTLY)
    server.deploy(NIGHTLY)
    server.trigger(NAME)
    stage.openmetadata.delete_pipeline(NIGHTLY["id"])
    for _ in range(2):
        assert "until it is restored" in server.delete(NAME)
    cronjob = stage.cronjob()
    assert cronjob["spec"]["suspend"] is True
    assert stage.jobs()[0]["spec"]["activeDeadlineSeconds"] == 1
    assert refused(server.trigger, NAME).json["code"] == "DeletedInOpenMetadata"
    stage.openmetadata.restore_pipeline(NIGHTLY["id"])
    server.deploy(NIGHTLY)
    assert stage.cronjob()["spec"]["suspend"] is False
    stage.openmetadata.delete_pipeline(NIGHTLY["id"], hard=True)
    server.delete(NAME)
    assert stage.cluster.list(Kind.CRONJOB) == []


def test_a_pipeline_of_which_openmetadata_says_nothing_is_kept(stage: Stage, server: JavaClient) -> None:
    server.deploy(NIGHTLY)
    stage.openmetadata.be_down()
    assert "until OpenMetadata says more of it" in server.delete(NAME)
    assert stage.cronjob()["spec"]["suspend"] is True
    stage.openmetadata.be_well()
    server.delete(NAME)
    assert stage.cluster.list(Kind.CRONJOB) == []


def test_a_pipeline_that_is_deployed_anew_while_openmetadata_is_asked_is_kept(stage: Stage, server: JavaClient) -> None:
    """The entity was deleted and made again under its name: the old one is gone, and what is there is the new one's."""
    stage.openmetadata.add_pipeline(NIGHTLY)
    server.deploy(NIGHTLY)
    before = stage.cronjob()
    stage.openmetadata.delete_pipeline(NIGHTLY["id"], hard=True)
    anew = {**NIGHTLY, "id": "00000000-0000-4000-8000-00000000000e"}
    deployed: list[str] = []

    def meanwhile(request: OpenMetadataRequest) -> None:
        if request.operation == "pipeline" and not deployed:
            deployed.append(anew["id"])
            stage.openmetadata.add_pipeline(anew)
            stage.client().deploy(anew)

    stage.openmetadata.after(meanwhile)
    server.delete(NAME)
    assert deployed
    after = stage.cronjob()
    assert after["metadata"]["uid"] == before["metadata"]["uid"]  # the deploy found it there
    assert after["metadata"]["annotations"]["k8s-pipeline/id"] == anew["id"]
    assert stage.cluster.get(Kind.SECRET, after["metadata"]["name"])
