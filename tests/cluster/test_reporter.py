"""The reporter on real pods: what OpenMetadata is told of runs that come to a bad end."""

from __future__ import annotations

import json
import signal
import time
from datetime import datetime
from pathlib import Path

import pytest

from k8s_pipeline_client.cluster.access import DOCUMENTED, rules
from tests.cluster.support.site import Site
from tests.cluster.support.space import until
from tests.cluster.support.told import Told, said
from tests.data import sample

WATCH = [
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["watch"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["watch"]},
]
RUNS = 4
MOST_LAG = 15.0
"""Seconds, where Jobs and pods are watched."""
RUN_ID = "app.kubernetes.io/run-id"


@pytest.fixture
def told(site: Site) -> Told:
    return Told(site)


def test_a_run_that_fails_is_failed_with_its_cause(told: Told) -> None:
    fqn = told.deploy({"fail": "password authentication failed for user om_reader"})

    row = told.end_of(fqn, told.run())

    assert row["pipelineState"] == "failed"
    assert "password authentication failed for user om_reader" in said(row)


def test_a_run_that_ends_with_code_1_is_told_with_its_log(told: Told) -> None:
    fqn = told.deploy({"log": "on my way"}, {"exit": 3})

    row = told.end_of(fqn, told.run())

    assert row["pipelineState"] == "failed"
    assert "code 3" in said(row)
    assert "on my way" in str(row)


def test_out_of_memory_names_the_limit(told: Told) -> None:
    fqn = told.deploy({"eatMemoryMiB": 400})

    row = told.end_of(fqn, told.run())

    assert row["pipelineState"] == "failed"
    assert "256Mi" in said(row)


def test_an_image_that_does_not_exist_ends_the_run_after_its_start_timeout(told: Told) -> None:
    told.settings = {"ingestionImage": "k8s-pipeline.local/nothing:here", "startTimeoutSeconds": 5}
    fqn = told.deploy({"log": "never"})

    row = told.end_of(fqn, told.run())

    assert row["pipelineState"] == "failed"
    assert "k8s-pipeline.local/nothing:here" in said(row)
    assert told.program("status", "nightly", "-o", "json").json["runs"][0]["cause"]["code"] == "ImagePull"


def test_a_deadline_is_the_cause(told: Told) -> None:
    told.settings = {"activeDeadlineSeconds": 4, "terminationGracePeriodSeconds": 3}
    fqn = told.deploy({"log": "on my way"}, {"sleep": 300})

    row = told.end_of(fqn, told.run())

    assert row["pipelineState"] == "failed"
    assert "deadline" in said(row)
    assert "on my way" in str(row)


def test_a_run_that_was_killed_is_failed_and_its_schedule_goes_on(told: Told) -> None:
    fqn = told.deploy({"log": "on my way"}, {"sleep": 300})
    run = told.run()
    until(lambda: "on my way" in told.program("logs", "nightly", code=None).out, "it works")
    told.program("kill", "nightly")

    row = told.end_of(fqn, run)

    assert row["pipelineState"] == "failed"
    assert "on my way" in str(row)


def test_success_that_openmetadata_did_not_hear_is_told(told: Told) -> None:
    fqn = told.deploy({"log": "done"})

    assert told.end_of(fqn, told.run())["pipelineState"] == "success"


def test_a_run_whose_job_is_deleted_is_closed(told: Told) -> None:
    fqn = told.deploy({"log": "on my way"}, {"sleep": 300})
    run = told.run()
    until(lambda: "on my way" in told.program("logs", "nightly", code=None).out, "it works")
    told.once()
    told.program.space.kubectl("delete", "jobs", "--all", "--wait")

    report = told.once()

    assert [(item["runId"], item["action"]) for item in report["runs"]] == [(run, "waited")]
    assert told.site.server.api.statuses.rows.of_run(fqn, run) is None, "nobody knows yet whether it is gone for good"


