"""Logs, page by page."""

from __future__ import annotations

import pytest

from tests.service.javaclient import (
    TASKS,
    JavaClient,
    refused,
)
from tests.service.stage import NIGHTLY, Stage

NAME = NIGHTLY["name"]


@pytest.mark.parametrize("pipeline_type", ["metadata", *TASKS])
def test_a_log_stands_under_the_key_of_its_task(stage: Stage, server: JavaClient, pipeline_type: str) -> None:
    server.deploy(NIGHTLY)
    identity = server.trigger(NAME)
    (job,) = stage.jobs()
    stage.give_pod(job, b"the first line\n", exit_code=0)
    page = server.logs(NAME, pipeline_type)
    assert set(page) == {TASKS.get(pipeline_type, "ingestion_task"), "total"}
    head, text = page[TASKS.get(pipeline_type, "ingestion_task")].split("\n", 1)
    assert str(identity) in head and "attempt 1" in head and "2026-01-21" in head
    assert (text, page["total"]) == ("the first line\n", 1)


def test_the_pages_of_a_log_cost_one_read_of_it_and_have_an_end(stage: Stage, server: JavaClient) -> None:
    server.deploy(NIGHTLY)
    server.trigger(NAME)
    (job,) = stage.jobs()
    log = b"".join(b"%07d \xf0\x9f\x90\x98 a line of a long log\n" % number for number in range(40_000))
    stage.give_pod(job, log, exit_code=0)
    text = server.all_logs(NAME).split("\n", 1)[1]
    assert text == log.decode()
    assert len([request for request in stage.cluster.requests if request.kind == "Pod/log"]) == 1


def test_a_further_page_costs_three_requests_however_many_runs_there_were(stage: Stage, server: JavaClient) -> None:
    server.deploy(NIGHTLY)
    for _ in range(5):
        server.trigger(NAME)
        stage.end(stage.jobs()[-1])
        stage.cluster.advance(60)
    stage.give_pod(stage.jobs()[-1], b"x" * 2_000_000, exit_code=0)
    server.logs(NAME)
    del stage.cluster.requests[:]
    page = server.logs(NAME, after="1")
    asked = [f"{each.verb} {each.kind}" for each in stage.cluster.requests]
    assert page["total"] > 5
    assert asked == ["list CronJob", "list Job", "list Pod"]


def test_a_pipeline_that_has_not_run_has_no_log(server: JavaClient) -> None:
    server.deploy(NIGHTLY)
    answer = refused(server.logs, NAME)
    assert (answer.status, answer.json["code"]) == (404, "NoRuns")


def test_a_run_without_a_pod_says_so_in_place_of_a_log(server: JavaClient) -> None:
    server.deploy(NIGHTLY)
    server.trigger(NAME)
    assert "no pod yet" in server.all_logs(NAME)


@pytest.mark.parametrize(
    "after", ["1", "-1", "", " ", "0x1", "1e3", "1.0", "1_0", "+1", "٣", "²", "null", "9" * 40, "\x00", "1;2", "\udcff"]
)
def test_a_page_that_there_is_not_is_400(stage: Stage, server: JavaClient, after: str) -> None:
    server.deploy(NIGHTLY)
    server.trigger(NAME)
    from urllib.parse import quote_plus

    given = quote_plus(after.encode("utf-8", "surrogateescape"))
    answer = server.ask("GET", f"last_dag_logs?after={given}&dag_id={NAME}&task_id=ingestion_task")
    assert answer.status == 400
    assert "after" in answer.json["error"] or "UTF-8" in answer.json["error"]


@pytest.mark.parametrize(
    "query",
    ["", "dag_id=nightly", "task_id=ingestion_task", "dag_id=nightly&task_id=total", "dag_id=&task_id=ingestion_task",
     "dag_id=nightly&dag_id=other&task_id=ingestion_task", "dag_id=nightly&task_id=error"],
)  # fmt: skip
def test_a_log_of_nothing_in_particular_is_400(server: JavaClient, query: str) -> None:
    server.deploy(NIGHTLY)
    answer = server.ask("GET", f"last_dag_logs?{query}")
    assert answer.status == 400
    assert "_id" in answer.json["error"]
