"""Runs are started, told of, ended; pipelines switched and deleted."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_pipeline_client import Settings
from k8s_pipeline_client.cluster.port import Kind
from tests.openmetadata import service
from tests.service.javaclient import (
    JavaClient,
    refused,
    strict,
)
from tests.service.stage import NIGHTLY, SETTINGS, Stage, of_service, staged

NAME = NIGHTLY["name"]


def test_a_run_has_the_id_that_the_server_gave_it(stage: Stage, server: JavaClient) -> None:
    server.deploy(NIGHTLY)
    identity = server.trigger(NAME, conf={"appConfigOverride": {}})
    (job,) = stage.jobs()
    assert job["metadata"]["labels"]["app.kubernetes.io/run-id"] == identity
    assert server.queued(NAME) == []  # the server has a row of it itself


def test_a_run_that_nobody_else_knows_of_is_listed_as_queued(stage: Stage) -> None:
    from tests.service.javaclient import Generation

    server = stage.client(Generation.PLAIN)
    server.deploy(NIGHTLY)
    server.trigger(NAME)
    (row,) = server.queued(NAME)
    (job,) = stage.jobs()
    assert row["runId"] == job["metadata"]["labels"]["app.kubernetes.io/run-id"]
    assert row["pipelineState"] == "queued"
    stage.give_pod(job)
    assert server.queued(NAME) == []


def test_the_same_trigger_again_is_the_same_run(stage: Stage, server: JavaClient) -> None:
    server.deploy(NIGHTLY)
    asked = {"dag_id": NAME, "conf": {"pipelineRunId": "0B6F1E5C-0000-4000-8000-00000000000A"}}
    for _ in range(2):
        assert server.ask("POST", "trigger", asked).status == 200
    (job,) = stage.jobs()
    assert job["metadata"]["labels"]["app.kubernetes.io/run-id"] == "0b6f1e5c-0000-4000-8000-00000000000a"


def test_a_second_run_is_refused_if_it_has_an_id_and_else_the_first_is_named(stage: Stage, server: JavaClient) -> None:
    server.deploy(NIGHTLY)
    first = server.trigger(NAME)
    answer = refused(server.trigger, NAME)
    assert (answer.status, answer.json["code"]) == (409, "RunActive")
    plain = server.ask("POST", "trigger", {"dag_id": NAME})
    assert plain.status == 200
    assert str(first) in plain.json["message"]
    assert len(stage.jobs()) == 1


def test_a_run_may_have_other_values_than_its_pipeline(stage: Stage, server: JavaClient) -> None:
    server.deploy(NIGHTLY)
    server.trigger(NAME, conf={"sourceConfigOverride": {"includeViews": False}})
    assert len([item for item in stage.cluster.list(Kind.SECRET) if "om-token" not in item["metadata"]["name"]]) == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "dag_id"),
        ({"dag_id": ""}, "dag_id"),
        ({"dag_id": 5}, "dag_id"),
        ({"dag_id": None}, "dag_id"),
        ({"dag_id": "x" * 257}, "dag_id"),
        ({"dag_id": NAME, "conf": {"pipelineRunId": "mine"}}, "pipelineRunId"),
        ({"dag_id": NAME, "conf": {"appConfigOverride": []}}, "appConfigOverride"),
        ({"dag_id": NAME, "conf": {"appConfigOverride": {"a": 1}}}, "appConfigOverride"),
        ({"dag_id": NAME, "conf": 5}, "conf"),
    ],
)
def test_a_trigger_that_cannot_be_read_names_the_field(
    stage: Stage, server: JavaClient, body: dict[str, Any], field: str
) -> None:
    server.deploy(NIGHTLY)
    answer = server.ask("POST", "trigger", body)
    assert answer.status == 400
    assert field in answer.json["error"]
    assert stage.jobs() == []


def test_a_pipeline_is_switched_off_and_on(stage: Stage, either: JavaClient) -> None:
    either.deploy(NIGHTLY)
    for enabled in (False, False, True, True):
        assert either.toggle(NAME, enabled) is None
        assert stage.cronjob()["spec"]["suspend"] is not enabled


def test_what_has_no_schedule_can_be_switched_off_all_the_same(server: JavaClient) -> None:
    server.deploy({**NIGHTLY, "airflowConfig": {**NIGHTLY["airflowConfig"], "scheduleInterval": None}})
    assert server.toggle(NAME, False) is None
    assert server.toggle(NAME, True) is None


def test_the_runs_of_a_pipeline_are_told_as_the_server_parses_them(stage: Stage, server: JavaClient) -> None:
    server.deploy(NIGHTLY)
    for number in range(12):
        server.trigger(NAME)
        job = stage.jobs()[-1]
        stage.give_pod(job, exit_code=number % 2)
        stage.end(job, reason="BackoffLimitExceeded" if number % 2 else "")
        stage.cluster.advance(60)
    rows = [strict(row) for row in server.ask("GET", f"status?dag_id={NAME}").json]
    assert len(rows) == 10
    assert [row["pipelineState"] for row in rows[:2]] == ["failed", "success"]
    assert [row["timestamp"] for row in rows] == sorted((row["timestamp"] for row in rows), reverse=True)
    assert all(row["endDate"] >= row["startDate"] for row in rows)


def test_killing_ends_the_run_and_says_so_at_once(stage: Stage, either: JavaClient) -> None:
    either.deploy(NIGHTLY)
    assert refused(either.kill, NAME).status == 404  # nothing is active
    either.trigger(NAME)
    (job,) = stage.jobs()
    stage.give_pod(job)
    assert job["metadata"]["labels"]["app.kubernetes.io/run-id"] in either.kill(NAME)
    (job,) = stage.jobs()
    assert job["spec"]["activeDeadlineSeconds"] == 1
    assert job["metadata"]["annotations"]["k8s-pipeline/killed-by"] == "OpenMetadata"


def test_deleting_leaves_nothing_and_can_be_repeated(stage: Stage, either: JavaClient) -> None:
    either.deploy(NIGHTLY)
    either.trigger(NAME)
    for _ in range(2):
        assert NAME in either.delete(NAME)
    left = [
        item["metadata"]["name"] for kind in (Kind.CRONJOB, Kind.JOB, Kind.SECRET) for item in stage.cluster.list(kind)
    ]
    assert left == []


def test_of_two_pipelines_of_one_name_none_is_taken_for_the_other(stage: Stage, server: JavaClient) -> None:
    other = service("pg_test")
    stage.openmetadata._api.entities.put("services/databaseServices", other)
    server.deploy(NIGHTLY)
    server.deploy(of_service(NAME, other))
    server.deploy(NIGHTLY)
    for ask in (server.trigger, server.kill, server.delete, server.logs):
        answer = refused(ask, NAME)
        assert (answer.status, answer.json["code"]) == (409, "AmbiguousName")
        assert "pg_prod.nightly" in answer.json["error"] and "pg_test.nightly" in answer.json["error"]
    assert server.ask("POST", "enable", {"dag_id": NAME}).status == 409
    assert len(stage.cluster.list(Kind.CRONJOB)) == 2
    assert stage.jobs() == []


def test_a_pipeline_of_another_instance_is_not_seen() -> None:
    here = Settings(**{**SETTINGS.model_dump(), "instance": "here"})
    with staged(here) as stage:
        stage.client().deploy(NIGHTLY)
        cronjob = stage.cronjob()
        cronjob["metadata"]["labels"]["k8s-pipeline/instance"] = "there"
        stage.cluster.put(cronjob)
        assert refused(stage.client().trigger, NAME).status == 404
