"""How the service is found, and what it says of itself."""

from __future__ import annotations

import pytest

from k8s_pipeline_client import Settings
from tests.service.javaclient import (
    ROOTS,
    JavaClient,
    UnableToConnectError,
)
from tests.service.stage import NIGHTLY, SETTINGS, Stage, staged

NAME = NIGHTLY["name"]


def test_the_first_path_is_detected(server: JavaClient) -> None:
    assert server.detect() == ROOTS[0]


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("slashes", ["/", "//", "///"])
def test_it_is_found_below_every_path_with_one_slash_or_more(server: JavaClient, root: str, slashes: str) -> None:
    answer = server.send_raw("GET", f"{slashes}{root}/health-auth")
    assert answer.status == 200
    assert isinstance(answer.json["version"], str)


def test_an_endpoint_that_ends_in_a_slash_will_do(stage: Stage) -> None:
    server = stage.client(path="/")
    assert "created" in server.deploy(NIGHTLY)


def test_with_a_wrong_password_nobody_is_found(stage: Stage) -> None:
    server = stage.client(password="another one")
    with pytest.raises(UnableToConnectError):
        server.deploy(NIGHTLY)
    assert stage.cluster.requests == []


def test_a_csrf_token_is_fetched_once(server: JavaClient) -> None:
    server.deploy(NIGHTLY)
    server.trigger(NAME)
    server.delete(NAME)
    assert server.csrf_fetches == 1


def test_the_address_is_one_if_it_is_to_be_told() -> None:
    told = Settings(**{**SETTINGS.model_dump(), "ingestion_ip_info_enabled": True, "host_ip": "192.0.2.7"})
    with staged(told) as stage:
        assert stage.client().host_ip() == {"ip": "192.0.2.7"}
    with staged() as stage:
        assert stage.client().host_ip()["ip"]
