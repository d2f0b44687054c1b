"""The manifests of the stand-ins' pods fit the `restricted` Pod Security Standard."""

import json
from typing import Any

import pytest

from tests.images import manifests

Documents = list[dict[str, Any]]

CASES = {
    "server": manifests.recording_server("ns", image="standin:1", seed={"entities": {}}),
    "postgres": manifests.postgres("ns", image="postgres:1", password="p4ss"),
}


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def documents(request: pytest.FixtureRequest) -> Documents:
    found: Documents = request.param
    return found


def of_kind(documents: Documents, kind: str) -> dict[str, Any]:
    return next(document for document in documents if document["kind"] == kind)


def test_pod_is_restricted(documents: Documents) -> None:
    spec = of_kind(documents, "Pod")["spec"]

    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }
        assert container["readinessProbe"]


def test_service_selects_the_pod(documents: Documents) -> None:
    pod, service = of_kind(documents, "Pod"), of_kind(documents, "Service")

    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    assert service["spec"]["ports"][0]["targetPort"] == pod["spec"]["containers"][0]["ports"][0]["containerPort"]


def test_all_are_in_the_namespace(documents: Documents) -> None:
    assert {document["metadata"]["namespace"] for document in documents} == {"ns"}


def test_passwords_stand_in_secrets_only() -> None:
    documents = CASES["postgres"]

    assert of_kind(documents, "Secret")["stringData"] == {"password": "p4ss"}
    assert not [d["kind"] for d in documents if d["kind"] != "Secret" and "p4ss" in json.dumps(d)]
