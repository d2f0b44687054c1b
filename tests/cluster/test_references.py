"""A document that can be kept in Git: what is secret in it is in Secrets that somebody else made."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Any

import pytest

from k8s_pipeline_client.launcher import MASK, yamljson
from tests.cluster.support.program import Program
from tests.cluster.support.space import Space, until

USER, PASSWORD = "reader-of-the-shop", 'pässword "of" the\nshop'


def workflow(*steps: dict[str, Any], **connection: Any) -> dict[str, Any]:
    return {
        "source": {
            "type": "postgres",
            "serviceName": "shop",
            "serviceConnection": {"config": {"type": "Postgres", **connection}},
            "sourceConfig": {"config": {"type": "DatabaseMetadata", "standin": {"steps": list(steps)}}},
        },
        "sink": {"type": "metadata-rest", "config": {}},
        "workflowConfig": {"openMetadataServerConfig": {"clusterName": "openmetadata"}},
    }


def make_secret(space: Space, name: str, **values: str) -> None:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}
    space.kubectl("create", "-f", "-", given=json.dumps(manifest))


def everything_of_ours(space: Space) -> str:
    found = [item for kind in ("cronjobs", "jobs", "pods", "configmaps", "events") for item in space.list(kind)]
    secrets = [item for item in space.list("secrets") if item["metadata"]["name"].startswith("om-")]
    assert secrets
    documents = [base64.b64decode(value).decode() for item in secrets for value in item["data"].values()]
    return json.dumps(found + secrets, ensure_ascii=False) + "".join(documents)


def test_values_come_from_secrets_and_are_in_none_of_our_objects(program: Program) -> None:
    make_secret(program.space, "shop-env", DB_USER=USER)
    make_secret(program.space, "shop-db", password=PASSWORD)
    program.configure(envFrom=[{"secretRef": {"name": "shop-env"}}])
    place = "source.serviceConnection.config."
    steps: list[dict[str, Any]] = [
        {"dumpConfig": True},
        {"printSecret": f"{place}username"},
        {"printSecret": f"{place}password"},
    ]
    given: dict[str, Any] = {
        "username": "${DB_USER}",
        "password": {"secretRef": {"name": "shop-db", "key": "password"}},
    }
    document = workflow(*steps, {"fail": "at last"}, **given, hostPort="${DB_HOST:-db}:5432", note="$${DB_USER}")
    program.deploy(document)

    run = program("run", "shop_metadata", "--wait", "-o", "json", code=3).json

    assert "StepFailed: at last" in run["cause"]["summary"]
    log = program("logs", "shop_metadata").out
    arrived = workflow(
        *steps, {"fail": "at last"}, username=USER, password=PASSWORD, hostPort="db:5432", note="${DB_USER}"
    )
    assert hashlib.sha256(yamljson.dumps(arrived).encode()).hexdigest() in log
    assert f"leak print: {MASK}" in log
    shown = log + everything_of_ours(program.space)
    for secret in (USER, "pässword", '"of" the'):
        assert secret not in shown
        assert json.dumps(secret)[1:-1] not in shown


def test_what_is_not_there_ends_the_run_before_it_begins_and_is_named(program: Program) -> None:
    program.deploy(workflow({"log": "started"}, username="${DB_USER}"))

    run = program("run", "shop_metadata", "--wait", "-o", "json", code=3).json

    assert run["attempts"][0]["exitCode"] == 78
    assert (
        "source.serviceConnection.config.username: environment variable DB_USER is not set" in run["cause"]["summary"]
    )
    assert "started" not in program("logs", "shop_metadata").out


def test_a_secret_that_is_not_there_is_said_by_kubernetes_and_awaited(program: Program) -> None:
    reference = {"secretRef": {"name": "shop-db", "key": "password"}}
    program.deploy(workflow({"log": "started"}, password=reference))
    program("run", "shop_metadata")

    cause = until(
        lambda: program("status", "shop_metadata", "-o", "json").json["lastRun"]["cause"], "the missing Secret is seen"
    )
    assert cause["code"] in ("ConfigMissing", "MountFailed")
    assert "shop-db" in cause["summary"] + cause["detail"]

    make_secret(program.space, "shop-db", password=PASSWORD)
    assert program("wait", "shop_metadata", "-o", "json").json["state"] == "success"


@pytest.mark.parametrize("how", ["volume", "environment"])
def test_a_run_that_waits_for_a_secret_starts_soon_after_that_is_made(how: str, program: Program) -> None:
    reference: Any = {"secretRef": {"name": "late", "key": "password"}}
    if how == "environment":
        program.configure(envFrom=[{"secretRef": {"name": "late"}}])
        reference = "${password}"
    program.deploy(workflow({"log": "started"}, password=reference))
    program("run", "shop_metadata")

    def look() -> dict[str, Any]:
        return dict(program("status", "shop_metadata", "-o", "json").json["lastRun"])

    def hint() -> str:
        cause = look()["cause"] or {}
        return str(cause["hint"]) if cause.get("code") == "ConfigMissing" else ""

    assert "looks again within about two minutes" in until(hint, "it is said what is missing")
    made = time.monotonic()
    make_secret(program.space, "late", password=PASSWORD)

    until(lambda: look()["startedAt"], "it has started", 180)

    assert time.monotonic() - made < 150, "as its hint says"
    assert look()["cause"] is None
    assert program("wait", "shop_metadata", "-o", "json").json["state"] == "success"


def test_a_run_with_a_value_of_its_own_refers_to_a_secret_of_its_own(program: Program) -> None:
    make_secret(program.space, "shop-db", password="first-password")
    make_secret(program.space, "other-db", password="other-password")
    path = "source.serviceConnection.config.password"
    program.deploy(workflow({"dumpConfig": True}, password={"secretRef": {"name": "shop-db", "key": "password"}}))

    program("run", "shop_metadata", "--wait", "--set", f"{path}={{secretRef: {{name: other-db, key: password}}}}")

    arrived = workflow({"dumpConfig": True}, password="other-password")
    assert hashlib.sha256(yamljson.dumps(arrived).encode()).hexdigest() in program("logs", "shop_metadata").out
