"""Whatever comes is answered in JSON, and nothing of it is a fault of ours."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from k8s_pipeline_client.cluster.port import Kind
from tests.service.javaclient import ROOTS, Answer, JavaClient
from tests.service.stage import NIGHTLY, Stage

ROOT = ROOTS[0]
NAME = NIGHTLY["name"]
POSTS = ("deploy", "trigger", "enable", "disable", "kill", "run_automation", "run_application")
DEEP = b'{"dag_id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.fixture(autouse=True)
def no_fault(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No test may have the service meet a fault of its own."""
    yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


def is_refusal(answer: Answer, status: int) -> bool:
    """Tell whether an answer is a refusal as all are."""
    body = answer.json
    return answer.status == status and isinstance(body["error"], str) and "Traceback" not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n",
        b"not JSON",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"5",
        b"{'dag_id': 'nightly'}",
        b'{"dag_id": "nightly"} {}',
        b'{"dag_id": "nightly", "dag_id": "other"}',
        b'{"dag_id": "nightly", "conf": {"a": 1, "a": 2}}',
        b'{"dag_id": "nightly", "conf": {"pipelineRunId": NaN}}',
        b'{"dag_id": "nightly", "n": Infinity}',
        b'{"n": ' + b"9" * 10_000 + b"}",
        b"\xff\xfe{\x00}\x00",
        b'{"dag_id": "\xff"}',
        b"dag_id: nightly",
        b"<xml/>",
        DEEP,
        b"[" * 1_000_000,
        b'{"a":' * 200_000,
    ],
    ids=lambda body: repr(body[:30]),
)
def test_a_body_that_cannot_be_read_is_400(stage: Stage, server: JavaClient, body: bytes) -> None:
    for operation in POSTS:
        assert is_refusal(server.send_raw("POST", f"/{ROOT}/{operation}", body), 400), operation
    assert stage.cluster.requests == []


def test_a_body_without_end_is_413_and_costs_no_memory(stage: Stage, server: JavaClient) -> None:
    answer = server.send_raw("POST", f"/{ROOT}/deploy", b'{"name": "' + b"x" * 100 * 2**20 + b'"}')
    assert is_refusal(answer, 413)
    assert stage.cluster.requests == []


def test_so_is_one_that_does_not_say_how_long_it_is(stage: Stage) -> None:
    """Chunked, as HTTP/1.1 allows."""
    head = (
        f"POST /{ROOT}/deploy HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
        f"Authorization: {stage.client()._authorization}\r\n\r\n"
    )
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    with socket.create_connection(("127.0.0.1", stage.port), timeout=30) as connection:
        connection.sendall(head.encode())
        for _ in range(100):
            connection.sendall(chunk)
        connection.sendall(b"0\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 413"


@pytest.mark.parametrize("name", ["\x00", "a\x00b", "\r\nX: y", "../../etc", "\u202e", "a" * 256, "%00", "{}"])
def test_strange_names_are_names_like_others(stage: Stage, server: JavaClient, name: str) -> None:
    for operation in ("trigger", "enable", "disable", "kill"):
        body = json.dumps({"dag_id": name}).encode()
        assert is_refusal(server.send_raw("POST", f"/{ROOT}/{operation}", body), 404), operation
    half = json.dumps({"dag_id": f"{name[:9]}\ud800"}).encode()  # of a surrogate pair: no text, so no name
    assert is_refusal(server.send_raw("POST", f"/{ROOT}/trigger", half), 400)
    assert server.send_raw("DELETE", f"/{ROOT}/delete?dag_id=%00%F0%9F%90%98").status == 200
    assert server.send_raw("GET", f"/{ROOT}/status?dag_id=%00").status == 404
    assert is_refusal(server.send_raw("GET", f"/{ROOT}/status?dag_id=%ff"), 400)


@pytest.mark.parametrize("text", ["\x00", "\ud800", "\udfff\ud800", "\u202e\u2028", "🐘"])
@pytest.mark.parametrize("field", ["name", "displayName", "fullyQualifiedName", "id", "loggerLevel"])
def test_strange_text_in_an_entity_is_deployed_or_refused(
    stage: Stage, server: JavaClient, field: str, text: str
) -> None:
    body = json.dumps({**NIGHTLY, field: f"x{text}y"}).encode()
    answer = server.send_raw("POST", f"/{ROOT}/deploy", body)
    assert answer.status in (200, 400), answer.text
    assert len(stage.cluster.list(Kind.CRONJOB)) == (answer.status == 200)


@pytest.mark.parametrize("field", [*NIGHTLY, "fieldOfTomorrow"])
def test_no_value_of_any_field_is_a_fault(server: JavaClient, field: str) -> None:
    values: list[Any] = [None, True, 5, -1, 1e300, "", "x" * 100_000, [], [[]], {}, {"": None}]
    for value in values:
        answer = server.send("POST", f"{ROOT}/deploy", {**NIGHTLY, field: value})
        assert answer.status in (200, 400), (value, answer.text)


def test_what_there_is_not_is_said_in_json(server: JavaClient) -> None:
    assert is_refusal(server.send("GET", "nothing"), 404)
    assert is_refusal(server.send("GET", f"{ROOT}/nothing"), 404)
    assert is_refusal(server.send("GET", f"{ROOT}/deploy"), 405)
    assert is_refusal(server.send("PUT", f"{ROOT}/health"), 405)
    assert is_refusal(server.send("GET", "docs"), 404)
    assert is_refusal(server.send("GET", "openapi.json"), 404)


def test_no_refusal_speaks_of_csrf_tokens(server: JavaClient) -> None:
    """In a 400 the server's client looks for these words, and asks again."""
    answer = server.ask("POST", "trigger", {"dag_id": "my CSRF token", "conf": {"pipelineRunId": "CSRF token"}})
    assert answer.status == 400
    twice = server.send_raw("GET", f"/{ROOT}/last_dag_logs?dag_id=x&task_id=y&CSRF+token=1&CSRF+token=2")
    assert twice.status == 400
    assert "csrf token" not in twice.text.lower()
    assert server.csrf_fetches == 1
