"""The OpenMetadata servers that are told: the recording one, and the real one that the environment names."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from tests.cluster.support.shop import TOKEN, Shop
from tests.openmetadata import token
from tests.openmetadata_contract import servers
from tests.openmetadata_contract.servers import WORKFLOWS, Pipeline, Server

Document = dict[str, Any]

REPORTER = "reporter-bot"
"""Whose token the reporter of the recording server has: so the server knows its requests from those of the runs."""
ENDED = frozenset({"success", "failed", "partialSuccess", "stopped"})
DIAGNOSTICS = "Pod Diagnostics"
"""The step that the reporter adds to a row."""


@dataclass(frozen=True)
class Report:
    """A status that the server accepted.

    Attributes:
        by_us: Whether the reporter sent it, rather than the run.
        at: Seconds since the epoch.
    """

    state: str
    by_us: bool
    at: float


class OpenMetadata(ABC):
    """A server with pipelines of our own.

    Attributes:
        address: Of its API, as pods and this machine reach it.
        token: What runs say who they are with.
        reporter_token: The same of the reporter.
    """

    def __init__(self, address: str, token: str, reporter_token: str) -> None:
        self.address = address
        self.token = token
        self.reporter_token = reporter_token
        self._servers: dict[str, Server] = {}
        self._pipelines: dict[str, Pipeline] = {}
        self._made = ExitStack()

    def know(self, name: str) -> None:
        """Have it have a pipeline, and a service of its own, whose entities no other run has made."""
        server = Server(self.address, self.token, None)
        self._made.callback(server.close)
        self._servers[name], self._pipelines[name] = server, server.pipeline(name)

    def service(self, name: str) -> str:
        """Return the service of a pipeline that it knows."""
        return self._servers[name].name

    def fqn(self, name: str) -> str:
        """Return the fully qualified name of a pipeline that it knows."""
        return self._pipelines[name].fqn

    def connection_test(self, name: str, connection: Document) -> Document:
        """Have it have a test of a connection to the service of a pipeline; return it as a bot sees it."""
        server = self._servers[name]
        request = {"connection": connection, "serviceType": "Database", "connectionType": "Postgres"}
        create = {
            "name": f"{server.name}-test",
            "workflowType": "TEST_CONNECTION",
            "request": {**request, "serviceName": server.name},
        }
        made = server.call("POST", WORKFLOWS, create)
        assert made.status == 201, made
        identity = str(made.body["id"])
        self._made.callback(server.call, "DELETE", f"{WORKFLOWS}/{identity}?hardDelete=true")
        return self.tested(name, identity)

    def tested(self, name: str, identity: str) -> Document:
        """Return a test of a connection as a bot sees it."""
        found: Document = self._servers[name].call("GET", f"{WORKFLOWS}/{identity}").body
        return found

    def close(self) -> None:
        """Remove what was made."""
        self._made.close()

    @property
    @abstractmethod
    def version(self) -> str:
        """Of a real server; empty for the recording one."""

    @abstractmethod
    def reports(self, name: str, run: str) -> list[Report]:
        """Return what it accepted about a run, in order."""

    @abstractmethod
    def row(self, name: str, run: str) -> Document | None:
        """Return the row in force of a run."""

    @abstractmethod
    def fault(self, **rule: Any) -> None:
        """Have it fail."""

    @abstractmethod
    def heal(self) -> None:
        """Have it do as it should."""


class Recording(OpenMetadata):
    """The one that a shop has, which notes each request, and fails when it is told to."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop.server, TOKEN, token(REPORTER))
        self._shop = shop

    @property
    def version(self) -> str:
        return ""

    def reports(self, name: str, run: str) -> list[Report]:
        path = f"requests?method=PUT&path={self.fqn(name)}/pipelineStatus"
        return [
            Report(item["body"]["pipelineState"], item["auth"].get("subject") == REPORTER, item["time"])
            for item in self._shop.recorded(path)["requests"]
            if item["status"] < 300 and item["body"].get("runId") == run
        ]

    def row(self, name: str, run: str) -> Document | None:
        rows: Sequence[Document] = self._shop.recorded("rows").get(self.fqn(name), ())
        mine = [row for row in rows if row["runId"] == run]
        assert len(mine) < 2, "one row of a run"
        return mine[0] if mine else None

    def fault(self, **rule: Any) -> None:
        self._shop.told("POST", "_faults", rule)

    def heal(self) -> None:
        self._shop.told("DELETE", "_faults")


class Real(OpenMetadata):
    """The one that OPENMETADATA_URL names: it tells what it has of a run, and not what it has been told.

    What was reported is what was seen by looking again and again, each state once.
    """

    def __init__(self) -> None:
        super().__init__(servers.URL.rstrip("/"), servers.TOKEN, servers.TOKEN)
        self._seen: dict[str, list[Report]] = {}

    @property
    def version(self) -> str:
        some = next(iter(self._servers.values()))
        return str(some.call("GET", "system/version").body["version"])

    def reports(self, name: str, run: str) -> list[Report]:
        self.row(name, run)
        return self._seen.get(run, [])

    def row(self, name: str, run: str) -> Document | None:
        """Read it by the run's id: a list would have the server ask its pipeline service."""
        answer = self._pipelines[name].get(run)
        assert answer.status in (200, 204), answer
        row: Document | None = answer.body
        seen = self._seen.setdefault(run, [])
        if row is not None and (not seen or seen[-1].state != row["pipelineState"]):
            by_us = any(step["name"] == DIAGNOSTICS for step in row.get("status") or ())
            seen.append(Report(row["pipelineState"], by_us, time.time()))
        return row

    def fault(self, **rule: Any) -> None:
        raise AssertionError(f"a real server cannot be told to fail: {rule}")

    def heal(self) -> None:
        """Nothing: it has no faults."""
