"""Carries requests of our client to the tests' stand-in of the server, in this process."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from k8s_pipeline_client.errors import PipelineError
from k8s_pipeline_client.openmetadata import transport
from tests.fakes.journal import Journal
from tests.images.recording.routes import Api, segments_of
from tests.images.recording.wire import Request, Response, refused
from tests.openmetadata import token as jwt


@dataclass(frozen=True, slots=True)
class OpenMetadataRequest:
    """One request, in the port's words.

    Attributes:
        operation: The port's method, such as ``put_run_status``.
        name: What it is about: an FQN, an id or a name; empty for a list and for ``version``.
        run_id: Of a row or a log; else empty.
        body: What was sent, or None.
        query: The parameters.
    """

    operation: str
    name: str = ""
    run_id: str = ""
    body: Any = field(default=None, hash=False)
    query: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Rule:
    operation: str
    left: int | None
    before: PipelineError | None = None
    after: PipelineError | None = None
    status: int = 0
    message: str = ""


class Wire:
    """Sends requests, notes them, and has go wrong what a test has planned."""

    def __init__(self, api: Api, journal: Journal[OpenMetadataRequest]) -> None:
        self._api = api
        self._journal = journal
        self._lock = threading.RLock()
        self._rules: list[_Rule] = []
        self._races: dict[str, Callable[[], None]] = {}

    def close(self) -> None:
        """Do nothing."""

    def send(self, request: transport.Request) -> transport.Response:
        """Carry a request out, unless something else was planned."""
        segments = segments_of(request.path)
        assert segments is not None, request.path
        sent = json.loads(request.body) if request.body else None
        named = described(request.method, segments, sent, dict(request.query))
        with self._journal.around(named):
            rule = self._taken(named.operation)
            if rule is not None and rule.before is not None:
                raise rule.before
            if rule is not None and rule.status:
                response = refused(rule.status, rule.message)
            else:
                response = self._answered(request, segments, sent, named.run_id)
        if rule is not None and rule.after is not None:
            raise rule.after
        body = b"" if response.body is None else json.dumps(response.body).encode()
        return transport.Response(response.status, 0.0, body, "application/json", "")

    def carried_out(self, request: Request) -> Response:
        """Carry a request of somebody else out, an admin for one."""
        return self._api.answer(replace(request, authorization=f"Bearer {jwt('admin')}"))

    def plan(self, operation: str, times: int | None, **what: Any) -> None:
        """Have the next requests go wrong."""
        with self._lock:
            self._rules.append(_Rule(operation, times, **what))

    def forget(self) -> None:
        """Have nothing go wrong."""
        with self._lock:
            self._rules.clear()
            self._races.clear()

    def race(self, run_id: str, other: Callable[[], None]) -> None:
        """Have something happen while the next first row of a run is written."""
        with self._lock:
            self._races[run_id] = other

    def _answered(self, request: transport.Request, segments: tuple[str, ...], sent: Any, run_id: str) -> Response:
        def between() -> None:
            with self._lock:
                other = self._races.pop(run_id, None)
            if other is not None:
                other()

        return self._api.answer(
            Request(
                request.method,
                segments,
                dict(request.query),
                sent,
                content_type=request.content_type,
                authorization=f"Bearer {request.token}",
                between=between,
            )
        )

    def _taken(self, operation: str) -> _Rule | None:
        with self._lock:
            for rule in self._rules:
                if rule.operation in ("", operation) and rule.left != 0:
                    if rule.left is not None:
                        rule.left -= 1
                    return rule
        return None


_ROWS = {"GET": "run_statuses", "PUT": "put_run_status"}
_ROW = {"GET": "run_status", "DELETE": "delete_run_status"}


def described(method: str, segments: tuple[str, ...], body: Any, query: dict[str, str]) -> OpenMetadataRequest:
    """Return a request in the port's words."""
    given = tuple(sorted(query.items()))
    match segments:
        case ("system", "version"):
            return OpenMetadataRequest("version")
        case ("services", "ingestionPipelines"):
            return OpenMetadataRequest("pipelines", query=given)
        case ("services", "ingestionPipelines", "name", fqn):
            return OpenMetadataRequest("pipeline", fqn, query=given)
        case ("services", "ingestionPipelines", "logs", fqn, run_id, "close"):
            return OpenMetadataRequest("close_log_stream", fqn, run_id)
        case ("services", "ingestionPipelines", fqn, "pipelineStatus"):
            run_id = str(body["runId"]) if body else ""
            return OpenMetadataRequest(_ROWS[method], fqn, run_id, body, given)
        case ("services", "ingestionPipelines", name, "pipelineStatus", run_id):
            return OpenMetadataRequest(_ROW[method], name, run_id)
        case ("services", "ingestionPipelines", identity):
            return OpenMetadataRequest("pipeline_with_id", identity, query=given)
        case ("automations", "workflows", *_, name):
            return OpenMetadataRequest("set_automation_status" if method == "PATCH" else "automation", name, body=body)
    return OpenMetadataRequest("service", segments[-1], query=given)
