"""The server in memory: what tests can have happen to it, seen by our client."""

from __future__ import annotations

import pytest

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.errors import (
    EntityNotFoundError,
    RightMissingError,
    RowConflictError,
    ServerResponseError,
    ServerUnreachableError,
    TokenRejectedError,
)
from k8s_pipeline_client.openmetadata.port import OpenMetadata
from tests.fakes import FakeOpenMetadata, OpenMetadataRequest
from tests.openmetadata import pipeline, service, token

RUN, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
ENTITY = pipeline("nightly", service("shop"))
FQN = "shop.nightly"


@pytest.fixture
def server() -> FakeOpenMetadata:
    found = FakeOpenMetadata()
    found.add_pipeline(ENTITY)
    return found


def row(run_id: str = RUN, timestamp: int = 5, state: str = "failed", **more: object) -> Document:
    return {"runId": run_id, "pipelineState": state, "timestamp": timestamp, **more}


def test_it_is_one_by_the_port_and_notes_what_is_asked(server: FakeOpenMetadata) -> None:
    port: OpenMetadata = server
    assert port.run_status(FQN, RUN) is None
    port.put_run_status(FQN, row())
    found = port.run_status(FQN, RUN)
    assert found is not None
    assert found["pipelineState"] == "failed"
    port.delete_run_status(ENTITY["id"], RUN)
    port.close_log_stream(FQN, RUN)

    assert server.requests == [
        OpenMetadataRequest("run_status", FQN, RUN),
        OpenMetadataRequest("put_run_status", FQN, RUN, row()),
        OpenMetadataRequest("run_status", FQN, RUN),
        OpenMetadataRequest("delete_run_status", ENTITY["id"], RUN),
        OpenMetadataRequest("close_log_stream", FQN, RUN),
    ]
    assert server.rows(FQN) == []
    assert server.history(FQN, RUN) == [row()]
    assert server.closed_logs() == [(FQN, RUN)]


def test_a_row_is_replaced_as_a_whole(server: FakeOpenMetadata) -> None:
    server.put_run_status(FQN, row(endDate=9, config={"a": 1}))
    server.put_run_status(FQN, row(timestamp=6))

    assert server.rows(FQN) == [{**row(timestamp=6), "status": []}]


def test_the_timestamp_of_another_run(server: FakeOpenMetadata) -> None:
    server.add_row(FQN, row(OTHER))
    with pytest.raises(RowConflictError) as caught:
        server.put_run_status(FQN, row())
    assert (caught.value.status, caught.value.facts) == (409, {"fqn": FQN, "run_id": RUN})
    server.put_run_status(FQN, row(timestamp=6))


def test_two_first_rows_at_once_spoil_it_until_it_is_deleted(server: FakeOpenMetadata) -> None:
    server.race(FQN, row(timestamp=6, state="running"))
    server.put_run_status(FQN, row(timestamp=5))

    assert [found["timestamp"] for found in server.rows(FQN)] == [6, 5]
    for timestamp in (5, 6, 7):
        with pytest.raises(RowConflictError):
            server.put_run_status(FQN, row(timestamp=timestamp))
    server.delete_run_status(ENTITY["id"], RUN)
    server.put_run_status(FQN, row(timestamp=5))
    assert [found["timestamp"] for found in server.rows(FQN)] == [5]


def test_two_first_rows_with_one_timestamp_are_one(server: FakeOpenMetadata) -> None:
    server.race(FQN, row(state="running"))
    with pytest.raises(RowConflictError):
        server.put_run_status(FQN, row())
    server.put_run_status(FQN, row())
    assert [found["pipelineState"] for found in server.rows(FQN)] == ["failed"]


def test_it_is_spoiled_at_will(server: FakeOpenMetadata) -> None:
    server.spoil(FQN, row(timestamp=5), row(timestamp=6))
    with pytest.raises(RowConflictError):
        server.put_run_status(FQN, row(timestamp=5))


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"unknown": 1}, 400),
        ({"pipelineState": "Failed"}, 400),
        ({"status": [{"name": "x", "unknown": 1}]}, 400),
        ({"timestamp": None}, 500),
        ({"status": [{"name": "\0"}]}, 500),
    ],
)
def test_what_it_refuses(server: FakeOpenMetadata, change: Document, status: int) -> None:
    with pytest.raises(ServerResponseError) as caught:
        server.put_run_status(FQN, {**row(), **change})
    assert caught.value.status == status
    assert server.rows(FQN) == []


def test_a_pipeline_that_is_deleted_and_restored(server: FakeOpenMetadata) -> None:
    server.put_run_status(FQN, row())
    server.delete_pipeline(ENTITY["id"])

    with pytest.raises(EntityNotFoundError):
        server.run_status(FQN, RUN)
    with pytest.raises(EntityNotFoundError):
        server.put_run_status(FQN, row())
    with pytest.raises(EntityNotFoundError):
        server.pipeline_with_id(ENTITY["id"])
    assert server.pipeline_with_id(ENTITY["id"], include_deleted=True)["deleted"] is True
    server.restore_pipeline(ENTITY["id"])
    assert server.pipeline(FQN)["deleted"] is False
    assert server.run_status(FQN, RUN) is None
    server.delete_pipeline(ENTITY["id"], hard=True)
    with pytest.raises(EntityNotFoundError):
        server.pipeline_with_id(ENTITY["id"], include_deleted=True)


def test_automations(server: FakeOpenMetadata) -> None:
    server.add_automation({"name": "test-shop", "request": {}})
    found = server.automation("test-shop")
    assert "status" not in found
    server.set_automation_status(found["id"], "Failed", {"status": "Failed", "steps": []})
    server.set_automation_status(found["id"], "Failed", None)
    assert server.automation("test-shop")["response"] == {"status": "Failed", "steps": []}


def test_what_goes_wrong_at_will(server: FakeOpenMetadata) -> None:
    server.be_down("run_status", times=1)
    server.refuse(403, operation="put_run_status", times=1)
    server.lose_response("put_run_status")

    with pytest.raises(ServerUnreachableError):
        server.run_status(FQN, RUN)
    assert server.run_status(FQN, RUN) is None
    with pytest.raises(RightMissingError):
        server.put_run_status(FQN, row())
    assert server.rows(FQN) == []
    with pytest.raises(ServerUnreachableError):
        server.put_run_status(FQN, row())
    assert len(server.rows(FQN)) == 1
    server.be_down()
    with pytest.raises(ServerUnreachableError):
        server.version()
    server.be_well()
    assert server.version()


def test_hooks_ask_for_themselves(server: FakeOpenMetadata) -> None:
    ended = server.before(lambda request: server.put_run_status(FQN, row(OTHER)))
    with pytest.raises(RowConflictError):
        server.put_run_status(FQN, row())
    ended()
    assert [request.run_id for request in server.requests] == [RUN]


def test_tokens(server: FakeOpenMetadata) -> None:
    old, new = token(), "e30.e30.x"
    server.accept_only("ingestion-bot", old)
    assert server.with_token(lambda: old).pipeline(FQN)
    server.accept_only("ingestion-bot", token("some-bot"))
    with pytest.raises(TokenRejectedError):
        server.pipeline(FQN)
    assert server.with_token(new).pipeline(FQN)
    assert len(server.requests) == 3
