"""Commands about runs, on a cluster in memory."""

from __future__ import annotations

import base64
import json
import uuid

import pytest

from k8s_pipeline_client.cluster.port import Kind, Object, Propagation
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import ForbiddenError
from tests.fakes import Request
from tests.unit.console import NAME, Console, console

__all__ = ["console"]

RUN_ID = "0b6f1c9e-1f5c-4f51-9d2c-9a7f6f7b7a11"


@pytest.fixture
def deployed(console: Console) -> Console:
    """One pipeline is deployed."""
    console.deploy()
    return console


def _states(console: Console, *words: str) -> list[str]:
    return [run["state"] for run in console("runs", *words, "-o", "json").json]


def test_a_run_is_started_with_an_id_of_ones_own_choice_once(deployed: Console) -> None:
    run = deployed("run", NAME, "--run-id", RUN_ID, "-o", "json").json
    assert (run["runId"], run["state"]) == (RUN_ID, "queued")
    assert deployed("run", NAME, "--run-id", RUN_ID, "-o", "json").json == run
    assert len(deployed.cluster.list(Kind.JOB)) == 1


def test_a_second_run_beside_an_active_one_needs_asking_for(deployed: Console) -> None:
    deployed.started()
    assert "is active" in deployed("run", NAME, code=1).err
    deployed("run", NAME, "--allow-overlap")
    assert len(deployed.cluster.list(Kind.JOB)) == 2


def test_a_run_with_a_document_of_its_own_has_it_in_a_secret_of_its_own(deployed: Console) -> None:
    before = deployed.cluster.list(Kind.SECRET)
    job = deployed("run", NAME, "--set", "workflowConfig.loggerLevel=DEBUG", "-o", "json").json["jobName"]
    (own,) = [item for item in deployed.cluster.list(Kind.SECRET) if item not in before]
    assert own["metadata"]["ownerReferences"][0]["name"] == job
    document = json.loads(base64.b64decode(own["data"]["workflow.json"]))
    assert document["workflowConfig"]["loggerLevel"] == "DEBUG"
    assert not deployed.cluster.get(Kind.JOB, job)["spec"].get("suspend")


def test_a_run_whose_own_secret_is_refused_leaves_no_job_behind(deployed: Console) -> None:
    def refuse(request: Request) -> None:
        if (request.verb, request.kind) == ("patch", Kind.SECRET):
            raise ForbiddenError("secrets are forbidden", status=403)

    deployed.cluster.before(refuse)
    assert "the run has been removed" in deployed("run", NAME, "--set", "a=1", code=1).err
    assert deployed.cluster.list(Kind.JOB) == []


def test_a_definition_is_run_without_being_deployed(console: Console) -> None:
    run = console("run", "-f", console.nightly(), "-o", "json").json
    assert console.cluster.list(Kind.CRONJOB) == []
    (secret,) = [item for item in console.cluster.list(Kind.SECRET) if item["metadata"].get("ownerReferences")]
    assert secret["metadata"]["ownerReferences"][0]["name"] == run["jobName"]


def test_a_run_that_succeeds_is_waited_for(deployed: Console) -> None:
    job = deployed.started()
    deployed.give_pod(job, exit_code=0)
    deployed.end(job)
    assert "succeeded" in deployed("wait", NAME).out
    assert _states(deployed, NAME) == ["success"]


def test_a_run_that_fails_is_an_exit_code_of_its_own(deployed: Console) -> None:
    job = deployed.started()
    deployed.give_pod(job, exit_code=1)
    deployed.end(job, reason="BackoffLimitExceeded")
    result = deployed("wait", NAME, code=3)
    assert "next: k8s-pipeline diagnose" in result.err
    assert _states(deployed, "--failed") == ["failed"]


def test_a_wait_that_is_over_leaves_the_run_alone(deployed: Console) -> None:
    job = deployed.started()
    deployed.give_pod(job)
    deployed("wait", NAME, "--timeout", "0", code=124)
    assert deployed.cluster.get(Kind.JOB, job["metadata"]["name"])["spec"] == job["spec"]


def test_the_log_of_the_newest_attempt_is_printed_byte_for_byte(deployed: Console) -> None:
    job = deployed.started()
    deployed.give_pod(job, b"first\n", attempt=1, exit_code=1)
    deployed.cluster.advance(60)
    deployed.give_pod(job, b"one\n\xc3\xa4\ntwo\n", attempt=2, exit_code=0)
    deployed.end(job)
    result = deployed("logs", NAME)
    assert result.out == "one\nä\ntwo\n"
    assert "attempts 1 to 1" in result.err
    assert deployed("logs", NAME, "--attempt", "1").out == "first\n"
    assert deployed("logs", NAME, "--tail", "1").out == "two\n"
    assert deployed("logs", NAME, "--since", "1s").out == result.out
    assert deployed("logs", NAME, "--timestamps").out.startswith("2026-01-01T00:01:00")
    assert deployed("logs", NAME, "-f").out == result.out


