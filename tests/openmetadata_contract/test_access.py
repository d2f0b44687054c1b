"""Whose token is accepted, and for what."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.openmetadata_contract.accounts import Accounts, accounts_of
from tests.openmetadata_contract.servers import ADMIN_TOKEN, PIPELINES, Pipeline, Server, await_that, row


@pytest.fixture
def accounts(server: Server) -> Iterator[Accounts]:
    """Accounts of our own."""
    if server.stand_in is None and not ADMIN_TOKEN:
        pytest.skip("OPENMETADATA_ADMIN_TOKEN is not set: the tests make accounts of their own")
    with accounts_of(server) as found:
        yield found


def test_a_request_without_a_token_or_with_a_bad_one(server: Server, pipeline: Pipeline) -> None:
    for bearer, said in (("", "Token not present"), ("abc", "Invalid token")):
        answers = (
            pipeline.put(row(), bearer=bearer),
            server.call("GET", f"{pipeline.rows}/{uuid.uuid4()}", bearer=bearer),
            server.call("GET", f"{PIPELINES}/{pipeline.id}", bearer=bearer),
        )
        assert [(answer.status, said in answer.said) for answer in answers] == [(401, True)] * 3
    assert server.call("GET", "system/version", bearer="").status == 200


def test_somebody_without_rights_may_read_and_not_write(server: Server, pipeline: Pipeline, accounts: Accounts) -> None:
    person, run = accounts.person(), str(uuid.uuid4())
    assert server.call("GET", f"{pipeline.rows}/{run}", bearer=person).status == 204
    written = pipeline.put(row(run), bearer=person)
    deleted = server.call("DELETE", f"{PIPELINES}/{pipeline.id}/pipelineStatus/{run}", bearer=person)
    closed = server.call("POST", f"{PIPELINES}/logs/{pipeline.fqn}/{run}/close", bearer=person)
    assert [answer.status for answer in (written, deleted, closed)] == [403, 403, 500]
    assert "operations [EditIngestionPipelineStatus] not allowed" in written.said
    assert "operations [Delete] not allowed" in deleted.said
    assert "operations [EditAll] not allowed" in closed.said
    assert pipeline.get(run).status == 204


def test_a_token_that_is_made_anew_is_refused_at_first(server: Server, accounts: Accounts) -> None:
    def accepts(bearer: str) -> bool:
        answer = server.call("GET", f"{PIPELINES}?limit=1", bearer=bearer)
        assert answer.status == 200 or (answer.status, "match the current bot" in answer.said) == (401, True)
        return answer.status == 200

    bot = accounts.bot()
    assert accepts(bot["token"])
    new = accounts.renew(bot)
    assert (accepts(bot["token"]), accepts(new)) == (True, False)
    await_that(lambda: accepts(new), 240, every=0.1 if server.stand_in else 5)
    assert not accepts(bot["token"])
