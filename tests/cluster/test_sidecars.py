"""Injected sidecars that go on when container main has ended."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.mesh import mesh
from tests.cluster.support.program import Program
from tests.cluster.support.space import until
from tests.cluster.support.webhook import webhook


def _conditions(program: Program, job: str) -> dict[str, str]:
    """The Job's conditions that hold, with their reasons."""
    found = program.space.get("job", job)["status"].get("conditions", ())
    return {item["type"]: item["reason"] for item in found if item["status"] == "True"}


def _last(program: Program) -> dict[str, Any]:
    found: dict[str, Any] = program("status", "nightly", "-o", "json").json["lastRun"]
    return found


@pytest.mark.slow
def test_a_run_that_was_waited_for_does_not_stay_for_its_sidecar(program: Program, standin: str) -> None:
    program.configure(backoffLimit=2)
    program.deploy(pipeline({"log": "all done"}), service())
    with webhook(program.space, {"pods": mesh(standin)}):
        run = program("run", "nightly", "--wait", "-o", "json").json
        assert run["state"] == "success"
        job = run["jobName"]
        assert "Failed" not in _conditions(program, job), "the sidecar has its time"

        until(lambda: "Failed" in _conditions(program, job), "the Job ends, though Kubernetes says that it failed")

        assert len(program.space.list("pods")) == 1, "what has succeeded is not tried again"
        assert (_last(program)["state"], _last(program)["endedAt"]) == ("success", run["endedAt"])
        assert "all done" in program("logs", "nightly").out
        program.space.kubectl("delete", "pods", "--all", "--wait")
        assert (_last(program)["state"], _last(program)["cause"]) == ("success", None)
        assert program("runs", "--failed", "-o", "json").json == []


def test_a_sidecar_that_ends_in_time_leaves_the_job_complete(program: Program, standin: str) -> None:
    program.deploy(pipeline({"log": "all done"}), service())
    with webhook(program.space, {"pods": mesh(standin, seconds=12)}):
        job = program("run", "nightly", "--wait", "-o", "json").json["jobName"]
        until(lambda: {"Complete", "Failed"} & set(_conditions(program, job)), "the Job ends")

    assert "Complete" in _conditions(program, job)
    assert _last(program)["warnings"] == []


@pytest.mark.slow
def test_a_failed_attempt_is_not_kept_from_its_retry(program: Program, standin: str) -> None:
    program.configure(backoffLimit=1)
    program.deploy(pipeline({"fail": "no such table"}), service())
    with webhook(program.space, {"pods": mesh(standin)}):
        run = program("run", "nightly", "--wait", "-o", "json", code=3).json
        assert [attempt["exitCode"] for attempt in run["attempts"]] == [1, 1]
        assert "no such table" in run["cause"]["summary"]
        until(lambda: "Failed" in _conditions(program, run["jobName"]), "the Job ends")

    assert _conditions(program, run["jobName"])["Failed"] == "BackoffLimitExceeded"
    assert (_last(program)["state"], _last(program)["cause"]) == ("failed", run["cause"])
    assert len(program.space.list("pods")) == 2


def test_following_the_log_ends_with_main(program: Program, standin: str) -> None:
    program.deploy(pipeline({"log": "first"}, {"sleep": 2}, {"log": "last"}), service())
    with webhook(program.space, {"pods": mesh(standin)}):
        job = program("run", "nightly", "-o", "json").json["jobName"]
        log = program("logs", "nightly", "-f").out

    assert "first" in log
    assert "last" in log
    assert _conditions(program, job) == {}, "who only reads ends nothing"


def test_a_run_that_has_succeeded_cannot_be_killed_any_more_but_its_sidecars_can(
    program: Program, standin: str
) -> None:
    program.deploy(pipeline({"log": "all done"}), service())
    with webhook(program.space, {"pods": mesh(standin)}):
        program("run", "nightly")
        until(lambda: _last(program)["state"] == "success", "main has ended")

        assert "had succeeded before" in program("kill", "nightly").out

        assert [pod["status"]["phase"] for pod in program.space.list("pods")] == ["Failed"]
        run = _last(program)
        assert (run["state"], run["killedBy"]) == ("success", None)
        assert "all done" in program("logs", "nightly").out


def test_a_new_run_is_not_kept_waiting_by_the_sidecar_of_the_last(program: Program, standin: str) -> None:
    program.deploy(pipeline({"log": "all done"}), service())
    with webhook(program.space, {"pods": mesh(standin)}):
        program("run", "nightly")
        until(lambda: _last(program)["state"] == "success", "main has ended")

        assert program("run", "nightly", "--wait", "-o", "json").json["state"] == "success"


def test_what_is_run_again_has_its_retries_back(program: Program, standin: str) -> None:
    program.configure(backoffLimit=2)
    path = program.file("once.json", pipeline({"log": "all done"}), service())
    with webhook(program.space, {"pods": mesh(standin)}):
        run = program("run", "-f", path, "--wait", "-o", "json").json
        program("kill", "nightly")  # a second look at its sidecars
        assert program.space.get("job", run["jobName"])["spec"]["backoffLimit"] == 0
        again = program("retry", run["runId"], "-o", "json").json
        assert program.space.get("job", again["jobName"])["spec"]["backoffLimit"] == 2
        assert program("wait", again["runId"], "-o", "json").json["state"] == "success"
