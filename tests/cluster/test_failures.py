"""Runs that come to a bad end: the state, the cause in words, and what is left to look at."""

from __future__ import annotations

import time

import pytest

from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.space import until


def test_a_failed_run_says_why_and_what_to_type_next(program: Program) -> None:
    program.deploy(pipeline({"fail": "password authentication failed for user om_reader"}), service())

    result = program("run", "nightly", "--wait", code=3)

    assert "password authentication failed for user om_reader" in result.out
    assert "k8s-pipeline diagnose om-pg-prod-metadata-" in result.err


def test_out_of_memory_names_limit_and_peaks_and_suggests_a_value(program: Program) -> None:
    program.deploy(pipeline({"eatMemoryMiB": 100}), service())
    run = program("run", "nightly", "--wait", "-o", "json").json
    peak = run["peakMemoryBytes"]
    assert 100 * 2**20 < peak < 256 * 2**20
    assert " of 256Mi" in program("status", "nightly").out
    program.space.kubectl("delete", "pods", "--all", "--wait")
    assert program("runs", "-o", "json").json[0]["peakMemoryBytes"] == peak, "kept on the Job"

    step = "source.sourceConfig.config.standin.steps[0].eatMemoryMiB"
    run = program("run", "nightly", "--set", f"{step}=400", "--wait", "-o", "json", code=3).json

    assert run["cause"]["code"] == "OOMKilled"
    assert "256Mi" in run["cause"]["summary"]
    assert "from 256Mi to 512Mi" in run["cause"]["hint"]
    assert f"{peak // 2**20} MiB" in run["cause"]["hint"]


@pytest.mark.parametrize("ignored", [False, True], ids=["sigterm-obeyed", "sigterm-ignored"])
def test_a_deadline_leaves_the_log_and_the_cause(program: Program, ignored: bool) -> None:
    program.configure(activeDeadlineSeconds=4, terminationGracePeriodSeconds=3)
    steps = [{"ignoreSigterm": True}] if ignored else []
    program.deploy(pipeline({"log": "on my way"}, *steps, {"sleep": 300}), service())

    run = program("run", "nightly", "--wait", "-o", "json", code=3).json

    assert run["cause"]["code"] == "DeadlineExceeded"
    log = program("logs", "nightly").out
    assert "on my way" in log
    assert ("stopped by SIGTERM" in log) is not ignored
    assert [attempt["exitCode"] for attempt in run["attempts"]] == [137 if ignored else 143]


def test_an_image_that_does_not_exist_is_named(program: Program) -> None:
    program.configure(ingestionImage="k8s-pipeline.local/nothing:here")
    program.deploy(pipeline({"log": "never"}), service())

    result = program("run", "nightly", "--wait", "--timeout", "20s", code=124)

    assert "k8s-pipeline.local/nothing:here" in result.err
    run = program("status", "nightly", "-o", "json").json["runs"][0]
    assert (run["state"], run["cause"]["code"]) == ("queued", "ImagePull")
    assert "has not started" in program("logs", "nightly").err


def test_an_image_without_an_entry_point_is_answered_with_one_that_has_it(program: Program) -> None:
    elsewhere = {"spec": {"containers": [{"name": "main", "workingDir": "/tmp"}]}}
    program.configure(podTemplate=elsewhere, backoffLimit=3)
    program.deploy(pipeline({"log": "never"}), service())

    run = program("run", "nightly", "--wait", "-o", "json", code=3).json

    assert run["cause"]["code"] == "ExitCode"
    assert run["cause"]["summary"].endswith("this image has no main.py in /tmp")
    assert run["cause"]["hint"] == "use openmetadata/ingestion-base, or an image made from it"
    assert len(run["attempts"]) == 1, "no retry helps"
    assert "ingestion-base has one" in program("logs", "nightly").out


def test_an_image_without_python_is_answered_with_one_that_has_it(program: Program, postgres: str) -> None:
    program.configure(ingestionImage=postgres)
    program.deploy(pipeline({"log": "never"}), service())

    run = program("run", "nightly", "--wait", "-o", "json", code=3).json

    assert run["cause"]["code"] == "StartError"
    assert "python" in run["cause"]["detail"]
    assert run["cause"]["hint"].startswith("use openmetadata/ingestion-base, or an image made from it: this one has no")


def test_sigterm_is_obeyed_at_once(program: Program) -> None:
    program.configure(terminationGracePeriodSeconds=60, backoffLimit=3)
    program.deploy(pipeline({"log": "working"}, {"catchAll": [{"sleep": 300}]}), service())
    program("run", "nightly")
    _wait_for_log(program, "working")
    (pod,) = program.space.list("pods")

    start = time.monotonic()
    program.space.kubectl("delete", "pod", pod["metadata"]["name"], "--wait")
    assert time.monotonic() - start < 30, "the whole grace period has passed"


def test_sigterm_from_outside_fails_the_run_without_a_retry(program: Program) -> None:
    program.configure(backoffLimit=3)
    program.deploy(pipeline({"signalSelf": "SIGTERM"}, {"sleep": 60}), service())

    run = program("run", "nightly", "--wait", "-o", "json", code=3).json

    assert [attempt["exitCode"] for attempt in run["attempts"]] == [143]
    assert run["cause"]["code"] == "SigTerm"


def _wait_for_log(program: Program, text: str) -> None:
    until(lambda: text in program("logs", "nightly", code=None).out, f"{text!r} in the log")
