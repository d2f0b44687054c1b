"""Whoever asks has an answer in time: from a cluster that is slow or away, from many at once, and at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.errors import UnreachableError
from tests.fakes import Request
from tests.service.javaclient import ROOTS, Answer, JavaClient
from tests.service.stage import NIGHTLY, Stage, of_service, staged

NAME = NIGHTLY["name"]
SLACK = 2.0  # of a machine that does much else


@contextmanager
def blocked(stage: Stage) -> Iterator[threading.Event]:
    """Have no request to the cluster come back in the block."""
    gate = threading.Event()
    end = stage.cluster.before(lambda request: gate.wait(60))
    try:
        yield gate
    finally:
        gate.set()
        end()


def took(ask: Callable[[], Answer]) -> tuple[Answer, float]:
    """Ask, and return the answer, and the seconds until it came."""
    begun = time.monotonic()
    answer = ask()
    return answer, time.monotonic() - begun


@pytest.mark.parametrize(
    ("method", "operation", "body", "seconds"),
    [
        ("GET", "health-auth", None, 1.0),
        ("GET", f"status?dag_id={NAME}&only_queued=true", None, 1.0),
        ("POST", "trigger", {"dag_id": NAME}, 10.0),
        ("GET", f"last_dag_logs?dag_id={NAME}&task_id=ingestion_task", None, 15.0),
    ],
)
def test_a_cluster_that_does_not_answer_is_said_in_time(
    stage: Stage, server: JavaClient, method: str, operation: str, body: Any, seconds: float
) -> None:
    server.detect()
    server._csrf = "there"
    stage.cluster.advance(3600)
    with blocked(stage):
        answer, waited = took(lambda: server.send(method, f"{ROOTS[0]}/{operation}", body))
        health, at_once = took(lambda: server.send("GET", f"{ROOTS[0]}/health"))
    if operation == "health-auth":  # a verdict holds for a while
        assert waited < 1.0 + SLACK
    else:
        assert answer.status == 503
        assert seconds - 0.1 <= waited < seconds + SLACK
        assert answer.json["code"] == "TimeOver"
    assert health.status == 200 and at_once < SLACK


def test_what_is_slow_to_change_does_not_hold_up_what_is_quick(stage: Stage, server: JavaClient) -> None:
    """More deploys than there are threads for them; each is given up on, and none is forgotten that was begun."""
    server.deploy(NIGHTLY)
    with blocked(stage) as gate, ThreadPoolExecutor(40) as pool:
        asked = [pool.submit(server.send, "POST", f"{ROOTS[0]}/kill", {"dag_id": NAME}) for _ in range(40)]
        health, waited = took(lambda: stage.client().send("GET", f"{ROOTS[0]}/health"))
        assert (health.status, waited < SLACK) == (200, True)
        gate.set()
        assert {future.result().status for future in asked} == {404}  # nothing is active


def test_two_hundred_at_once_are_served(stage: Stage, server: JavaClient) -> None:
    server.deploy(NIGHTLY)
    asked = [
        ("GET", f"status?dag_id={NAME}&only_queued=true", None),
        ("GET", "health-auth", None),
        ("POST", "enable", {"dag_id": NAME}),
        ("POST", "deploy", NIGHTLY),
        ("GET", "health", None),
    ]
    before = threading.active_count()
    with ThreadPoolExecutor(200) as pool:
        futures = [
            pool.submit(server.send, method, f"{ROOTS[0]}/{operation}", body)
            for number in range(200)
            for method, operation, body in [asked[number % len(asked)]]
        ]
        answers = [future.result() for future in futures]
    assert {answer.status for answer in answers} <= {200, 503}
    assert sum(answer.status == 200 for answer in answers) >= 190, [a.text for a in answers if a.status != 200][:3]
    assert threading.active_count() - before <= 16 + 32 + 8 + 2


def test_an_api_server_that_is_away_is_said(stage: Stage, server: JavaClient) -> None:
    server.deploy(NIGHTLY)

    def away(_request: Request) -> None:
        raise UnreachableError("the API server gave no answer")

    end = stage.cluster.before(away)
    for method, operation, body in (
        ("POST", "deploy", NIGHTLY),
        ("POST", "trigger", {"dag_id": NAME}),
        ("POST", "kill", {"dag_id": NAME}),
        ("DELETE", f"delete?dag_id={NAME}", None),
        ("GET", f"status?dag_id={NAME}", None),
    ):
        answer = server.send(method, f"{ROOTS[0]}/{operation}", body)
        assert (answer.status, answer.json["code"]) == (503, "ApiServerUnreachable"), operation
        assert "try again" in answer.json["error"]
    end()
    assert "unchanged" in server.deploy(NIGHTLY)


def test_a_deploy_over_what_is_stuck_in_its_deletion_names_the_finalizer(stage: Stage, server: JavaClient) -> None:
    server.deploy(NIGHTLY)
    cronjob = stage.cronjob()
    cronjob["metadata"] |= {"finalizers": ["example.com/holds"], "deletionTimestamp": "2026-01-21T00:00:00Z"}
    stage.cluster.put(cronjob)
    answer, waited = took(lambda: server.send("POST", f"{ROOTS[0]}/deploy", NIGHTLY))
    assert (answer.status, answer.json["code"]) == (503, "Terminating")
    assert "example.com/holds" in answer.json["error"]
    assert "kubectl" not in answer.json["error"]
    assert waited < 10.0


def test_what_was_begun_is_finished_before_the_service_ends() -> None:
    slow = threading.Event()
    with staged() as stage:

        def hook(request: Request) -> None:
            if request.verb == "patch":
                slow.set()
                time.sleep(0.2)

        stage.cluster.before(hook)
        answers: list[Answer] = []
        asking = threading.Thread(
            target=lambda: answers.append(stage.client().send("POST", f"{ROOTS[0]}/deploy", of_service("last")))
        )
        asking.start()
        assert slow.wait(10)
    asking.join(10)
    assert [answer.status for answer in answers] == [200]
    assert stage.cronjob()["metadata"]["annotations"]["k8s-pipeline/name"] == "last"
    assert len(stage.cluster.list(Kind.SECRET)) == 2