def test_the_loop_reports_until_it_is_ended(told: Told) -> None:
    fqn = told.deploy({"exit": 3})
    runs = [told.run(), told.run("--allow-overlap")]
    loop = told.program.start("reconcile", "--interval", "2s", "--log-format", "json")
    other = told.program.start("reconcile", "--interval", "2s")
    try:
        until(lambda: all(_is_done(told, run) for run in runs), "both are reported", 90)
    finally:
        loop.send_signal(signal.SIGTERM)
        other.send_signal(signal.SIGTERM)
    said_by_loop, _ = loop.communicate(timeout=60)
    other.communicate(timeout=60)

    assert (loop.returncode, other.returncode) == (0, 0)
    assert "stopped on request" in said_by_loop
    for run in runs:
        rows = told.site.server.api.runs.history()[fqn][run]
        assert {row["pipelineState"] for row in rows} == {"failed"}


def _is_done(told: Told, run: str) -> bool:
    jobs = [job for job in told.program.space.list("jobs") if job["metadata"]["labels"][RUN_ID] == run]
    return bool(jobs) and jobs[0]["metadata"]["labels"].get("k8s-pipeline/reported") == "final"


def test_with_watch_ends_are_reported_long_before_the_interval_is_over(told: Told, tmp_path: Path) -> None:
    rights = [*rules(DOCUMENTED), *WATCH]
    watcher = told.program.within(told.program.space.with_rights("watcher", rights, tmp_path))
    fqn = told.deploy({"log": "on my way"}, {"sleep": 12}, {"exit": 3})
    loop = watcher.start("reconcile", "--interval", "60s", "--watch", "--log-format", "json")
    try:
        runs = [told.run("--allow-overlap") for _ in range(RUNS)]
        until(lambda: all(_row(told, fqn, run) == "failed" for run in runs), "all are reported", 120)
    finally:
        loop.send_signal(signal.SIGTERM)
    output, _ = loop.communicate(timeout=60)

    said = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    reported = {line["run"]: datetime.fromisoformat(line["time"]) for line in said if line.get("state") == "failed"}
    lags = sorted((reported[run] - _ended_at(told, run)).total_seconds() for run in runs)
    print(f"lags: {lags}")
    assert lags[-1] <= MOST_LAG
    assert "falling back to polling" not in output


def test_without_the_right_it_is_said_once_and_the_interval_counts(told: Told) -> None:
    fqn = told.deploy({"log": "on my way"}, {"exit": 3})
    run = told.run()
    loop = told.program.start("reconcile", "--interval", "2s", "--watch", "--log-format", "json")
    try:
        until(lambda: _row(told, fqn, run) == "failed", "it is reported", 90)
    finally:
        loop.send_signal(signal.SIGTERM)
    output, _ = loop.communicate(timeout=60)

    assert output.count("falling back to polling") == 2, "of Jobs, and of pods"
    assert loop.returncode == 0


def _row(told: Told, fqn: str, run: str) -> str | None:
    row = told.site.server.api.statuses.rows.of_run(fqn, run)
    return str(row["pipelineState"]) if row else None


def _ended_at(told: Told, run: str) -> datetime:
    (job,) = [job for job in told.program.space.list("jobs") if job["metadata"]["labels"][RUN_ID] == run]
    (failed,) = [item for item in job["status"]["conditions"] if item["type"] == "Failed"]
    return datetime.fromisoformat(failed["lastTransitionTime"])


def test_the_test_of_a_connection_that_cannot_start_is_failed(told: Told) -> None:
    told.configure(ingestionImage="k8s-pipeline.local/nothing:here")
    workflow = sample("automation/test_connection_mysql.json")
    known = {key: value for key, value in workflow.items() if key != "status"}
    told.site.server.control.seed({"entities": {"automations/workflows": [known]}})
    told.program("run", "-f", told.program.file("automation.json", workflow))
    begin = time.monotonic()

    def status() -> str | None:
        told.once(code=None)
        found = told.site.server.api.entities.get("automations/workflows", workflow["fullyQualifiedName"])
        return str(found["status"]) if found and found.get("status") else None

    assert until(status, "the workflow has a status", 130) == "Failed"
    assert time.monotonic() - begin < 120
