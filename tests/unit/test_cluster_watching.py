"""What comes of the stream of a watch."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from k8s_pipeline_client.cluster.port import Kind, WatchEvent
from k8s_pipeline_client.cluster.translate import api_error
from k8s_pipeline_client.cluster.watching import events
from k8s_pipeline_client.errors import ApiError, ForbiddenError, UnreachableError

JOB = {"kind": "Job", "metadata": {"name": "über"}}


def line(what: str, item: object) -> bytes:
    return json.dumps({"type": what, "object": item}, ensure_ascii=False).encode() + b"\n"


def refusal(status: int, body: bytes) -> ApiError:
    return api_error(status, body, action="watch Jobs", namespace="ns")


def read(chunks: Iterable[bytes]) -> list[WatchEvent]:
    return list(events(chunks, Kind.JOB, refusal))


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_events_are_read_however_they_are_cut(size: int) -> None:
    body = line("ADDED", JOB) + line("BOOKMARK", {}) + b"\n" + line("DELETED", JOB)

    found = read(body[begin : begin + size] for begin in range(0, len(body), size))

    assert found == [WatchEvent("ADDED", JOB), WatchEvent("DELETED", JOB)]


def test_a_line_that_the_connection_has_cut_off_is_no_event() -> None:
    assert read([line("ADDED", JOB), line("MODIFIED", JOB)[:-5]]) == [WatchEvent("ADDED", JOB)]


@pytest.mark.parametrize(("code", "error"), [(410, ApiError), (403, ForbiddenError), (500, ApiError)])
def test_a_watch_that_the_api_server_ends_is_an_error_with_its_status(code: int, error: type[ApiError]) -> None:
    status = {"kind": "Status", "code": code, "reason": "Expired", "message": "too old resource version"}

    with pytest.raises(error) as caught:
        read([line("ADDED", JOB), line("ERROR", status)])

    assert caught.value.status == code


@pytest.mark.parametrize(
    "body", [b"<html>\n", b"[]\n", b"{}\n", b"null\n", b"\xff\n", b'{"type": "ERROR", "object": 1}\n']
)
def test_what_is_no_watch_is_an_error(body: bytes) -> None:
    with pytest.raises(UnreachableError):
        read([body])
