"""The servers that are asked: the stand-in, and the real one that the environment names."""

from __future__ import annotations

import json
import os
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from tests.images.recording import RecordingServer
from tests.openmetadata import token

Document = dict[str, Any]
PIPELINES = "services/ingestionPipelines"
SERVICES = "services/databaseServices"
WORKFLOWS = "automations/workflows"
JSON_PATCH = "application/json-patch+json"

URL, TOKEN = os.getenv("OPENMETADATA_URL", ""), os.getenv("OPENMETADATA_TOKEN", "")
ADMIN_TOKEN = os.getenv("OPENMETADATA_ADMIN_TOKEN", "")
PIPELINE_SERVICE = os.getenv("OPENMETADATA_PIPELINE_SERVICE", "")
"""Where the real server looks for its pipeline service, as ``host:port``; the tests listen there then."""


@dataclass(frozen=True)
class Answer:
    """Status and JSON; None where there is no body, its text where it is no JSON."""

    status: int
    body: Any

    @property
    def said(self) -> str:
        """The message of a refusal."""
        return str(self.body["message"]) if isinstance(self.body, dict) else str(self.body)


class Server:
    """One server, asked as a bot."""

    def __init__(self, url: str, bearer: str, stand_in: RecordingServer | None) -> None:
        self.url = url.rstrip("/")
        self.token = bearer
        self.stand_in = stand_in
        self._http = httpx.Client(timeout=60)
        self.name = f"contract-{uuid.uuid4().hex[:8]}"
        self.service = self.call("POST", SERVICES, _service(self.name)).body

    def close(self) -> None:
        """Remove what was made; nothing of it can be restored."""
        path = f"{SERVICES}/{self.service['id']}?hardDelete=true&recursive=true"
        for _ in range(1000):  # without a pipeline service it is 400, and one pipeline is gone
            answer = self.call("DELETE", path)
            if answer.status != 400:
                break
        self._http.close()
        assert answer.status in (200, 404), answer

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        content_type: str = "application/json",
        bearer: str | None = None,
    ) -> Answer:
        """Ask for a path below ``/v1``; an empty bearer sends no token."""
        given = self.token if bearer is None else bearer
        headers = {"Content-Type": content_type} | ({"Authorization": f"Bearer {given}"} if given else {})
        content = raw if raw is not None else None if body is None else json.dumps(body).encode()
        found = self._http.request(method, f"{self.url}/v1/{path}", content=content, headers=headers)
        try:
            return Answer(found.status_code, found.json() if found.content else None)
        except ValueError:
            return Answer(found.status_code, found.text)

    def patch(self, path: str, *operations: Document) -> Answer:
        """Send a JSON patch."""
        return self.call("PATCH", path, list(operations), content_type=JSON_PATCH)

    def pipeline(self, name: str | None = None) -> Pipeline:
        """Make a pipeline of our service."""
        found = self.call("POST", PIPELINES, self.create_pipeline(name or f"p-{uuid.uuid4().hex[:8]}"))
        assert found.status == 201, found
        return Pipeline(self, found.body)

    def create_pipeline(self, name: str) -> Document:
        """Return the request for a pipeline of our service."""
        return {
            "name": name,
            "pipelineType": "metadata",
            "service": {"id": self.service["id"], "type": "databaseService"},
            "sourceConfig": {"config": {"type": "DatabaseMetadata"}},
            "airflowConfig": {},
        }


class Pipeline:
    """A pipeline of a server, and its rows."""

    def __init__(self, server: Server, entity: Document) -> None:
        self.server = server
        self.entity = entity
        self.id: str = entity["id"]
        self.fqn: str = entity["fullyQualifiedName"]
        self.rows = f"{PIPELINES}/{quote(self.fqn, safe='')}/pipelineStatus"

    def put(self, row: Any, **more: Any) -> Answer:
        """Write a row."""
        return self.server.call("PUT", self.rows, row, **more)

    def get(self, run_id: str) -> Answer:
        """Read the row of a run."""
        return self.server.call("GET", f"{self.rows}/{run_id}")

    def listed(self, **query: int) -> Answer:
        """List rows."""
        return self.server.call("GET", f"{self.rows}?{'&'.join(f'{key}={value}' for key, value in query.items())}")

    def delete(self, run_id: str = "") -> Answer:
        """Delete the rows of a run, or all."""
        return self.server.call("DELETE", f"{PIPELINES}/{self.id}/pipelineStatus" + (f"/{run_id}" if run_id else ""))

    def at_once(self, *rows: Document) -> list[int]:
        """Write rows at the same instant, and return the statuses."""
        barrier = threading.Barrier(len(rows))

        def write(row: Document) -> int:
            barrier.wait(10)
            return self.put(row).status

        with ThreadPoolExecutor(len(rows)) as threads:
            return list(threads.map(write, rows))

    def spoiled(self) -> tuple[Document, Document]:
        """Have two first rows of one run written at one instant; return them."""
        for attempt in range(200):
            first, second = row(timestamp=10 * attempt), row(timestamp=10 * attempt + 1)
            second["runId"] = first["runId"]
            statuses = self._overtaken(first, second) if self.server.stand_in else self.at_once(first, second)
            assert statuses in ([201, 201], [201, 409], [409, 201])
            # Of one row it is what it was already. A list would say it, too, and needs a pipeline service.
            if self.put(first if statuses[0] == 201 else second).status == 409:
                return first, second
        raise AssertionError("in 200 attempts no two first rows were written at one instant")

    def _overtaken(self, first: Document, second: Document) -> list[int]:
        """Hold a row of the stand-in between its look-up and its insertion until another has been written."""
        assert self.server.stand_in is not None
        faults = self.server.stand_in.faults
        faults.add({"path": "pipelineStatus$", "method": "PUT", "holdSeconds": 0.3, "times": 1})
        with ThreadPoolExecutor(1) as threads:
            held = threads.submit(self.put, first)
            await_that(lambda: faults.listed()[0]["hits"] == 1)
            overtaking = self.put(second).status
            statuses = [held.result().status, overtaking]
        faults.clear()
        return statuses


def row(run_id: str = "", *, timestamp: int | None = None, state: str = "running", **more: Any) -> Document:
    """A row of a run."""
    return {
        "runId": run_id or str(uuid.uuid4()),
        "pipelineState": state,
        "timestamp": random.randrange(10**12) if timestamp is None else timestamp,
        **more,
    }


def await_that(condition: Callable[[], bool], seconds: float = 10, *, every: float = 0.01) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(every)


def why_unreached() -> str:
    """Return why pods do not reach the real server at its address; empty if nothing speaks against it."""
    host = urlsplit(URL).hostname or ""
    if host == "localhost" or host.startswith("127.") or host == "::1":
        return f"OPENMETADATA_URL is {URL}: name an address of the server that pods reach, too"
    return ""


@contextmanager
def running(*, real: bool) -> Iterator[Server]:
    """Yield a server with a service of our own."""
    if real:
        server = Server(URL, TOKEN, None)
        try:
            yield server
        finally:
            server.close()
        return
    with RecordingServer() as stand_in:
        server = Server(stand_in.url, token(), stand_in)
        yield server
        server.close()


def _service(name: str) -> Document:
    config = {"type": "Postgres", "username": "reader", "authType": {"password": "hidden"}, "hostPort": "db:5432"}
    return {"name": name, "serviceType": "Postgres", "connection": {"config": {**config, "database": "shop"}}}
