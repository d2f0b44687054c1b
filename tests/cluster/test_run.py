"""Runs that come to a good end."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import uuid
from typing import Any

import pytest

from k8s_pipeline_client.launcher import yamljson
from k8s_pipeline_client.launcher.token import with_token
from tests.cluster.support.definitions import PASSWORD, TOKEN, pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.space import until


def test_a_run_on_demand_succeeds_and_its_log_can_be_read(program: Program) -> None:
    program.deploy(pipeline({"log": "hello from the run"}), service())

    result = program("run", "nightly", "--wait", "-o", "json")

    assert result.json["state"] == "success"
    assert result.json["trigger"] == "manual"
    assert "hello from the run" in program("logs", "nightly").out


def test_the_log_is_shown_while_the_run_goes_on(program: Program) -> None:
    program.deploy(pipeline({"log": "first"}, {"sleep": 1}, {"log": "last"}), service())

    shown = program("run", "nightly", "--logs").out

    assert shown.index("first") < shown.index("last")
    assert "succeeded" in shown


def test_the_id_that_is_handed_over_is_the_id_of_the_run(program: Program) -> None:
    program.deploy(pipeline({"dumpConfig": True}), service())
    run_id = str(uuid.uuid4())

    assert program("run", "nightly", "--run-id", run_id, "--wait", "-o", "json").json["runId"] == run_id

    assert f"runId={run_id}" in program("logs", "nightly").out
    again = program("run", "nightly", "--run-id", run_id, "-o", "json").json
    assert (again["runId"], again["state"]) == (run_id, "success")
    assert len(program.space.list("jobs")) == 1


@pytest.mark.slow
def test_the_schedule_starts_runs_under_the_id_of_their_job(program: Program) -> None:
    program.deploy(pipeline({"dumpConfig": True}, schedule="* * * * *"), service())

    job = until(lambda: program.space.list("jobs"), "a scheduled run")[0]
    uid = job["metadata"]["uid"]
    until(lambda: f"runId={uid}" in program("logs", "nightly", code=None).out, "the run's log")
    found = until(
        lambda: [run for run in program("status", "nightly", "-o", "json").json["runs"] if run["state"] == "success"],
        "the scheduled run's success",
    )

    assert found[-1]["runId"] == uid
    assert found[-1]["trigger"] == "scheduled"
    assert program("list", "-o", "json").json[0]["nextRunAt"]


def test_a_run_made_with_kubectl_alone_is_a_run(program: Program) -> None:
    name = program.deploy(pipeline({"dumpConfig": True}), service()).json[0]["resourceName"]

    program.space.kubectl("create", "job", f"--from=cronjob/{name}", "by-hand")

    run = until(
        lambda: [run for run in program("status", "nightly", "-o", "json").json["runs"] if run["endedAt"]],
        "its end",
    )[0]
    assert (run["state"], run["trigger"]) == ("success", "by-hand")
    assert run["runId"] == program.space.get("job", "by-hand")["metadata"]["uid"]


def test_a_retry_keeps_the_id_of_the_run(program: Program) -> None:
    program.configure(backoffLimit=1)
    program.deploy(pipeline({"runChild": "echo run $pipelineRunId"}, {"fail": "not today"}), service())

    result = program("run", "nightly", "--wait", "-o", "json", code=3)

    run = result.json
    assert len(run["attempts"]) == 2
    (said,) = (line for line in result.err.splitlines() if " of 2 failed: " in line)
    assert "attempt 1 of 2 failed: the ingestion exited with code 1: StepFailed: not today" in said
    assert re.search(r"; the next one begins in about ([1-9]|10|11) s$", said)
    pods = program.space.list("pods")
    logs = [program.space.kubectl("logs", pod["metadata"]["name"]) for pod in pods]
    assert all(f"run {run['runId']}" in log for log in logs)
    assert "not today" in run["cause"]["summary"]


def test_a_document_of_150_kb_arrives_byte_for_byte(program: Program) -> None:
    big = pipeline({"dumpConfig": True}, {"runChild": "echo a child can start"})
    big["sourceConfig"]["config"]["filler"] = "x" * 150_000
    name = program.deploy(big, service()).json[0]["resourceName"]

    program("run", "nightly", "--wait")

    secret = program.space.get("secret", name)
    assert list(secret["data"]) == ["workflow.json"]
    log = program("logs", "nightly").out
    built = with_token(json.loads(base64.b64decode(secret["data"]["workflow.json"])), TOKEN)
    assert hashlib.sha256(yamljson.dumps(built).encode()).hexdigest() in log
    assert "a child can start" in log
    assert "inEnviron=False" in log


def test_no_secret_leaves_the_secret(program: Program) -> None:
    steps: list[dict[str, Any]] = [{"printSecret": "source.sourceConfig.config.password"}, {"printEnv": True}]
    name = program.deploy(pipeline(*steps, {"fail": f"cannot log in with {PASSWORD}"}), service()).json[0][
        "resourceName"
    ]

    program("run", "nightly", "--wait", code=3)

    log = program("logs", "nightly").out
    assert "*********" in log
    everything = json.dumps([program.space.list(kind) for kind in ("cronjobs", "jobs", "pods", "configmaps", "events")])
    for secret in (PASSWORD, TOKEN):
        assert secret not in log
        assert secret not in everything
        assert secret not in program("status", "nightly", "-o", "json").out
    assert name in everything


def test_a_plain_workflow_runs_once_and_leaves_only_its_record(program: Program) -> None:
    workflow = {
        "source": {
            "type": "postgres",
            "serviceName": "pg_prod",
            "sourceConfig": {"config": {"standin": {"steps": [{"dumpConfig": True}]}}},
        },
        "sink": {"type": "metadata-rest", "config": {}},
        "workflowConfig": {"openMetadataServerConfig": {"hostPort": "http://openmetadata.invalid:8585/api"}},
    }
    path = program.file("workflow.yaml", workflow)

    run = program("run", "-f", path, "--wait", "-o", "json").json

    assert run["state"] == "success"
    assert program.space.list("cronjobs") == []
    (job,) = program.space.list("jobs")
    (secret,) = program.space.list("secrets")
    assert secret["metadata"]["ownerReferences"][0]["uid"] == job["metadata"]["uid"]
    assert job["spec"]["ttlSecondsAfterFinished"] > 0
    expected = hashlib.sha256(json.dumps(workflow).encode()).hexdigest()
    assert expected in program("logs", run["jobName"]).out
    program("delete", run["jobName"])
    assert program.space.list("secrets") == []


@pytest.mark.slow
def test_a_schedule_that_has_not_begun_ingests_nothing_and_a_run_by_hand_does(program: Program) -> None:
    dates = {"scheduleInterval": "* * * * *", "startDate": "2999-01-01T00:00:00Z"}
    program.deploy(pipeline({"log": "hello from the run"}, airflowConfig=dates), service())

    def scheduled() -> list[dict[str, Any]]:
        runs = program("status", "nightly", "-o", "json").json["runs"]
        return [run for run in runs if run["trigger"] == "scheduled" and run["state"] == "success"]

    run = until(scheduled, "a scheduled run")[0]
    assert run["warnings"] == ["nothing was ingested: the schedule begins at 2999-01-01T00:00:00Z"]
    assert "hello" not in program("logs", "nightly", "--run", run["runId"]).out
    program("run", "nightly", "--wait", "--allow-overlap")
    assert "hello from the run" in program("logs", "nightly").out
