"""What becomes of pipelines and runs where answers of the API server are lost or bad."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.cluster.support import faults
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.faults import Effect, FaultProxy, answer
from tests.cluster.support.program import Program
from tests.cluster.support.space import until

LOST = {
    "429": answer(429, retry_after="0"),
    "500": answer(500),
    "502": answer(502),
    "503": answer(503),
    "504": answer(504),
    "reset before": faults.reset_before,
    "reset after": faults.reset_after,
    "truncated": faults.truncated,
}
"""Ways to have no answer, with the request carried out or not."""
TYPICAL = ("503", "reset after")
"""One of each."""


def _every_other(effect: Effect) -> Effect:
    lock, seen = threading.Lock(), [0]

    def sometimes(handler: Any) -> None:
        with lock:
            seen[0] += 1
            hit = seen[0] % 2
        if hit:
            effect(handler)
        else:
            handler.passed_on()

    return sometimes


@pytest.mark.parametrize(
    "how", [one if one in TYPICAL else pytest.param(one, marks=pytest.mark.thorough) for one in LOST]
)
def test_a_pipelines_whole_life_with_every_other_answer_lost(faulty: Program, proxy: FaultProxy, how: str) -> None:
    proxy.fault(_every_other(LOST[how]), times=None)

    faulty.deploy(pipeline({"log": "ran"}, {"sleep": 600}, schedule="@yearly"), service())
    run = faulty("run", "nightly", "-o", "json").json
    (job,) = faulty.space.list("jobs")
    assert job["metadata"]["name"] == run["jobName"]
    until(lambda: faulty("status", "nightly", "-o", "json").json["lastRun"]["state"] == "running", "it runs")
    assert faulty("kill", "nightly", "-o", "json").json[0]["cause"]["code"] == "Killed"
    faulty("disable", "nightly")
    faulty("delete", "nightly")

    for kind in ("cronjobs", "jobs", "secrets", "pods"):
        assert faulty.space.list(kind, "k8s-pipeline/pipeline") == []
    assert len([request for request in proxy.requests if request.status != 200]) > 10


def test_a_one_shot_run_whose_creation_was_not_answered_is_one_run(faulty: Program, proxy: FaultProxy) -> None:
    path = faulty.file("p.yaml", pipeline({"log": "once"}), service())
    proxy.fault(faults.reset_after, method="POST")

    assert faulty("run", "-f", path, "--wait", "-o", "json").json["state"] == "success"

    assert len(faulty.space.list("jobs")) == 1


def test_a_one_shot_run_whose_secret_is_refused_leaves_nothing(faulty: Program, proxy: FaultProxy) -> None:
    path = faulty.file("p.yaml", pipeline({"log": "once"}), service())
    proxy.fault(answer(403, message="secrets are full"), method="PATCH", path="/secrets/", times=None)

    refused = faulty("run", "-f", path, code=1)

    assert "secrets are full" in refused.err
    assert "the run has been removed" in refused.err
    until(lambda: not faulty.space.list("jobs"), "the Job is gone")


def test_list_and_status_say_so_where_they_cannot_read(faulty: Program, proxy: FaultProxy) -> None:
    faulty.deploy(pipeline({"log": "x"}), service())
    proxy.fault(answer(500, message="etcd is away"), path="/(jobs|pods)", times=None)

    for words in (["list"], ["status", "nightly"]):
        result = faulty(*words, code=1)
        assert "etcd is away" in result.err
        assert result.out == ""
