"""What a service asks for that has to answer in seconds, on a real cluster: Kubernetes finishes what was accepted."""

from __future__ import annotations

import json
import time

import pytest

from k8s_pipeline_client import time_limit
from k8s_pipeline_client.errors import WaitTimeoutError
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.space import until
from tests.cluster.test_library import made

HOLD = json.dumps({"metadata": {"finalizers": ["example.com/hold"]}})
RELEASE = json.dumps({"metadata": {"finalizers": None}})


def _at_work(program: Program) -> None:
    program.deploy(pipeline({"log": "working hard"}, {"sleep": 600}, schedule="0 0 1 1 *"), service())
    program("run", "nightly")
    until(lambda: "working hard" in program("logs", "nightly").out, "the run is at work")


def _gone(program: Program, kind: str) -> None:
    until(lambda: program.space.list(kind) == [], f"no {kind} are left")


def test_a_kill_returns_once_it_is_accepted_and_kubernetes_ends_the_run(program: Program) -> None:
    program.configure(terminationGracePeriodSeconds=60)
    _at_work(program)
    (job,) = program.space.list("jobs")

    (run,) = program("kill", job["metadata"]["uid"], "--no-wait", "-o", "json").json

    assert run["killedBy"]
    ended = until(
        lambda: (found := program("status", "nightly", "-o", "json").json["lastRun"])["state"] == "failed" and found,
        "the run has failed",
    )
    assert ended["cause"]["code"] == "Killed"
    assert "working hard" in program("logs", "nightly").out
    assert program.space.list("cronjobs")[0]["spec"]["suspend"] is False
    assert program("kill", job["metadata"]["name"], "--no-wait").out == "no run is active\n"


def test_a_delete_returns_once_nothing_can_start_and_kubernetes_removes_the_rest(program: Program) -> None:
    program.configure(terminationGracePeriodSeconds=60)
    _at_work(program)

    program("delete", "nightly", "--no-wait")

    left = [*program.space.list("cronjobs"), *program.space.list("jobs")]
    assert [item for item in left if "deletionTimestamp" not in item["metadata"]] == []
    for kind in ("jobs", "pods", "cronjobs", "secrets"):
        _gone(program, kind)


def test_the_pods_of_a_job_that_somebody_holds_end_all_the_same(program: Program) -> None:
    _at_work(program)
    (job,) = program.space.list("jobs")
    name = job["metadata"]["name"]
    program.space.kubectl("patch", "job", name, "--type=merge", "-p", HOLD)
    try:
        said = program("delete", "nightly", "--no-wait").err
        assert f"Job {name}" in said
        assert "example.com/hold" in said
        _gone(program, "pods")
        assert program.space.list("jobs")[0]["metadata"]["deletionTimestamp"]
    finally:
        program.space.kubectl("patch", "job", name, "--type=merge", "-p", RELEASE)
    _gone(program, "jobs")


def test_a_deploy_over_a_cronjob_that_somebody_holds_fails_in_time_and_names_the_finalizer(program: Program) -> None:
    entity = pipeline({"log": "second life"}, schedule="@daily")
    name = program.deploy(entity, service()).json[0]["resourceName"]
    program.space.kubectl("patch", "cronjob", name, "--type=merge", "-p", HOLD)
    try:
        with made(program) as client:
            begun = time.monotonic()
            with time_limit(5):
                reason = client.delete_pipeline(entity, wait=False).reason
                assert "example.com/hold" in str(reason)
                with pytest.raises(WaitTimeoutError) as refused:
                    client.deploy_pipeline(entity, service())
            assert time.monotonic() - begun < 6
            assert refused.value.code == "Terminating"
            assert refused.value.facts["finalizers"] == ("example.com/hold",)
            program.space.kubectl("patch", "cronjob", name, "--type=merge", "-p", RELEASE)
            with time_limit(10):
                assert "created" in str(client.deploy_pipeline(entity, service()).reason)
    finally:
        if program.space.list("cronjobs"):
            program.space.kubectl("patch", "cronjob", name, "--type=merge", "-p", RELEASE)
