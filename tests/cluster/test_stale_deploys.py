"""Earlier states of an entity on a real cluster: what the API server accepts, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from k8s_pipeline_client import K8sPipelineClient
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.test_library import made

BASE = pipeline({"log": "x"}, schedule="0 3 1 1 *")


def state(at: int, schedule: str) -> dict[str, Any]:
    """Return the entity as it was at a time."""
    return {**BASE, "updatedAt": at, "airflowConfig": {**BASE["airflowConfig"], "scheduleInterval": schedule}}


@pytest.fixture
def clients(program: Program) -> Iterator[list[K8sPipelineClient]]:
    """Two clients, each with connections of its own."""
    with made(program) as one, made(program) as other:
        yield [one, other]


def test_an_earlier_state_is_ignored_and_a_later_one_without_a_change_leaves_the_cronjob_alone(
    program: Program, clients: list[K8sPipelineClient]
) -> None:
    client, _ = clients
    client.deploy_pipeline(state(1000, "0 4 1 1 *"), service())
    (before,) = program.space.list("cronjobs")

    assert "ignored" in str(client.deploy_pipeline(state(999, "0 5 1 1 *"), service(), updated_at=lambda: 1000).reason)
    assert "unchanged" in str(client.deploy_pipeline(state(2000, "0 4 1 1 *"), service()).reason)

    assert program.space.list("cronjobs") == [before]
    assert "ignored" in str(client.deploy_pipeline(state(1500, "0 5 1 1 *"), service()).reason)
    assert "updated" in str(client.deploy_pipeline(state(1500, "0 5 1 1 *"), service(), updated_at=lambda: 1).reason)
    assert program.space.list("cronjobs")[0]["spec"]["schedule"] == "0 5 1 1 *"


@pytest.mark.parametrize("rounds", [12])
def test_of_two_at_the_same_time_the_later_state_is_there_in_the_end(
    program: Program, clients: list[K8sPipelineClient], rounds: int
) -> None:
    with ThreadPoolExecutor(2) as pool:
        for number in range(rounds):
            older, newer = state(2 * number + 1, f"{number} 4 1 1 *"), state(2 * number + 2, f"{number} 5 1 1 *")
            if number % 3 == 0:
                clients[0].delete_pipeline(BASE)
            order = [older, newer] if number % 2 else [newer, older]
            done = [
                pool.submit(client.deploy_pipeline, body, service())
                for client, body in zip(clients, order, strict=True)
            ]
            assert [found.result().code for found in done] == [200, 200]
            (cronjob,) = program.space.list("cronjobs")
            assert (cronjob["spec"]["schedule"], cronjob["spec"]["suspend"]) == (f"{number} 5 1 1 *", False)
            assert "unchanged" in str(clients[0].deploy_pipeline(newer, service()).reason)
