"""What the Role allows, and what of it is used."""

from __future__ import annotations

import json

import pytest

from tests.cluster.local.paths import current
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program


def test_nothing_beyond_the_role_is_asked_for(program: Program) -> None:
    if not program.space.access.embedded:
        pytest.skip("the audit log of a cluster that is not ours cannot be read")
    program.deploy(pipeline({"log": "a line"}, schedule="@daily"), service())
    program("run", "nightly", "--wait")
    program("status", "nightly")
    program("logs", "nightly")
    program("disable", "nightly")
    program("run", "nightly")
    program("kill", "nightly")
    program("list")
    program("delete", "nightly")

    account = f"system:serviceaccount:{program.space.namespace}:k8s-pipeline"
    lines = current().audit_log.read_text().splitlines()
    events = [event for event in map(json.loads, lines) if event["user"]["username"] == account]
    assert len(events) > 20
    used = {(event["verb"], event["objectRef"]["resource"], event["objectRef"].get("subresource")) for event in events}
    assert not {verb for verb, _, _ in used} & {"watch", "deletecollection"}
    refused = [event["requestURI"] for event in events if event["responseStatus"]["code"] == 403]
    assert refused == []
    assert {event["objectRef"]["namespace"] for event in events} == {program.space.namespace}


def test_a_run_has_no_token_and_no_rights(program: Program) -> None:
    program.deploy(pipeline({"runChild": "ls /var/run/secrets/kubernetes.io 2>&1"}), service())

    program("run", "nightly", "--wait")

    assert "No such file or directory" in program("logs", "nightly").out
    run = f"system:serviceaccount:{program.space.namespace}:openmetadata-ingestion"
    rights = program.space.kubectl("auth", "can-i", "--list", "--as", run)
    assert "secrets" not in rights
    assert "pods" not in rights
