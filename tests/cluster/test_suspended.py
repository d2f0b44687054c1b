"""Jobs that somebody suspends while they run: Kubernetes has two ends for them, and both are told as they are."""

from __future__ import annotations

import json

import pytest

from tests.cluster.support.site import Site
from tests.cluster.support.space import until
from tests.cluster.support.told import Document, Told, said

HOLD = "k8s-pipeline.test/hold"
SECONDS = 20


@pytest.fixture
def told(site: Site) -> Told:
    found = Told(site)
    found.settings = {"terminationGracePeriodSeconds": 2}
    return found


def job_of(told: Told) -> Document:
    (job,) = told.program.space.list("jobs")
    return dict(job)


def pods_of(told: Told) -> list[Document]:
    return [dict(pod) for pod in told.program.space.list("pods")]


def conditions(told: Told) -> dict[str, Document]:
    found = job_of(told)["status"].get("conditions") or []
    return {item["type"]: item for item in found if item["status"] == "True"}


def suspend(told: Told, value: bool) -> None:
    patch = json.dumps({"spec": {"suspend": value}})
    told.program.space.kubectl("patch", "job", job_of(told)["metadata"]["name"], "--type=merge", "-p", patch)


def working(told: Told) -> Document:
    """Wait until the run works, and return its pod."""
    until(lambda: "on my way" in told.program("logs", "nightly", code=None).out, "it works")
    (pod,) = pods_of(told)
    return pod


def finalizers(told: Told, pod: Document, *changes: Document) -> None:
    name = pod["metadata"]["name"]
    told.program.space.kubectl("patch", "pod", name, "--type=json", "-p", json.dumps(list(changes)))


def test_a_run_that_is_suspended_is_let_be_and_begins_anew_when_it_is_resumed(told: Told) -> None:
    # It ignores SIGTERM, so that no exit code fails the Job.
    fqn = told.deploy({"ignoreSigterm": True}, {"log": "on my way"}, {"sleep": SECONDS})
    run = told.run()
    first = working(told)
    told.settings = {**told.settings, "startTimeoutSeconds": 1}
    told.configure(**told.settings)

    suspend(told, True)
    until(lambda: not pods_of(told) and "Suspended" in conditions(told), "it is suspended")
    for _ in range(3):
        told.once(code=None)
    assert job_of(told)["spec"]["suspend"] is True
    assert "k8s-pipeline/killed-by" not in job_of(told)["metadata"]["annotations"]
    assert not any(said(row) for row in told.site.server.api.runs.history().get(fqn, {}).get(run, ()))
    assert told.program("status", "nightly", "-o", "json").json["runs"][0]["cause"]["code"] == "Held"

    suspend(told, False)
    row = told.end_of(fqn, run)

    assert row["pipelineState"] == "success"
    assert [pod["metadata"]["name"] for pod in pods_of(told)] != [first["metadata"]["name"]], "it started again"
    ends = [row["pipelineState"] for row in told.site.server.api.runs.history()[fqn][run]]
    assert [state for state in ends if state not in ("queued", "running")] == ["success"]


@pytest.mark.parametrize("left", [True, False], ids=["its pod is still there", "its pod is gone"])
def test_a_run_that_kubernetes_fails_because_it_was_suspended_says_so(told: Told, left: bool) -> None:
    fqn = told.deploy({"log": "on my way"}, {"sleep": 300})
    run = told.run()
    pod = working(told)
    # The Pod object stays, so that the Job controller surely sees how it ended.
    finalizers(told, pod, {"op": "add", "path": "/metadata/finalizers/-", "value": HOLD})

    suspend(told, True)
    until(lambda: "Failed" in conditions(told), "Kubernetes has failed it")
    assert conditions(told)["Failed"]["reason"] == "PodFailurePolicy"
    if not left:
        finalizers(told, pod, {"op": "replace", "path": "/metadata/finalizers", "value": []})
        until(lambda: not pods_of(told), "the pod is gone")

    row = told.end_of(fqn, run)
    if left:
        finalizers(told, pod, {"op": "replace", "path": "/metadata/finalizers", "value": []})

    assert row["pipelineState"] == "failed"
    assert "suspended" in said(row)
    assert "143" in said(row)
    assert told.program("status", "nightly", "-o", "json").json["runs"][0]["cause"]["code"] == "Suspended"


def test_whichever_of_the_two_it_is_the_run_ends_once(told: Told) -> None:
    fqn = told.deploy({"log": "on my way"}, {"sleep": SECONDS})
    run = told.run()
    working(told)

    suspend(told, True)
    until(lambda: not pods_of(told) or "Failed" in conditions(told), "Kubernetes has carried it out")
    told.once(code=None)
    suspend(told, False)
    row = told.end_of(fqn, run)

    assert row["pipelineState"] == ("failed" if "Failed" in conditions(told) else "success")
    assert ("suspended" in said(row)) is ("Failed" in conditions(told))
    ends = [row["pipelineState"] for row in told.site.server.api.runs.history()[fqn][run]]
    assert len({state for state in ends if state not in ("queued", "running")}) == 1
