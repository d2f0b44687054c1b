"""What the program suggests to type next is typed here, as it is printed."""

from __future__ import annotations

import sys

import pytest

from k8s_pipeline_client.cluster.port import Kind
from tests.cluster.support.program import Result, call
from tests.cluster.support.suggestions import check_suggestions, suggested
from tests.unit.console import NAME, NIGHTLY, SERVICE, Console, console

__all__ = ["console"]

RUN_ID = "0b6f1c9e-1f5c-4f51-9d2c-9a7f6f7b7a11"


@pytest.fixture
def deployed(console: Console) -> Console:
    """One pipeline is deployed; the settings stand in a folder that has to be quoted."""
    console.move("my settings; here")
    console.deploy()
    return console


def _typed(result: Result) -> list[Result]:
    """Type every command that a result suggests."""
    found = [*suggested(result.out), *suggested(result.err)]
    assert found, result
    return [call(words) for words in found]


def _failed(console: Console) -> Result:
    job = console.started()
    console.give_pod(job, b"its own log\n", exit_code=1)
    console.end(job, reason="BackoffLimitExceeded")
    return console("wait", NAME, code=3)


def test_a_failed_run_leads_to_its_diagnosis(deployed: Console) -> None:
    (shown,) = _typed(_failed(deployed))

    assert shown.code == 0
    assert "its own log" in shown.out


def test_a_run_of_a_file_leads_to_its_own_log_beside_a_deployed_pipeline_of_that_name(deployed: Console) -> None:
    _failed(deployed)
    result = deployed("run", NAME, "-f", deployed.nightly())
    (job,) = (item for item in deployed.jobs() if "k8s-pipeline/one-shot" in item["metadata"]["labels"])
    deployed.give_pod(job, b"of the file\n", exit_code=0)
    deployed.end(job)

    (log,) = _typed(result)
    assert log.out == "of the file\n"


def test_a_retry_leads_to_its_log(deployed: Console) -> None:
    _failed(deployed)

    result = deployed("retry")
    (again,) = (job for job in deployed.jobs() if not job.get("status", {}).get("conditions"))
    deployed.give_pod(again, b"again\n", exit_code=0)
    deployed.end(again)

    (log,) = _typed(result)
    assert log.out == "again\n"


def test_a_wait_that_is_over_leads_to_log_and_kill(deployed: Console) -> None:
    deployed.started()

    follow, _ = suggested(deployed("wait", NAME, "--timeout", "0", code=124).err)
    assert follow[:1] == ["logs"]
    deployed.kills_end_jobs()
    _, kill = suggested(deployed("wait", NAME, "--timeout", "0", code=124).err)
    assert "was killed" in call(kill).out


@pytest.mark.parametrize("command", ["logs", "wait"])
def test_a_pipeline_without_runs_leads_to_one(deployed: Console, command: str) -> None:
    (started,) = _typed(deployed(command, NAME, code=2))

    assert started.code == 0
    assert len(deployed.jobs()) == 1


def test_the_status_of_a_pipeline_without_runs_leads_to_one_whatever_it_is_called(console: Console) -> None:
    document = {**NIGHTLY, "displayName": "Nightly; of 'pg'"}
    console("deploy", "-f", console.file("odd.yaml", document, SERVICE))

    (started,) = _typed(console("status", NAME))
    assert started.code == 0


def test_a_run_without_a_pipeline_leads_to_another_one(console: Console) -> None:
    job = console("run", "-f", console.nightly(), "-o", "json").json["jobName"]
    console.end(console.cluster.get(Kind.JOB, job), reason="BackoffLimitExceeded")

    (again,) = _typed(console("run", NAME, code=2))
    assert again.code == 0
    assert len(console.jobs()) == 2


def test_a_long_log_of_a_diagnosis_leads_to_all_of_it(deployed: Console) -> None:
    job = deployed.started()
    deployed.give_pod(job, b"line\n" * 60, exit_code=1)
    deployed.end(job, reason="BackoffLimitExceeded")

    (log,) = _typed(deployed("diagnose", NAME))
    assert log.out == "line\n" * 60


def test_one_id_of_two_runs_leads_to_their_jobs(deployed: Console) -> None:
    deployed("run", NAME, "--run-id", RUN_ID)
    deployed("run", "-f", deployed.nightly(), "--run-id", RUN_ID)

    refused = deployed("logs", RUN_ID, code=2).err
    assert all(job["metadata"]["name"] in refused for job in deployed.jobs())


def test_the_plugin_suggests_itself(deployed: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/local/bin/kubectl-ompipeline"])

    result = deployed("logs", NAME, code=2)
    assert "kubectl ompipeline run om-pg-prod" in result.err
    assert [item.code for item in _typed(result)] == [0]


@pytest.mark.parametrize(
    "line",
    [
        "next: k8s-pipeline nosuch",
        "next: k8s-pipeline run NAME",
        "next: k8s-pipeline logs",
        "next: k8s-pipeline logs x --nosuch",
        "next: k8s-pipeline logs x --config other.yaml",
        "one; next: kubectl ompipeline logs x y; and so on",
    ],
)
def test_what_could_not_be_typed_fails_a_test(line: str) -> None:
    with pytest.raises(AssertionError):
        check_suggestions(["--config", "a.yaml", "status"], line)
