"""Runs that a cluster does not let start, takes away, or cleans up: what a person is told."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.space import until


def _cause(program: Program, code: str, *, state: str = "queued") -> dict[str, Any]:
    """Wait until the last run is held up for that cause."""

    def look() -> dict[str, Any]:
        run: dict[str, Any] = program("status", "nightly", "-o", "json").json["lastRun"]
        return run if run["cause"] and run["cause"]["code"] == code else {}

    run = until(look, f"cause {code}")
    assert run["state"] == state
    cause: dict[str, Any] = run["cause"]
    return cause


def test_unschedulable(program: Program) -> None:
    program.configure(nodeSelector={"disktype": "unobtainium"})
    program.deploy(pipeline(), service())
    program("run", "nightly")

    cause = _cause(program, "Unschedulable")

    assert "node(s) didn't match Pod's node affinity/selector" in cause["detail"]
    assert cause["summary"] in program("list").out


def test_quota(program: Program) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    program.space.kubectl("apply", "-f", "-", given=json.dumps(quota))
    program.deploy(pipeline(), service())
    program("run", "nightly")

    assert "exceeded quota: none" in _cause(program, "QuotaExceeded")["detail"]


def test_admission_refuses_the_pod(program: Program) -> None:
    program.configure(runAsUser=0, runAsNonRoot=False)
    program.deploy(pipeline(), service())
    program("run", "nightly")

    assert "violates PodSecurity" in _cause(program, "AdmissionRefused")["detail"]


def test_a_service_account_that_is_not_there(program: Program) -> None:
    program.configure(serviceAccountName="nobody")
    program.deploy(pipeline(), service())
    program("run", "nightly")

    assert 'serviceaccount "nobody" not found' in _cause(program, "AdmissionRefused")["detail"]


def test_the_document_is_missing(program: Program) -> None:
    name = program.deploy(pipeline(), service()).json[0]["resourceName"]
    program.space.kubectl("delete", "secret", name)
    program("run", "nightly")

    assert name in json.dumps(_cause(program, "ConfigMissing"))


def test_an_evicted_run_starts_again_and_uses_no_retry_up(program: Program) -> None:
    program.configure(backoffLimit=0)
    program.deploy(pipeline({"sleep": 6}, {"log": "to the end"}), service())
    program("run", "nightly")
    until(lambda: program("status", "nightly", "-o", "json").json["lastRun"]["state"] == "running", "it runs")
    (pod,) = program.space.list("pods")
    name, namespace = pod["metadata"]["name"], program.space.namespace
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"

    program.space.kubectl("create", "--raw", path, "-f", "-", given=json.dumps(eviction))
    run = program("wait", "nightly", "-o", "json").json

    assert run["state"] == "success"
    assert [attempt["name"] for attempt in run["attempts"]] != [name]
    assert "to the end" in program("logs", "nightly").out


@pytest.mark.disruptive
def test_a_drained_node_ends_no_run(program: Program) -> None:
    program.configure(backoffLimit=0)
    program.deploy(pipeline({"sleep": 6}), service())
    program("run", "nightly")
    until(lambda: program("status", "nightly", "-o", "json").json["lastRun"]["state"] == "running", "it runs")
    (pod,) = program.space.list("pods")
    node = pod["spec"]["nodeName"]
    mine = f"--pod-selector=k8s-pipeline/pipeline={pod['metadata']['labels']['k8s-pipeline/pipeline']}"
    try:
        program.space.access.run("drain", node, "--ignore-daemonsets", "--force", mine)
        # It has begun: that the drained pod is gone, and another one waits, makes no new run of it.
        waiting = _cause(program, "Unschedulable", state="running")
    finally:
        program.space.access.run("uncordon", node)

    assert "unschedulable" in waiting["detail"]
    assert program("wait", "nightly", "-o", "json").json["state"] == "success"


def test_a_finished_one_shot_run_is_cleaned_up_with_its_secret(program: Program) -> None:
    program.configure(ttlSecondsAfterFinished=1)
    path = program.file("p.json", pipeline({"log": "x"}), service())
    ended = program("run", "-f", path, "--wait", "-o", "json")
    run = ended.json
    # The floor of two hours is ours; that the clean-up takes the Secret along is Kubernetes' doing.
    assert "ttlSecondsAfterFinished 1 is raised to 7200" in ended.err
    program.space.kubectl(
        "patch", "job", run["jobName"], "--type=merge", "-p", '{"spec": {"ttlSecondsAfterFinished": 1}}'
    )

    until(lambda: not program.space.list("jobs") and not program.space.list("secrets"), "the clean-up")

    assert program("list", "-o", "json").json == []


def test_the_history_keeps_the_newest(program: Program) -> None:
    program.configure(successfulJobsHistoryLimit=1)
    name = program.deploy(pipeline({"log": "x"}, schedule="@daily"), service()).json[0]["resourceName"]
    mine = program("run", "nightly", "--wait", "-o", "json").json["jobName"]
    for number in range(3):
        program.space.kubectl("create", "job", f"--from=cronjob/{name}", f"by-hand-{number}")
        program.space.kubectl("wait", "--for=condition=Complete", f"job/by-hand-{number}", "--timeout=60s")

    names = {mine, "by-hand-2"}
    until(lambda: {job["metadata"]["name"] for job in program.space.list("jobs")} == names, "the history's end")
    # What a person asked for with `run` is not history of the schedule: it stays for its TTL.
    assert {run["jobName"] for run in program("runs", "-o", "json").json} == names


@pytest.mark.slow
def test_a_schedule_is_kept_in_its_time_zone(program: Program) -> None:
    zone = "Asia/Kolkata"
    due = datetime.now(ZoneInfo(zone)) + timedelta(seconds=75)
    airflow = {"scheduleInterval": f"{due.minute} {due.hour} * * *", "pipelineTimezone": zone}
    program.deploy(pipeline({"log": "x"}) | {"airflowConfig": airflow}, service())

    before = program("list", "-o", "json").json[0]["nextRunAt"]
    (job,) = until(lambda: program.space.list("jobs"), "the run in the other zone", total_timeout=150)

    scheduled = job["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"]
    assert datetime.fromisoformat(scheduled) == datetime.fromisoformat(before)
