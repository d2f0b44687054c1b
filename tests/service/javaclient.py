"""A small client of the managed API that does on the wire what the one in OpenMetadata's server does.

Written from how that one was seen to behave, not from our service. Two generations are in use: the *new* one gives each
run an id, the *plain* one does not. Both look for the service below three paths, log in with each request before they
are asked to, send a content type and a length with requests that have no body, follow no redirects, and take 200 alone
for success.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.parse import quote_plus, urlsplit

ROOTS = ("pluginsv2/api/v2/openmetadata", "api/v2/openmetadata", "api/v1/openmetadata")
_PROBE_SECONDS = 5.0
_FOREVER = 60.0  # the real one waits without end; a test does not
_FIELDS = {"runId", "pipelineState", "startDate", "timestamp", "endDate", "status", "config", "metadata"}
_TIMES = ("startDate", "timestamp", "endDate")
_STATES = {"queued", "success", "failed", "running", "partialSuccess"}
_MAX_PAGE = 2**20
TASKS = {
    "profiler": "profiler_task",
    "autoClassification": "auto_classification_task",
    "lineage": "lineage_task",
    "dbt": "dbt_task",
    "usage": "usage_task",
    "TestSuite": "test_suite_task",
    "dataInsight": "data_insight_task",
    "elasticSearchReindex": "elasticsearch_reindex_task",
    "application": "application_task",
}


class Generation(StrEnum):
    """Of the client."""

    NEW = "new"
    PLAIN = "plain"


@dataclass(frozen=True)
class Answer:
    """What came."""

    status: int
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class UnableToConnectError(Exception):
    """None of the paths answered as it should."""


class FailedError(Exception):
    """An answer that is not 200; what the server would show to its user."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status}: {answer.text}")
        self.answer = answer


