"""The end of a log stream."""

from __future__ import annotations

import uuid

import pytest

from tests.openmetadata_contract.servers import PIPELINES, Pipeline, Server


@pytest.mark.parametrize("of", ["known", "unknown"])
def test_a_stream_is_closed_whoever_has_written_to_it(server: Server, pipeline: Pipeline, of: str) -> None:
    fqn = pipeline.fqn if of == "known" else f"{pipeline.fqn}-gone"
    run = str(uuid.uuid4())
    for _ in range(2):
        answer = server.call("POST", f"{PIPELINES}/logs/{fqn}/{run}/close")
        assert (answer.status, answer.said) == (200, "Log stream closed successfully")


def test_a_run_id_that_is_no_uuid(server: Server, pipeline: Pipeline) -> None:
    assert server.call("POST", f"{PIPELINES}/logs/{pipeline.fqn}/no-uuid/close").status == 404
