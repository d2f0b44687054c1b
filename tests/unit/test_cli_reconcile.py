"""reconcile on the command line, and the loop below it."""

from __future__ import annotations

import json
import threading
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

from k8s_pipeline_client.errors import PipelineError, UnreachableError
from k8s_pipeline_client.reporter import Report, RunReport
from k8s_pipeline_client.reporter.metrics import Metrics
from k8s_pipeline_client.reporter.report import Action
from tests.unit.console import Console
from tests.unit.reconciling import console, world
from tests.unit.reporting import World, said, state_of

__all__ = ["console", "world"]


def test_one_pass_reports_and_confirms(world: World, console: Console) -> None:
    job = world.failed_run()

    found = console("reconcile", "--once", "-o", "json").json

    (run,) = found["runs"]
    assert (run["runId"], run["state"], run["action"]) == (world.run_id(job), "failed", "confirmed")
    assert (run["fqn"], run["job"], run["cause"]) == (world.fqn, job, "ExitCode")
    assert world.mark(job) == "final"
    assert console("reconcile", "--once", "-o", "json").json["runs"] == []


def test_one_pass_in_words(world: World, console: Console) -> None:
    world.failed_run()

    table = console("reconcile", "--once").out

    assert world.fqn in table
    assert "confirmed" in table
    assert "nothing to report" in console("reconcile", "--once").err


def test_a_report_that_failed_is_an_error(world: World, console: Console) -> None:
    world.failed_run()
    world.server.be_down()

    console("reconcile", "--once", code=1)

    (run,) = json.loads(console("reconcile", "--once", "-o", "json", code=1).out)["runs"]
    assert run["errorCode"] == "ServerUnreachable"


@pytest.mark.parametrize(
    "words",
    [
        ["--interval", "2m"],
        ["--interval", "0s"],
        ["--close-stale"],
        ["--close-stale", "--before", "yesterday"],
        ["--before", "2026-01-01"],
        ["--once", "--close-stale", "--before", "2026-01-01"],
        ["--once", "--metrics-port", "0"],
        ["-o", "json"],
        ["--dry-run", "--once"],
        ["--watch", "--once"],
        ["--watch", "--close-stale", "--before", "2026-01-01"],
    ],
    ids=" ".join,
)
def test_options_that_do_not_go_together(console: Console, words: list[str]) -> None:
    console("reconcile", *words, code=2)


def stale(world: World) -> str:
    """Have an earlier client have left a row, and return its run id."""
    identity = "44444444-4444-4444-8444-444444444444"
    stamp = int(world.fake.clock.timestamp() * 1000)
    world.server.add_row(world.fqn, {"runId": identity, "pipelineState": "running", "timestamp": stamp})
    world.fake.advance(48 * 3600)
    return identity


def test_what_an_earlier_client_has_left_is_closed(world: World, console: Console) -> None:
    identity = stale(world)
    alive = world.run()
    world.pod(alive)
    world.reported_by_itself(alive, "running")
    before = world.fake.clock.isoformat()

    listed = console("reconcile", "--close-stale", "--before", before, "--dry-run", "-o", "json").json
    assert [(run["runId"], run["action"]) for run in listed["runs"]] == [(identity, "waited")]
    assert state_of(world.server.row(world.fqn, identity)) == "running"

    closed = console("reconcile", "--close-stale", "--before", before, "-o", "json").json

    assert [(run["runId"], run["action"]) for run in closed["runs"]] == [(identity, "written")]
    row = world.server.row(world.fqn, identity)
    assert state_of(row) == "failed"
    assert "no Job" in said(row)
    assert world.state(alive) == "running"


def test_rows_that_are_younger_than_asked_for_are_left(world: World, console: Console) -> None:
    identity = stale(world)

    found = console("reconcile", "--close-stale", "--before", "2026-01-01", "-o", "json").json

    assert found["runs"] == []
    assert state_of(world.server.row(world.fqn, identity)) == "running"


def test_a_row_that_began_in_the_last_millisecond_is_closed(world: World, console: Console) -> None:
    identity = stale(world)
    row = world.server.row(world.fqn, identity)
    assert row is not None
    before = datetime.fromtimestamp(row["timestamp"] / 1000, UTC) + timedelta(microseconds=600)

    found = console("reconcile", "--close-stale", "--before", before.isoformat(), "-o", "json").json

    assert [run["runId"] for run in found["runs"]] == [identity]


def test_the_loop_goes_on_while_the_api_server_is_down(world: World) -> None:
    job = world.failed_run()
    stop, errors, made = threading.Event(), list[PipelineError](), list[Report]()
    down = world.fake.before(lambda _: _raise())

    def on_error(error: PipelineError) -> None:
        errors.append(error)
        if len(errors) == 3:
            down()

    def on_pass(report: Report) -> None:
        world.fake.advance(10)
        made.append(report)
        if world.mark(job):
            stop.set()

    with world.reporter() as reporter:
        reporter.run(interval=0.001, stop=stop, on_pass=on_pass, on_error=on_error)

    assert [error.code for error in errors] == ["ApiServerUnreachable"] * 3
    assert world.state(job) == "failed"


def _raise() -> None:
    raise UnreachableError("the API server gave no answer")


def test_metrics_are_shown() -> None:
    metrics = Metrics(0)
    run = RunReport("id", "p", "f", "j", "failed", Action.WRITTEN, lag_seconds=7.0)
    metrics.passed(Report((run, RunReport("id2", "p", "f", "j", "queued", Action.FAILED, error_code="TokenRejected"))))
    metrics.failed(UnreachableError("no answer"))

    with urllib.request.urlopen(f"http://127.0.0.1:{metrics.port}/metrics", timeout=10) as response:
        text = response.read().decode()
    metrics.close()

    assert 'k8s_pipeline_reporter_passes_total{result="made"} 1.0' in text
    assert 'k8s_pipeline_reporter_runs{state="queued"} 1.0' in text
    assert 'k8s_pipeline_reporter_report_failures_total{reason="TokenRejected"} 1.0' in text
    assert 'k8s_pipeline_reporter_lag_seconds_bucket{le="10.0"} 1.0' in text


def test_logs_are_json_where_asked_for(world: World, console: Console) -> None:
    world.failed_run()

    lines = console("reconcile", "--once", "--log-format", "json", "-o", "json").err.splitlines()

    found = [json.loads(line) for line in lines if line.startswith("{")]
    assert any("reported failed" in line["message"] for line in found)
    assert {"time", "level", "logger", "message"} <= set(found[0])
