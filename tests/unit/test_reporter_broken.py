"""What somebody has broken, or we have: the reports of all other runs go on."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from k8s_pipeline_client.client import Pipelines
from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.errors import ClusterError, DefinitionError, PipelineError, UnreachableError
from k8s_pipeline_client.reporter import reporter, situation
from k8s_pipeline_client.reporter.loop import Loop
from k8s_pipeline_client.reporter.report import Report
from k8s_pipeline_client.settings import Settings
from k8s_pipeline_client.status import RunStatus, State, Trigger
from tests.fakes import Request
from tests.unit.reporting import HOURLY, World


@pytest.mark.parametrize("data", [{}, {"workflow.json": "bm8gSlNPTg=="}, {"workflow.json": "/w=="}], ids=str)
def test_a_document_that_somebody_has_broken_fails_its_own_run_alone(data: dict[str, str]) -> None:
    world = World(schedule=HOURLY)
    job = world.run()
    world.pod(job)
    secret = world.fake.get(Kind.SECRET, world.name)
    world.fake.put({**secret, "data": data})
    reporter = world.reporter()

    for _ in range(12):
        world.fake.advance(60)
        report = reporter.reconcile()

        assert {run.error_code for run in report.runs if run.action == "failed"} <= {"NoDestination", "InvalidInput"}


@pytest.mark.parametrize("seconds", [9 * 10**15, 2**63 - 1, 10**11])
def test_a_job_with_an_enormous_deadline_is_waited_for_and_the_others_are_reported(seconds: int) -> None:
    world = World()
    odd = world.run()
    world.fake.merge(Kind.JOB, odd, {"spec": {"activeDeadlineSeconds": seconds}})
    world.waiting_pod(odd)
    failed = world.failed_run()

    report = world.passes(3)

    assert all(run.action != "failed" for run in report.runs)
    assert world.state(failed) == "failed"
    assert world.fake.get(Kind.JOB, odd)["spec"]["activeDeadlineSeconds"] == seconds, "it is not ended"


def test_a_job_of_which_nobody_can_tell_when_it_is_due_ends_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    odd, other = world.run(), world.run()
    told = situation.start_deadline

    def start_deadline(job: Object, *others: Any) -> datetime | None:
        if job["metadata"]["name"] == odd:
            raise OverflowError("date value out of range")
        return told(job, *others)

    monkeypatch.setattr(reporter, "start_deadline", start_deadline)
    world.waiting_pod(other)

    report = world.passes()

    assert report.again_after == world.settings.start_timeout_seconds - 10 + 1


def test_of_pods_of_which_one_does_not_say_when_it_was_made_the_others_are_still_told_apart() -> None:
    job: Object = {"metadata": {"name": "odd"}, "spec": {"template": {"spec": {}}}, "status": {"active": 1}}
    made = "2026-01-01T00:00:00Z"
    pods: list[Object] = [
        {"metadata": {"name": name}, "spec": {}, "status": {"phase": "Pending"}} for name in ("one", "other")
    ]
    pods[0]["metadata"]["creationTimestamp"] = made
    running = RunStatus("an id", "odd", State.RUNNING, Trigger.MANUAL)

    assert situation.start_deadline(job, pods, running, timedelta(minutes=5)) is None
    pods[1]["metadata"]["creationTimestamp"] = made
    assert situation.start_deadline(job, pods, running, timedelta(minutes=5)) == datetime(2026, 1, 1, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize("data", [{}, {"workflow.json": "bm8gSlNPTg=="}], ids=str)
def test_a_run_with_a_change_of_a_broken_document_is_refused(data: dict[str, str]) -> None:
    world = World(schedule=HOURLY)
    world.fake.put({**world.fake.get(Kind.SECRET, world.name), "data": data})

    with pytest.raises(DefinitionError) as caught:
        Pipelines(world.fake, Settings(namespace=world.fake.namespace)).run(
            world.name, change=lambda document: document
        )

    assert caught.value.code == "DocumentMissing"
    assert world.fake.list(Kind.JOB) == []


def test_a_fault_of_ours_does_not_end_the_loop() -> None:
    stop = threading.Event()
    heard: list[PipelineError] = []
    passes = 0

    def make_pass() -> Report:
        nonlocal passes
        passes += 1
        if passes == 1:
            raise KeyError("a fault")
        stop.set()
        return Report(())

    Loop(make_pass, interval=0.01, stop=stop, on_pass=lambda report: None, on_error=heard.append).run()

    assert passes == 2
    assert [error.code for error in heard] == ["Unexpected"]


def test_what_was_reported_is_remembered_where_the_schedules_cannot_be_read() -> None:
    world = World(schedule=HOURLY)
    job = world.run()
    world.pod(job)
    world.fake.advance(30)

    def act(request: Request) -> None:
        if (request.verb, request.kind) == ("list", Kind.CRONJOB):
            raise UnreachableError("the API server is away")

    world.fake.before(act)

    report = world.reporter().reconcile()

    assert any("schedules" in text for text in report.warnings)
    assert "open-run" in str(world.fake.get(Kind.CONFIG_MAP, world.name)["metadata"])
    assert issubclass(UnreachableError, ClusterError)
