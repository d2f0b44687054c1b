"""The published ingestion package, a real PostgreSQL, and a server that records what arrives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cluster.support.program import Program
from tests.cluster.support.shop import Shop
from tests.cluster.support.space import Space

pytestmark = pytest.mark.real_ingestion

MEMORY = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"cpu": "2", "memory": "1Gi"}}


@pytest.fixture
def shop(space: Space, standin: str, postgres: str) -> Shop:
    """A shop's database and a recording server in the test's namespace."""
    return Shop.open(space.access, space.namespace, database_image=postgres, server_image=standin)


def test_the_tables_of_a_database_arrive(program: Program, shop: Shop, real_ingestion: str) -> None:
    program.configure(ingestionImage=real_ingestion, resources=MEMORY)
    program.deploy(shop.pipeline(), shop.service())

    run = program("run", "shop_metadata", "--wait", "-o", "json").json

    assert run["state"] == "success"
    assert run["attempts"][0]["peakMemoryBytes"] > 200 * 2**20
    tables = shop.recorded("entities")["tables"]
    assert {name.rsplit(".", 1)[-1] for name in tables} >= {"customers", "orders", "products"}
    rows = shop.recorded("statuses")["shop.shop_metadata"][run["runId"]]
    assert [row["pipelineState"] for row in rows] == ["running", "success"]


def test_a_password_that_is_refused_is_the_cause(program: Program, shop: Shop, real_ingestion: str) -> None:
    program.configure(ingestionImage=real_ingestion, resources=MEMORY)
    path = program.file("workflow.yaml", shop.workflow_with_a_wrong_password())

    result = program("run", "-f", path, "--wait", code=3)

    assert 'password authentication failed for user "om_reader"' in result.out
    assert "not-the-password" not in result.out + result.err
    job = result.err.split("diagnose ")[-1].split(" ")[0]
    assert "not-the-password" not in program("logs", job).out
    told = program("diagnose", job, "-o", "json").json
    assert told["category"] == "SourceRefused"
    assert "not-the-password" not in str(told)


@pytest.mark.thorough
def test_a_run_that_could_not_say_how_it_ended_is_reported(program: Program, shop: Shop, real_ingestion: str) -> None:
    program.configure(ingestionImage=real_ingestion, resources=MEMORY)
    path = program.file("workflow.yaml", shop.workflow_with_a_wrong_password())
    run = program("run", "-f", path, "--wait", "-o", "json", code=3).json["runId"]
    assert [row["pipelineState"] for row in _rows(shop, run)] == ["running"], "what it could say"

    program("reconcile", "--once")

    before, after = _rows(shop, run)
    assert (before["pipelineState"], after["pipelineState"]) == ("running", "failed")
    assert (after["startDate"], after["timestamp"]) == (before["startDate"], before["timestamp"])
    assert 'password authentication failed for user "om_reader"' in str(after["status"])
    assert "not-the-password" not in json.dumps(after)


def _rows(shop: Shop, run: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.recorded("statuses")["shop.wrong_password"][run]
    return found


@pytest.mark.thorough
def test_a_connection_is_tested(program: Program, shop: Shop, real_ingestion: str) -> None:
    program.configure(ingestionImage=real_ingestion, resources=MEMORY)
    path = program.file("automation.json", shop.test_connection())

    assert program("run", "-f", path, "--wait", "-o", "json").json["state"] == "success"

    requests = shop.recorded("requests?method=PATCH&path=automations/workflows")["requests"]
    assert "Successful" in json.dumps([request["body"] for request in requests])


@pytest.mark.thorough
def test_an_application_of_the_published_package_runs(program: Program, shop: Shop, real_ingestion: str) -> None:
    program.configure(ingestionImage=real_ingestion, resources=MEMORY)
    path = program.file("app.json", shop.app(sleep=1, echo="hello from the application"))

    assert "hello from the application" in program("run", "-f", path, "--logs").out