class JavaClient:
    """Speaks to one service; ``endpoint`` is the setting ``apiEndpoint``."""

    def __init__(
        self, endpoint: str, username: str, password: str, generation: Generation = Generation.NEW, *, tls: Any = None
    ) -> None:
        parts = urlsplit(endpoint)
        self._host, self._port, self._base, self._tls = parts.hostname or "", parts.port, parts.path, tls
        login = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._authorization = f"Basic {login}"
        self._root: str | None = None
        self._csrf: str | None = None
        self.generation = generation
        self.csrf_fetches = 0

    # Operations.

    def deploy(self, entity: dict[str, Any]) -> str:
        return self._changed("POST", "deploy", entity)

    def trigger(self, name: str, *, conf: dict[str, Any] | None = None) -> str | None:
        """Return the id that the server takes the run to have; the plain generation knows none."""
        if self.generation is Generation.PLAIN:
            self._changed("POST", "trigger", {"dag_id": name, **({"conf": conf} if conf else {})})
            return None
        identity = str(uuid.uuid4())
        self._changed("POST", "trigger", {"dag_id": name, "conf": {"pipelineRunId": identity, **(conf or {})}})
        return identity

    def toggle(self, name: str, enabled: bool) -> bool | None:
        """Return whether the server takes it for deployed; None where it does not say."""
        answer = self.ask("POST", "enable" if enabled else "disable", {"dag_id": name})
        if answer.status == 404:
            return False
        if answer.status != 200:
            raise FailedError(answer)
        return None

    def kill(self, name: str) -> str:
        return self._changed("POST", "kill", {"dag_id": name})

    def delete(self, name: str) -> str:
        return self._changed("DELETE", f"delete?dag_id={quote_plus(name)}", None)

    def queued(self, name: str) -> list[dict[str, Any]]:
        """Whatever cannot be parsed makes the list empty."""
        answer = self.ask("GET", f"status?dag_id={quote_plus(name)}&only_queued=true")
        try:
            return [strict(row) for row in answer.json] if answer.status == 200 else []
        except (ValueError, TypeError):
            return []

    def logs(self, name: str, pipeline_type: str = "metadata", after: str | None = None) -> dict[str, Any]:
        task = TASKS.get(pipeline_type, "ingestion_task")
        first = f"after={quote_plus(after)}&" if after is not None else ""
        answer = self.ask("GET", f"last_dag_logs?{first}dag_id={quote_plus(name)}&task_id={quote_plus(task)}")
        if answer.status != 200:
            raise FailedError(answer)
        found: dict[str, Any] = answer.json
        if any(isinstance(value, dict | list) for value in found.values()):
            raise FailedError(answer)
        return found

    def all_logs(self, name: str, pipeline_type: str = "metadata") -> str:
        """Read pages until ``after`` is gone."""
        text: str = ""
        after: str | None = None
        for _ in range(1000):
            page = self.logs(name, pipeline_type, after)
            piece: str = page[TASKS.get(pipeline_type, "ingestion_task")]
            assert len(piece.encode()) <= _MAX_PAGE
            text += piece
            if page.get("after") is None:
                return text
            after = str(page["after"])
        raise AssertionError("the pages have no end")

    def run_automation(self, workflow: dict[str, Any]) -> str:
        return self._changed("POST", "run_automation", workflow)

    def run_application(self, app: dict[str, Any]) -> str:
        return self._changed("POST", "run_application", app)

    def host_ip(self) -> dict[str, str]:
        answer = self.ask("GET", "ip")
        if answer.status != 200:
            raise FailedError(answer)
        found: dict[str, str] = answer.json
        return found

    def health(self) -> Answer:
        """The real one asks again, twice, where it gets 500 and above."""
        return self.ask("GET", "health-auth")

    # The wire.

    def detect(self) -> str:
        """Return the path that is used from then on."""
        for root in ROOTS if self._root is None else ():
            answer = self.send("GET", f"{root}/health-auth", timeout=_PROBE_SECONDS)
            try:
                version = answer.json.get("version") if answer.status == 200 else None
            except (ValueError, AttributeError):
                version = None
            if isinstance(version, str):
                self._root = root
                break
        if self._root is None:
            raise UnableToConnectError
        return self._root

    def ask(self, method: str, operation: str, body: Any = None) -> Answer:
        """Ask below the path that was detected."""
        root = self.detect()
        if method in ("POST", "DELETE"):
            self._fetch_csrf(root)
        answer = self.send(method, f"{root}/{operation}", body)
        if answer.status == 400 and "CSRF token" in answer.text:
            self._csrf = None
            self._fetch_csrf(root)
            answer = self.send(method, f"{root}/{operation}", body)
        return answer

    def send(self, method: str, path: str, body: Any = None, *, timeout: float = _FOREVER) -> Answer:
        """Send a request; the path is joined to that of the endpoint with a slash, whether that ends in one or not."""
        return self.send_raw(
            method, f"{self._base}/{path}", b"" if body is None else json.dumps(body).encode(), timeout
        )

    def send_raw(self, method: str, target: str, body: bytes = b"", timeout: float = _FOREVER) -> Answer:
        connection = self._connection(timeout)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(body)))
            connection.putheader("Authorization", self._authorization)
            if self._csrf is not None:
                connection.putheader("X-CSRFToken", self._csrf)
            connection.endheaders(body or None)
            response = connection.getresponse()
            return Answer(response.status, response.read())
        finally:
            connection.close()

    def _connection(self, timeout: float) -> HTTPConnection:
        if self._tls is not None:
            return HTTPSConnection(self._host, self._port, timeout=timeout, context=self._tls)
        return HTTPConnection(self._host, self._port, timeout=timeout)

    def _fetch_csrf(self, root: str) -> None:
        if self._csrf is None:
            self.csrf_fetches += 1
            answer = self.send("GET", f"{root}/csrf-token")
            self._csrf = answer.json.get("csrf_token") if answer.status == 200 else None

    def _changed(self, method: str, operation: str, body: Any) -> str:
        answer = self.ask(method, operation, body)
        if answer.status != 200:
            raise FailedError(answer)
        return answer.text


def strict(row: Any) -> dict[str, Any]:
    """Parse a PipelineStatus as the server does.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(row, dict) or set(row) - _FIELDS:
        raise ValueError(f"unknown fields: {row}")
    if not isinstance(row.get("runId"), str) or row.get("pipelineState") not in _STATES:
        raise ValueError(f"no run: {row}")
    for key in _TIMES:
        if row.get(key) is not None and type(row[key]) is not int:
            raise ValueError(f"{key} is no number of milliseconds: {row[key]!r}")
    return row


def refused(ask: Callable[..., Any], *given: Any) -> Answer:
    """Ask, and return the answer, which is no success and says why in JSON."""
    try:
        ask(*given)
    except FailedError as error:
        assert isinstance(error.answer.json["error"], str)
        return error.answer
    raise AssertionError("it was not refused")
