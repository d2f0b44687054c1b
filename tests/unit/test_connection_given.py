"""Definitions that do not say how OpenMetadata is reached: the settings do, or the error says what is missing."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.support.authority import certificate
from tests.cluster.support.program import Result, call
from tests.cluster.support.tokens import bot_token
from tests.data import sample

TOKEN = bot_token()
ADDRESS = "https://openmetadata.example.com/api"


class Given:
    """Settings and an entity in a folder."""

    def __init__(self, folder: Path, **connection: Any) -> None:
        self._folder = folder
        entity = sample("pipelines/01_postgres_metadata_daily.json")
        entity["openMetadataServerConnection"] = connection or None
        self.file("p.json", json.dumps(entity))
        self.file("s.json", json.dumps(sample("services/postgres.json")))

    def file(self, name: str, text: str) -> str:
        (self._folder / name).write_text(text)
        return str(self._folder / name)

    def __call__(self, command: str, **settings: Any) -> Result:
        config = self.file(
            "settings.yaml", yaml.safe_dump({"ingestionImage": "example.com/ingestion:1.12", **settings})
        )
        words = ["-f", str(self._folder / "p.json"), "-f", str(self._folder / "s.json"), "-o", "json"]
        return call(["--config", config, command, *words])


def _rendered(result: Result) -> list[dict[str, Any]]:
    assert result.code == 0, result.err
    manifests: list[dict[str, Any]] = json.loads(result.out)["items"]
    return manifests


def _held(manifests: list[dict[str, Any]], kind: str, begin: str = "om-") -> dict[str, str]:
    """Return what Secrets or ConfigMaps hold, by their keys."""
    found: dict[str, str] = {}
    for item in manifests:
        if item["kind"] == kind and item["metadata"]["name"].startswith(begin):
            found |= item["data"]
    if kind == "Secret":
        return {key: base64.b64decode(value).decode() for key, value in found.items()}
    return found


def test_address_token_and_certificates_of_the_settings_are_used(tmp_path: Path) -> None:
    given, authority = Given(tmp_path), certificate()
    settings = {
        "metadataApiEndpoint": ADDRESS,
        "serverTokenFile": given.file("token", f"{TOKEN}\n"),
        "verifySSL": "validate",
        "sslConfig": {"certificatePath": given.file("ca.pem", authority)},
        "instance": "production",
    }
    manifests = _rendered(given("render", **settings))
    assert _held(manifests, "ConfigMap", "om-ca-") == {"ca.pem": authority}
    assert _held(manifests, "Secret", "om-token-production-ingestion-bot-") == {"jwtToken": TOKEN}
    document = json.loads(_held(manifests, "Secret")["workflow.json"])
    connection = document["workflowConfig"]["openMetadataServerConfig"]
    assert connection["sslConfig"] == {"caCertificate": "/opt/k8s-pipeline/ca.pem"}
    assert connection["securityConfig"] == {"jwtToken": ""}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, ["p.json", "openMetadataServerConnection is missing", "metadataApiEndpoint is not set"]),
        ({"metadataApiEndpoint": ADDRESS}, ["none of serverToken, serverTokenFile and tokenSecret is set"]),
        ({"serverToken": TOKEN}, ["metadataApiEndpoint is not set"]),
        ({"metadataApiEndpoint": ADDRESS, "serverTokenFile": "/not/there"}, ["serverTokenFile /not/there cannot be"]),
        ({"metadataApiEndpoint": ADDRESS, "serverTokenFile": "EMPTY"}, ["is empty"]),
        (
            {
                "metadataApiEndpoint": ADDRESS,
                "serverToken": TOKEN,
                "verifySSL": "validate",
                "sslConfig": {"certificatePath": "EMPTY"},
            },
            ["sslConfig.certificatePath", "contains no certificate"],
        ),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, settings: dict[str, Any], words: list[str]) -> None:
    given = Given(tmp_path)
    empty = given.file("empty", "\n")
    settings = json.loads(json.dumps(settings).replace('"EMPTY"', json.dumps(empty)))
    result = given("validate", **settings)
    assert result.code == 2
    assert TOKEN not in result.err
    for word in words:
        assert word in result.err


def test_a_connection_without_a_token_is_refused_unless_a_secret_is_named(tmp_path: Path) -> None:
    given = Given(tmp_path, hostPort=ADDRESS, authProvider="openmetadata")
    refused = given("validate")
    assert refused.code == 2
    assert "openMetadataServerConnection has no token (securityConfig.jwtToken)" in refused.err
    manifests = _rendered(given("render", tokenSecret={"name": "vault-token"}))
    assert list(_held(manifests, "Secret")) == ["workflow.json"]
    assert "vault-token/jwtToken" in json.dumps(manifests)


def test_a_secret_that_is_named_wins_over_the_definitions_token(tmp_path: Path) -> None:
    for token in (TOKEN, "an-opaque-token"):
        given = Given(tmp_path, hostPort=ADDRESS, securityConfig={"jwtToken": token})
        manifests = _rendered(given("render", tokenSecret={"name": "vault-token", "key": "bot"}))
        held = _held(manifests, "Secret")
        assert list(held) == ["workflow.json"]
        assert token not in held["workflow.json"] + json.dumps(manifests)
        assert "vault-token/bot" in json.dumps(manifests)
        assert "k8s-pipeline/token" not in json.dumps(manifests)


def test_the_instance_of_the_settings_wins_over_the_clusters_name(tmp_path: Path) -> None:
    given = Given(tmp_path, clusterName="theirs", hostPort=ADDRESS, securityConfig={"jwtToken": TOKEN})
    named = {}
    for settings, instance in (({}, "theirs"), ({"instance": "ours"}, "ours")):
        manifests = _rendered(given("render", **settings))
        (cronjob,) = [item["metadata"] for item in manifests if item["kind"] == "CronJob"]
        assert cronjob["labels"]["k8s-pipeline/instance"] == instance
        named[instance] = cronjob["name"]
    assert named["theirs"] != named["ours"]


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        ([], "", "there is no token to write"),
        (["--token-file", "-"], " \n", "standard input is empty"),
        (["--token-file", "/not/there"], "", "token file /not/there cannot be read"),
    ],
)
def test_a_rotation_needs_a_token(words: list[str], given: str, said: str) -> None:
    result = call(["rotate-token", *words], given=given)
    assert result.code == 2
    assert said in result.err
