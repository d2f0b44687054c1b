"""What is deployed is rendered again with other settings, and nobody's later deploy is set back."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import pytest
from pytest_mock import MockerFixture

from k8s_pipeline_client import Settings
from k8s_pipeline_client.client.kubernetes import K8sPipelineClient
from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.deploying.refresh import Refresh
from k8s_pipeline_client.render.config import DEFINITION_KEY
from tests.fakes import FakeCluster
from tests.openmetadata import pipeline, service, token
from tests.unit.turns import take_turns

BEFORE = Settings(namespace="ns", ingestion_image="registry/ingestion:1.12.1")
AFTER = Settings(namespace="ns", ingestion_image="registry/ingestion:1.12.2")
SERVICE = service("pg_prod")
CONNECTION = {
    "hostPort": "http://openmetadata:8585/api",
    "authProvider": "openmetadata",
    "securityConfig": {"jwtToken": token()},
}


@pytest.fixture(autouse=True)
def no_pauses(mocker: MockerFixture) -> None:
    mocker.patch("k8s_pipeline_client.polling.time.sleep")


def entity(name: str = "nightly", **fields: Any) -> Object:
    return pipeline(name, SERVICE, openMetadataServerConnection=CONNECTION, **fields)


def cluster() -> FakeCluster:
    fake = FakeCluster("ns")
    fake.advance(20 * 24 * 3600)
    return fake


def deploy(fake: FakeCluster, settings: Settings = BEFORE, **fields: Any) -> None:
    K8sPipelineClient(fake, settings).deploy_pipeline(entity(**fields), SERVICE)


def refresh(fake: FakeCluster, settings: Settings = AFTER) -> Refresh:
    return K8sPipelineClient(fake, settings).pipelines.refresh(pace=0)


def image(fake: FakeCluster) -> str:
    (cronjob,) = fake.list(Kind.CRONJOB)
    return str(_pod(cronjob)["containers"][0]["image"])


def _pod(cronjob: Object) -> Object:
    found: Object = cronjob["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return found


def writes(fake: FakeCluster) -> list[str]:
    return [f"{each.verb} {each.kind}" for each in fake.requests if each.verb not in ("get", "list", "version")]


def test_a_new_image_is_in_force_without_openmetadata() -> None:
    fake = cluster()
    deploy(fake)
    assert len(refresh(fake).updated) == 1
    assert image(fake) == "registry/ingestion:1.12.2"
    again = refresh(fake)
    assert (again.updated, again.unchanged) == ([], 1)


def test_it_is_as_a_deploy_with_these_settings_would_have_it() -> None:
    fake = cluster()
    deploy(fake)
    refresh(fake)
    del fake.requests[:]
    deploy(fake, AFTER)
    assert writes(fake) == []


def test_what_is_kept_has_no_token_and_no_pod_mounts_it() -> None:
    fake = cluster()
    deploy(fake)
    (secret,) = [item for item in fake.list(Kind.SECRET) if DEFINITION_KEY in item["data"]]
    text = base64.b64decode(secret["data"][DEFINITION_KEY]).decode()
    assert CONNECTION["securityConfig"]["jwtToken"] not in text  # type: ignore[index]
    (cronjob,) = fake.list(Kind.CRONJOB)
    assert DEFINITION_KEY not in json.dumps(_pod(cronjob))


def test_an_edit_of_a_description_changes_no_secret() -> None:
    fake = cluster()
    deploy(fake)
    del fake.requests[:]
    deploy(fake, description="another", version=0.7, updatedAt=1_900_000_000_000)
    assert "patch Secret" not in writes(fake)


def test_a_service_that_was_read_from_what_is_deployed_changes_nothing() -> None:
    fake = cluster()
    deploy(fake)
    del fake.requests[:]
    known = {"name": SERVICE["name"], "serviceType": SERVICE["serviceType"].lower()}
    K8sPipelineClient(fake, BEFORE).deploy_pipeline(entity(), known)
    assert writes(fake) == []


@pytest.mark.parametrize("enabled", [True, False])
def test_the_switch_stays_as_it_is(enabled: bool) -> None:
    fake = cluster()
    deploy(fake, enabled=not enabled)
    client = K8sPipelineClient(fake, BEFORE)
    client.set_pipeline_enabled(entity(), enabled)
    refresh(fake)
    (cronjob,) = fake.list(Kind.CRONJOB)
    assert cronjob["spec"]["suspend"] is not enabled
    assert image(fake) == "registry/ingestion:1.12.2"


def test_what_has_nothing_kept_is_left_alone_and_said() -> None:
    fake = cluster()
    deploy(fake)
    (secret,) = [item for item in fake.list(Kind.SECRET) if DEFINITION_KEY in item["data"]]
    del secret["data"][DEFINITION_KEY]
    fake.put(secret)
    del fake.requests[:]
    found = refresh(fake)
    assert found.left == [secret["metadata"]["name"]]
    assert writes(fake) == []


def test_what_is_kept_and_unreadable_fails_alone() -> None:
    fake = cluster()
    deploy(fake)
    deploy(fake, name="weekly")
    (secret, _) = [item for item in fake.list(Kind.SECRET) if DEFINITION_KEY in item["data"]]
    secret["data"][DEFINITION_KEY] = "e30="
    fake.put(secret)
    found = refresh(fake)
    assert list(found.failed) == [secret["metadata"]["name"]]
    assert len(found.updated) == 1


@pytest.mark.parametrize("seed", range(24))
def test_a_deploy_of_the_server_meanwhile_is_never_set_back(seed: int) -> None:
    fake = cluster()
    deploy(fake, updatedAt=1_900_000_000_000)
    later: dict[str, Any] = {
        "updatedAt": 1_900_000_000_000 + seed % 2,
        "loggerLevel": "DEBUG",
        "airflowConfig": {"scheduleInterval": "0 4 * * *"},
    }
    order = random.Random(seed).choices((0, 1), k=60)
    errors = take_turns(fake, [lambda: refresh(fake), lambda: deploy(fake, AFTER, **later)], order)
    assert errors == [None, None]
    alone = cluster()
    deploy(alone, updatedAt=1_900_000_000_000)
    deploy(alone, AFTER, **later)
    for kind in (Kind.CRONJOB, Kind.SECRET, Kind.CONFIG_MAP):
        there = {item["metadata"]["name"]: item.get("spec") or item.get("data") for item in fake.list(kind)}
        wanted = {item["metadata"]["name"]: item.get("spec") or item.get("data") for item in alone.list(kind)}
        assert there == wanted


@pytest.mark.parametrize("seed", range(12))
def test_a_switch_meanwhile_is_never_set_back(seed: int) -> None:
    fake = cluster()
    deploy(fake)
    order = random.Random(seed).choices((0, 1), k=40)
    switch = K8sPipelineClient(fake, BEFORE)
    take_turns(fake, [lambda: refresh(fake), lambda: switch.set_pipeline_enabled(entity(), False)], order)
    (cronjob,) = fake.list(Kind.CRONJOB)
    assert cronjob["spec"]["suspend"] is True


def test_two_replicas_at_once_are_harmless() -> None:
    for seed in range(6):
        fake = cluster()
        deploy(fake)
        order = random.Random(seed).choices((0, 1), k=60)
        assert take_turns(fake, [lambda: refresh(fake), lambda: refresh(fake)], order) == [None, None]  # noqa: B023
        assert image(fake) == "registry/ingestion:1.12.2"


def test_an_unchanged_namespace_costs_lists_alone() -> None:
    fake, count = cluster(), 120  # more than a page
    for number in range(count):
        deploy(fake, name=f"p{number}")
    del fake.requests[:]
    assert refresh(fake, BEFORE).unchanged == count
    assert {each.verb for each in fake.requests} == {"list"}
    assert len(fake.requests) <= 4 * (1 + count // 100)