def test_a_log_that_is_followed_goes_on_with_the_next_attempt_and_ends_with_the_run(deployed: Console) -> None:
    job = deployed.started()
    deployed.give_pod(job, b"first\n", attempt=1, exit_code=1)

    def go_on(request: Request) -> None:
        if request.kind == "Pod/log" and len(deployed.cluster.list(Kind.POD)) == 1:
            deployed.cluster.advance(60)
            deployed.give_pod(job, b"second\n", attempt=2, exit_code=0)
            deployed.end(job)

    deployed.cluster.after(go_on)
    result = deployed("logs", NAME, "-f")
    assert result.out == "first\nsecond\n"
    assert "next attempt" in result.err


def test_a_log_is_shown_while_the_end_is_waited_for(deployed: Console) -> None:
    def run(request: Request) -> None:
        if (request.verb, request.kind) == ("create", Kind.JOB):
            (job,) = deployed.cluster.list(Kind.JOB)
            deployed.give_pod(job, b"one\n", exit_code=0)
            deployed.end(job)

    deployed.cluster.after(run)
    out = deployed("run", NAME, "--logs").out
    assert out.startswith("one\n")
    assert "succeeded" in out


def test_where_there_is_no_log_it_says_why(deployed: Console) -> None:
    job = deployed.started()
    assert "there is no pod yet" in deployed("logs", NAME).err
    deployed.end(job, reason="DeadlineExceeded")
    assert "the pod is gone, and so is its log" in deployed("logs", NAME).err


def test_what_is_killed_says_who_did_it_and_keeps_the_end_of_the_log(deployed: Console) -> None:
    job = deployed.started()
    deployed.give_pod(job, b"line\n" * 60)
    deployed.kills_end_jobs()
    assert "was killed" in deployed("kill", NAME, "--timeout", "5s").out
    killed = deployed.cluster.get(Kind.JOB, job["metadata"]["name"])["metadata"]["annotations"]
    assert "@" in killed[labels.KILLED_BY]
    assert killed[labels.LOG_TAIL] == "line\n" * 50
    assert "no run is active" in deployed("kill", NAME).out


def test_a_killed_run_whose_pod_is_gone_shows_the_end_that_was_kept(deployed: Console) -> None:
    job = deployed.started()
    deployed.give_pod(job, b"line\n")
    deployed.kills_end_jobs()
    deployed("kill", NAME, "--timeout", "5s")
    (pod,) = deployed.cluster.list(Kind.POD)
    deployed.cluster.delete(Kind.POD, pod["metadata"]["name"], Propagation.BACKGROUND)
    result = deployed("logs", NAME)
    assert result.out == "line\n"
    assert "the pod is gone" in result.err


def test_a_pod_that_does_not_go_is_named_when_the_time_is_over(deployed: Console) -> None:
    deployed.give_pod(deployed.started())
    assert "still exists" in deployed("kill", NAME, "--timeout", "0", code=124).err


def test_a_failed_run_is_run_again_with_a_new_id(deployed: Console) -> None:
    job = deployed.started()
    deployed.end(job, reason="BackoffLimitExceeded")
    result = deployed("retry", "-o", "json")
    again = result.json
    assert "pg_prod.nightly is run again" in result.err
    assert again["runId"] != job["metadata"]["labels"]["app.kubernetes.io/run-id"]
    assert uuid.UUID(again["runId"])
    assert sorted(_states(deployed)) == ["failed", "queued"]


def test_a_run_with_its_own_document_is_run_again_with_it(deployed: Console) -> None:
    first = deployed("run", NAME, "--set", "workflowConfig.loggerLevel=DEBUG", "-o", "json").json
    deployed.end(deployed.cluster.get(Kind.JOB, first["jobName"]), reason="BackoffLimitExceeded")
    again = deployed("retry", first["runId"], "-o", "json").json
    owned = {
        item["metadata"]["ownerReferences"][0]["name"]: json.loads(base64.b64decode(item["data"]["workflow.json"]))
        for item in deployed.cluster.list(Kind.SECRET)
        if item["metadata"].get("ownerReferences")
    }
    assert owned[again["jobName"]]["workflowConfig"]["loggerLevel"] == "DEBUG"


def test_there_is_nothing_to_run_again(deployed: Console) -> None:
    deployed("retry", code=2)
    deployed("retry", RUN_ID, code=2)
    assert deployed.cluster.list(Kind.JOB) == []


def test_runs_are_found_by_the_beginning_of_their_ids(deployed: Console) -> None:
    for run_id in (RUN_ID, RUN_ID.replace("1c9e", "2c9e")):
        deployed("run", NAME, "--run-id", run_id, "--allow-overlap")
    one: Object = deployed("status", NAME, "-o", "json").json
    assert len(one["runs"]) == 2
    assert "there is no pod yet" in deployed("logs", RUN_ID[:6]).err
    assert "2 runs match" in deployed("logs", RUN_ID[:4], code=2).err


def test_an_id_that_a_run_of_another_file_has_is_refused(console: Console) -> None:
    first = console("run", "-f", console.nightly(), "--run-id", RUN_ID, "-o", "json").json

    refused = console(
        "run", "-f", console.nightly(name="other", fullyQualifiedName="pg_prod.other"), "--run-id", RUN_ID, code=2
    )

    assert first["jobName"] in refused.err
    assert [item["metadata"]["name"] for item in console.jobs()] == [first["jobName"]]
    again = console("run", "-f", console.nightly(), "--run-id", RUN_ID, "-o", "json").json
    assert again["jobName"] == first["jobName"]
