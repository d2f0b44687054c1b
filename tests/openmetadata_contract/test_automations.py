"""How the end of a test of a connection is written."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.openmetadata_contract.servers import WORKFLOWS, Document, Server

FAILED = {"op": "add", "path": "/status", "value": "Failed"}
RESPONSE: Document = {
    "status": "Failed",
    "lastUpdatedAt": 1,
    "steps": [{"name": "CheckAccess", "mandatory": True, "passed": False, "message": "m", "errorLog": "e"}],
}


@pytest.fixture
def workflow(server: Server) -> Iterator[Document]:
    """A workflow that nobody runs."""
    request = {
        "connection": server.service["connection"],
        "serviceType": "Database",
        "connectionType": "Postgres",
        "serviceName": server.name,
    }
    create = {"name": f"{server.name}-{uuid.uuid4().hex[:8]}", "workflowType": "TEST_CONNECTION", "request": request}
    found = server.call("POST", WORKFLOWS, create)
    assert found.status == 201
    yield found.body
    server.call("DELETE", f"{WORKFLOWS}/{found.body['id']}?hardDelete=true")


def path(workflow: Document) -> str:
    return f"{WORKFLOWS}/{workflow['id']}"


def test_a_bot_sees_its_secrets(server: Server, workflow: Document) -> None:
    found = server.call("GET", f"{WORKFLOWS}/name/{workflow['name']}").body
    assert found["id"] == workflow["id"]
    assert found["request"]["connection"]["config"]["authType"]["password"] == "hidden"
    assert "status" not in found


def test_a_status_is_added_and_can_be_replaced_then(server: Server, workflow: Document) -> None:
    assert server.patch(path(workflow), {**FAILED, "op": "replace"}).status == 500, "there is none"
    for operation in ({**FAILED, "value": "Running"}, FAILED, {**FAILED, "op": "replace", "value": "Successful"}):
        assert server.patch(path(workflow), operation).status == 200
        assert server.call("GET", path(workflow)).body["status"] == operation["value"]


def test_a_response_is_added_with_it(server: Server, workflow: Document) -> None:
    for _ in range(2):
        answer = server.patch(path(workflow), FAILED, {"op": "add", "path": "/response", "value": RESPONSE})
        assert answer.status == 200
    found = server.call("GET", path(workflow)).body
    assert (found["status"], found["response"]) == ("Failed", RESPONSE)


@pytest.mark.parametrize(
    "operation",
    [{**FAILED, "value": "failed"}, {"op": "add", "path": "/response", "value": {"status": "a\0"}}],
    ids=ascii,
)
def test_what_is_500(server: Server, workflow: Document, operation: Document) -> None:
    assert server.patch(path(workflow), operation).status == 500
    assert server.call("GET", path(workflow)).body.keys() & {"status", "response"} == set()


def test_other_types_of_content_are_415(server: Server, workflow: Document) -> None:
    assert server.call("PATCH", path(workflow), [FAILED]).status == 415


def test_one_that_is_not_there(server: Server, workflow: Document) -> None:
    assert server.patch(f"{WORKFLOWS}/{uuid.uuid4()}", FAILED).status == 404
    assert server.call("GET", f"{WORKFLOWS}/name/{server.name}-nope").status == 404
    server.call("DELETE", path(workflow))
    assert server.patch(path(workflow), FAILED).status == 404
    assert server.call("GET", f"{path(workflow)}?include=all").body["deleted"] is True
