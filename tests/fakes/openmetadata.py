"""An `OpenMetadata` in memory: our client as it is, and the tests' stand-in of the server, without HTTP between them.

What the server does is that of ``tests/images/recording``, which the suite in ``tests/openmetadata_contract`` holds
against a real one: rows are replaced as a whole, timestamps are unique, two first writes at once spoil a row.
What it does not do: nothing is tried again, nothing takes time, and no response is anything but OpenMetadata's.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.errors import PipelineError, ServerUnreachableError
from k8s_pipeline_client.openmetadata.client import HttpOpenMetadata
from k8s_pipeline_client.openmetadata.session import Session, Token
from tests.fakes.journal import Journal
from tests.fakes.openmetadata_wire import OpenMetadataRequest, Wire
from tests.images.recording.routes import WORKFLOWS, Api
from tests.images.recording.statuses import PIPELINES
from tests.images.recording.wire import Request
from tests.openmetadata import token as jwt

ADDRESS = "http://openmetadata:8585/api"
Hook = Callable[[OpenMetadataRequest], object]


class FakeOpenMetadata(HttpOpenMetadata):
    """One server in memory, and a client of it; implements `OpenMetadata`. May be used by several threads."""

    def __init__(self, *, token: Token = "", version: str = "1.12.14") -> None:
        """Make an empty server, which accepts every token; without one that of ``ingestion-bot`` is used."""
        self._api = Api(version)
        self._journal: Journal[OpenMetadataRequest] = Journal()
        self._wire = Wire(self._api, self._journal)
        self._session = Session(ADDRESS, token or jwt(), self._wire)

    def with_token(self, token: Token) -> FakeOpenMetadata:
        """Return another client of the same server; journal, hooks and faults are the same."""
        other = FakeOpenMetadata(token=token)
        other._api, other._journal, other._wire = self._api, self._journal, self._wire
        other._session = Session(ADDRESS, token, self._wire)
        return other

    # What is asked.

    @property
    def requests(self) -> builtins.list[OpenMetadataRequest]:
        """What was asked for, in its order; what a hook asks for is not in it."""
        return self._journal.requests

    def before(self, hook: Hook) -> Callable[[], None]:
        """Have a hook called before each request; return what ends that. See `FakeCluster.before`."""
        return self._journal.before(hook)

    def after(self, hook: Hook) -> Callable[[], None]:
        """Have a hook called after each request, refused ones too: what it raises, the caller gets instead."""
        return self._journal.after(hook)

    # What goes wrong. The first rule that is not used up is taken.

    def fail(self, error: PipelineError, operation: str = "", *, times: int | None = None) -> None:
        """Raise an error instead of asking, for one operation of the port or for every one."""
        self._wire.plan(operation, times, before=error)

    def refuse(self, status: int, message: str = "refused", operation: str = "", *, times: int | None = None) -> None:
        """Have the server refuse, with what our client makes of it."""
        self._wire.plan(operation, times, status=status, message=message)

    def be_down(self, operation: str = "", *, times: int | None = None) -> None:
        """Have no response come, and nothing carried out."""
        self.fail(
            ServerUnreachableError(f"cannot connect to the OpenMetadata server {ADDRESS}"), operation, times=times
        )

    def lose_response(self, operation: str = "", *, times: int | None = 1) -> None:
        """Have it carried out, and no response come."""
        error = ServerUnreachableError(f"cannot connect to the OpenMetadata server {ADDRESS}: ReadTimeout")
        self._wire.plan(operation, times, after=error)

    def be_well(self) -> None:
        """Forget all of these rules."""
        self._wire.forget()

    def accept_only(self, bot: str, *tokens: str) -> None:
        """Refuse every other token of a bot."""
        self._api.access.accept({"bot": bot, "accepted": tokens})

    # What is there, and what others write: in no journal, and no rule applies.

    def add_pipeline(self, entity: Document) -> None:
        """Add or replace one, such as `tests.openmetadata.pipeline` returns."""
        self._api.entities.put(PIPELINES, entity)

    def add_automation(self, entity: Document) -> None:
        """Add or replace a workflow of an automation; it needs a name."""
        self._api.entities.put(WORKFLOWS, entity)

    def delete_pipeline(self, identity: str, *, hard: bool = False) -> None:
        """Delete one as people do: it can be restored, unless it is a hard delete."""
        self._carry_out(Request("DELETE", (*_pipelines(), identity), {"hardDelete": str(hard).lower()}))

    def restore_pipeline(self, identity: str) -> None:
        """Bring one back, without its rows."""
        self._carry_out(Request("PUT", (*_pipelines(), "restore"), body={"id": identity}))

    def add_row(self, fqn: str, row: Document) -> None:
        """Write a row as the ingestion, the server or another reporter does."""
        self._carry_out(Request("PUT", (*_pipelines(), fqn, "pipelineStatus"), body=row))

    def spoil(self, fqn: str, row: Document, other: Document) -> None:
        """Have two first rows of one run, which have different timestamps, written at one instant."""
        request = Request(
            "PUT", (*_pipelines(), fqn, "pipelineStatus"), body=row, between=lambda: self.add_row(fqn, other)
        )
        self._carry_out(request)

    def race(self, fqn: str, other: Document) -> None:
        """Have the next first row of the run meet this one, which is written at the same instant."""
        self._wire.race(str(other["runId"]), lambda: self.add_row(fqn, other))

    def rows(self, fqn: str) -> builtins.list[Document]:
        """Return what is in force, the newest timestamp first."""
        return self._api.statuses.rows.listed(fqn)

    def row(self, fqn: str, run_id: str) -> Document | None:
        """Return the row of a run; None if there is none."""
        return self._api.statuses.rows.of_run(fqn, run_id)

    def history(self, fqn: str, run_id: str) -> builtins.list[Document]:
        """Return all rows of a run that were accepted, as they came, in their order."""
        return self._api.runs.history().get(fqn, {}).get(run_id, [])

    def closed_logs(self) -> builtins.list[tuple[str, str]]:
        """Return the FQN and run id of each log that was closed."""
        return sorted(self._api.runs.closed())

    def _carry_out(self, request: Request) -> None:
        response = self._wire.carried_out(request)
        assert response.status < 400, response.body


def _pipelines() -> tuple[str, ...]:
    return tuple(PIPELINES.split("/"))
