"""A pipeline really runs."""

from __future__ import annotations

from tests.cluster.support.definitions import PASSWORD, pipeline, service
from tests.cluster.support.program import Program


def test_a_run_on_demand_succeeds_and_its_log_can_be_read(program: Program) -> None:
    program.deploy(pipeline({"log": "hello from the run"}, {"dumpConfig": True}), service())

    result = program("run", "nightly", "--wait", "-o", "json")

    assert result.json["state"] == "success"
    log = program("logs", "nightly").out
    assert "hello from the run" in log
    assert PASSWORD not in log
