"""What our client writes to an OpenMetadata server, and what it makes of a server that does not take it."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.errors import (
    EntityNotFoundError,
    InputError,
    RightMissingError,
    RowConflictError,
    ServerResponseError,
    ServerUnreachableError,
    TokenRejectedError,
)
from k8s_pipeline_client.openmetadata.client import HttpOpenMetadata
from k8s_pipeline_client.openmetadata.port import OpenMetadata
from k8s_pipeline_client.openmetadata.server import trust
from tests.cluster.local.certificates import Authority
from tests.images.recording import RecordingServer
from tests.openmetadata import pipeline, service, token
from tests.programs.other import Other

RUN, OTHER_RUN = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
ENTITY = pipeline("nightly", service("shop"))
FQN, ID = "shop.nightly", ENTITY["id"]
WORKFLOW: Document = {"id": RUN, "name": "test-shop", "request": {}}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    entities = {"services/ingestionPipelines": [ENTITY], "automations/workflows": [WORKFLOW]}
    with RecordingServer(seed={"entities": entities}) as running:
        yield running


Connect = Callable[..., HttpOpenMetadata]


@pytest.fixture
def connect() -> Iterator[Connect]:
    with ExitStack() as clients:
        yield lambda address, bearer=None, **more: clients.enter_context(
            HttpOpenMetadata(address, bearer or token(), **more)
        )


@pytest.fixture
def client(server: RecordingServer, connect: Connect) -> HttpOpenMetadata:
    return connect(server.url)


def row(run_id: str = RUN, timestamp: int = 5, state: str = "failed", **more: object) -> Document:
    return {"runId": run_id, "pipelineState": state, "timestamp": timestamp, **more}


WRITES: dict[str, Callable[[OpenMetadata], object]] = {
    "put": lambda port: port.put_run_status(FQN, row()),
    "delete": lambda port: port.delete_run_status(ID, RUN),
    "automation": lambda port: port.set_automation_status(RUN, "Failed", None),
    "close": lambda port: port.close_log_stream(FQN, RUN),
}
every_write = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)


def test_a_row_is_read_as_it_was_written(client: HttpOpenMetadata) -> None:
    assert client.run_status(FQN, RUN) is None
    client.put_run_status(FQN, row(startDate=1, status=[{"name": "Source", "records": 7}]))
    client.put_run_status(FQN, row(OTHER_RUN, 9, "running"))

    found = client.run_status(FQN, RUN)
    assert found is not None
    assert (found["startDate"], found["status"][0]["records"]) == (1, 7)
    assert [each["runId"] for each in client.run_statuses(FQN, start=0, end=10)] == [OTHER_RUN, RUN]
    assert [each["runId"] for each in client.run_statuses(FQN, start=5, end=8)] == [RUN]
    client.delete_run_status(ID, RUN)
    client.delete_run_status(ID, RUN)
    assert client.run_status(FQN, RUN) is None


def test_all_rows_are_listed(client: HttpOpenMetadata) -> None:
    for number in range(12):
        client.put_run_status(FQN, row(RUN[:-2] + f"{number:02}", number))
    assert len(client.run_statuses(FQN, start=0, end=2**62)) == 12


@pytest.mark.parametrize(
    "name", ["a/b", "a%2Fb", "with.dot", "a?b=c", "a#b", "a b", "é", "..", "a;b", "a+b", "x" * 256]
)
def test_any_name(server: RecordingServer, client: HttpOpenMetadata, name: str) -> None:
    entity = pipeline(name, service("shop"))
    server.control.seed({"entities": {"services/ingestionPipelines": [entity]}})
    fqn = entity["fullyQualifiedName"]

    client.put_run_status(fqn, row())
    assert client.run_status(fqn, RUN)
    assert len(client.run_statuses(fqn, start=0, end=9)) == 1
    client.close_log_stream(fqn, RUN)
    assert [log["fqn"] for log in server.api.runs.logs()] == []
    assert server.api.runs.closed() == {(fqn, RUN)}
    assert server.journal.since()[0].path == f"/api/v1/services/ingestionPipelines/{fqn}/pipelineStatus"


def test_the_status_of_an_automation(client: HttpOpenMetadata) -> None:
    response = {"status": "Failed", "steps": [{"name": "CheckAccess", "mandatory": True, "passed": False}]}
    client.set_automation_status(RUN, "Failed", response)
    client.set_automation_status(RUN, "Failed", None)

    found = client.automation("test-shop")
    assert (found["status"], found["response"]) == ("Failed", response)


def test_a_timestamp_that_another_run_has(client: HttpOpenMetadata) -> None:
    client.put_run_status(FQN, row(OTHER_RUN))
    with pytest.raises(RowConflictError) as caught:
        client.put_run_status(FQN, row())
    assert (caught.value.code, caught.value.status) == ("RowConflict", 409)
    assert caught.value.facts == {"fqn": FQN, "run_id": RUN}


def test_what_is_not_there_or_deleted(server: RecordingServer, client: HttpOpenMetadata) -> None:
    asked: list[Callable[[str], object]] = [
        lambda fqn: client.run_status(fqn, RUN),
        lambda fqn: client.put_run_status(fqn, row()),
        lambda fqn: client.run_statuses(fqn, start=0, end=9),
        client.pipeline,
    ]
    server.api.entities.put("services/ingestionPipelines", {**ENTITY, "deleted": True})
    for ask in asked:
        for fqn in ("shop.nope", FQN):
            with pytest.raises(EntityNotFoundError, match=f"^ingestion pipeline '{fqn}' is not in OpenMetadata"):
                ask(fqn)
    assert client.pipeline(FQN, include_deleted=True)["deleted"] is True
    assert client.pipeline_with_id(ID, include_deleted=True)["deleted"] is True
    with pytest.raises(EntityNotFoundError):
        client.delete_run_status(ID, RUN)
    with pytest.raises(EntityNotFoundError):
        client.automation("nope")
    with pytest.raises(EntityNotFoundError):
        client.set_automation_status(OTHER_RUN, "Failed", None)


@pytest.mark.parametrize(
    "fault",
    [{"status": 429}, {"status": 500}, {"status": 502}, {"status": 503}, {"drop": True}],
    ids=lambda fault: "-".join(map(str, next(iter(fault.items())))),
)
@every_write
def test_a_write_that_fails_is_made_again(
    server: RecordingServer, client: HttpOpenMetadata, write: Callable[[OpenMetadata], object], fault: dict[str, Any]
) -> None:
    server.faults.add({"path": "", "times": 1, **fault})

    write(client)
    assert len(server.journal.since()) == 2


def test_a_row_whose_response_is_lost_is_one_row(server: RecordingServer, client: HttpOpenMetadata) -> None:
    server.faults.add({"path": "pipelineStatus", "reset": True, "times": 1})
    client.put_run_status(FQN, row())
    assert len(client.run_statuses(FQN, start=0, end=9)) == 1


@pytest.mark.parametrize("status", [400, 409, 413, 415, 422, 501])
@every_write
def test_a_refusal_is_not_asked_again(
    server: RecordingServer, client: HttpOpenMetadata, write: Callable[[OpenMetadata], object], status: int
) -> None:
    server.faults.add({"path": "", "status": status, "message": "that is why"})

    with pytest.raises(
        ServerResponseError, match=rf"failed to (update|delete|close) .+: {status}, that is why"
    ) as caught:
        write(client)
    assert caught.value.status == status
    assert isinstance(caught.value, RowConflictError) == (
        status == 409 and "update the status of run" in str(caught.value)
    )
    assert len(server.journal.since()) == 1


@every_write
def test_a_token_that_is_refused_or_may_not(
    server: RecordingServer, client: HttpOpenMetadata, write: Callable[[OpenMetadata], object]
) -> None:
    server.faults.add({"path": "", "status": 401, "times": 1})
    server.faults.add({"path": "", "status": 403, "message": "no"})

    with pytest.raises(TokenRejectedError):
        write(client)
    with pytest.raises(RightMissingError) as caught:
        write(client)
    assert "ingestion-bot" in caught.value.hint
    assert "to edit " in caught.value.hint, "not to view, as for a read"


def test_a_right_that_is_missing_to_close_a_log_comes_as_500(server: RecordingServer, connect: Connect) -> None:
    with pytest.raises(RightMissingError, match="EditAll") as caught:
        connect(server.url, token("somebody", is_bot=False)).close_log_stream(FQN, RUN)
    assert caught.value.status == 500


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, {"Content-Type": "text/html"}, b"<html>Sign in</html>"),
        (201, {"Content-Type": "text/html"}, b""),
        (202, JSON, b"{}"),
        (206, JSON, b"{}"),
        (302, {"Location": "https://sso.example.com/login"}, b""),
    ],
)
@every_write
def test_what_is_no_openmetadata_has_taken_nothing(
    connect: Connect, write: Callable[[OpenMetadata], object], status: int, headers: dict[str, str], body: bytes
) -> None:
    with Other(status, headers, body) as address, pytest.raises(ServerResponseError) as caught:
        write(connect(address))
    assert caught.value.code == "NotOpenMetadata"


@pytest.mark.parametrize("body", [b"{}", b'{"data": {}}', b'{"data": [1]}', b"[]"])
def test_lists_of_rows_that_are_none(connect: Connect, body: bytes) -> None:
    with Other(200, JSON, body) as address, pytest.raises(ServerResponseError):
        connect(address).run_statuses(FQN, start=0, end=9)


def test_a_server_that_is_away_for_too_long(server: RecordingServer, connect: Connect) -> None:
    server.faults.add({"path": "", "drop": True})
    with pytest.raises(ServerUnreachableError):
        connect(server.url, total_timeout=0.5).put_run_status(FQN, row())


def test_a_token_that_is_replaced_is_used_from_then_on(server: RecordingServer, connect: Connect) -> None:
    tokens = [token("some-bot"), f"{token('ingestion-bot')}\n"]
    client = connect(server.url, lambda: tokens[-1])
    client.put_run_status(FQN, row())
    tokens.pop()
    client.put_run_status(FQN, row())
    server.faults.add({"path": "", "status": 400, "message": f"what is {tokens[0]} to me"})
    with pytest.raises(ServerResponseError) as caught:
        client.put_run_status(FQN, row())

    assert [entry.auth["subject"] for entry in server.journal.since()] == ["ingestion-bot", "some-bot", "some-bot"]
    assert tokens[0] not in str(caught.value)
    tokens[0] = ""
    with pytest.raises(InputError, match="is empty"):
        client.put_run_status(FQN, row())


def test_a_proxy_is_used(server: RecordingServer, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url.removesuffix("/api"))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    connect("http://openmetadata.invalid/api").put_run_status(FQN, row())
    assert server.api.statuses.rows.of_run(FQN, RUN)


def test_an_authority_of_ones_own(connect: Connect, tmp_path: Path) -> None:
    authority = Authority("test")
    authority.server("openmetadata", ["127.0.0.1"]).write(tmp_path, "server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")

    with Other(201, JSON, json.dumps({"eventType": "x"}).encode(), context) as address:
        ours = trust("validate", authority.pair.certificate.decode())
        connect(address, verify=ours).put_run_status(FQN, row())
        with pytest.raises(ServerUnreachableError) as caught:
            connect(address).put_run_status(FQN, row())
    assert caught.value.code == "ServerUntrusted"


def test_what_the_log_says_of_a_write(client: HttpOpenMetadata, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="k8s_pipeline_client")
    client.put_run_status(FQN, row(config={"password": "hidden"}))
    client.run_statuses(FQN, start=0, end=9)

    assert "PUT /v1/services/ingestionPipelines/shop.nightly/pipelineStatus: 201" in caplog.text
    assert "pipelineStatus?startTs=0&endTs=9: 200" in caplog.text
    assert "hidden" not in caplog.text
