"""What the Role allows, and what of it is used."""

from __future__ import annotations

import pytest

from tests.cluster.local.paths import current
from tests.cluster.support.audit import requests_of
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
    requests = list(requests_of(account, current().audit_log))
    assert len(requests) > 20
    assert not {request.verb for request in requests} & {"watch", "deletecollection"}
    assert [request.uri for request in requests if request.code == 403] == []
    assert [request.uri for request in requests if request.namespace != program.space.namespace] == []


def test_a_run_has_no_token_and_no_rights(program: Program) -> None:
    program.deploy(pipeline({"runChild": "ls /var/run/secrets/kubernetes.io 2>&1"}), service())

    program("run", "nightly", "--wait")

    assert "No such file or directory" in program("logs", "nightly").out
    run = f"system:serviceaccount:{program.space.namespace}:openmetadata-ingestion"
    rights = program.space.kubectl("auth", "can-i", "--list", "--as", run)
    assert "secrets" not in rights
    assert "pods" not in rights
