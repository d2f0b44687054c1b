"""What keeps a pod, and what was skipped, is told by kill and status on a real cluster."""

from __future__ import annotations

import json

import pytest

from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.space import until


def test_kill_names_the_finalizer_that_keeps_a_pod(program: Program) -> None:
    program.deploy(pipeline({"log": "begun"}, {"sleep": 300}), service())
    program("run", "nightly")
    pod = until(lambda: _running(program), "the pod runs")
    hold = json.dumps({"metadata": {"finalizers": ["example.com/hold"]}})
    program.space.kubectl("patch", "pod", pod, "--type=merge", "-p", hold)
    try:
        result = program("kill", "nightly")
        assert f"Pod {pod} stays until it is released, held by finalizer example.com/hold" in result.err
        assert "was killed" in result.out
    finally:
        program.space.kubectl("patch", "pod", pod, "--type=merge", "-p", '{"metadata": {"finalizers": null}}')


def _running(program: Program) -> str:
    pods = [pod for pod in program.space.list("pods") if pod["status"].get("phase") == "Running"]
    return str(pods[0]["metadata"]["name"]) if pods else ""


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_status_names_the_due_times_that_were_skipped(program: Program) -> None:
    program.deploy(pipeline({"sleep": 400}, schedule="* * * * *"), service())

    def warned() -> str:
        found = program("status", "nightly", "-o", "json").json
        return next((text for text in found["warnings"] if "skipped" in text), "")

    told = until(warned, "a due time is skipped", 400)
    (job,) = program.space.list("jobs")
    assert "1 due time skipped while the run before" in told
    assert job["metadata"]["name"] in told
    assert "starts once the run before" in program("status", "nightly").out
