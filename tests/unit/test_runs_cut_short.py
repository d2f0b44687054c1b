"""A run with a Secret of its own whose caller is interrupted before that is written blocks nothing for long."""

from __future__ import annotations

import json

import pytest

from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import annotation
from k8s_pipeline_client.domain.pipeline import Component
from k8s_pipeline_client.errors import RunActiveError
from k8s_pipeline_client.reporter import Action
from tests.fakes import FakeCluster, Request
from tests.unit.reporting import World, said
from tests.unit.scene import client, cluster, deploy, pipeline

FQN = pipeline().fqn
RUN = "aaaaaaaa-aaaa-4000-8000-000000000001"
CHANGE = {"includeViews": False}


class Crash(BaseException):
    """The process is gone."""


@pytest.fixture
def fake() -> FakeCluster:
    found = cluster()
    deploy(found, pipeline())
    return found


def cut_short(fake: FakeCluster, start: object, *, at: str = "Secret") -> Object:
    """Have a call that starts a run end before it writes to its Secret, or resumes its Job; return the Job."""

    def die(request: Request) -> None:
        if request.verb == "patch" and request.kind == at:
            end()
            raise Crash

    before = {job["metadata"]["name"] for job in fake.list(Kind.JOB)}
    end = fake.before(die)
    assert callable(start)
    with pytest.raises(Crash):
        start()
    (job,) = [job for job in fake.list(Kind.JOB) if job["metadata"]["name"] not in before]
    assert job["spec"]["suspend"]
    return job


def is_ending(fake: FakeCluster, job: Object) -> bool:
    """Return whether a Job ends, without ever having had a pod."""
    spec = fake.get(Kind.JOB, job["metadata"]["name"])["spec"]
    return (spec["suspend"], spec.get("parallelism"), spec["activeDeadlineSeconds"]) == (False, 0, 1)


@pytest.mark.parametrize("at", ["Secret", "Job"])
def test_the_next_run_ends_it_once_nobody_can_be_about_to_go_on(fake: FakeCluster, at: str) -> None:
    job = cut_short(fake, lambda: client(fake).run(FQN, source_config_override=CHANGE), at=at)

    fake.advance(59)
    with pytest.raises(RunActiveError):
        client(fake).run(FQN)
    assert fake.get(Kind.JOB, job["metadata"]["name"])["spec"]["suspend"], "its caller may be about to write the Secret"

    fake.advance(1)
    started = client(fake).run(FQN)
    assert started.job_name != job["metadata"]["name"]
    assert is_ending(fake, job)
    why = json.loads(annotation(fake.get(Kind.JOB, job["metadata"]["name"]), labels.KILLED_BECAUSE))
    assert why["code"] == "Held"


def test_one_whose_caller_goes_on_at_that_moment_is_active(fake: FakeCluster) -> None:
    job = cut_short(fake, lambda: client(fake).run(FQN, source_config_override=CHANGE), at="Job")
    fake.advance(60)

    def resume(request: Request) -> None:
        if request.verb == "patch" and request.kind == Kind.JOB:
            end()
            released = {"metadata": {"annotations": {labels.AWAITS_SECRET: None}}, "spec": {"suspend": False}}
            fake.merge(Kind.JOB, job["metadata"]["name"], released)

    end = fake.before(resume)
    with pytest.raises(RunActiveError):
        client(fake).run(FQN)
    assert fake.get(Kind.JOB, job["metadata"]["name"])["spec"]["activeDeadlineSeconds"] > 1


def test_a_caller_that_goes_on_too_late_starts_nothing(fake: FakeCluster) -> None:
    other = client(fake)

    def overtake(request: Request) -> None:
        if request.verb == "patch" and request.kind == Kind.SECRET:
            end()
            fake.advance(60)
            other.run(FQN)

    end = fake.before(overtake)
    late = client(fake).run(FQN, source_config_override=CHANGE)
    assert is_ending(fake, {"metadata": {"name": late.job_name}})
    assert late.killed_by


def test_what_somebody_else_has_suspended_is_left_to_them(fake: FakeCluster) -> None:
    job = client(fake).run(FQN, source_config_override=CHANGE).job_name
    fake.merge(Kind.JOB, job, {"spec": {"suspend": True}})
    fake.advance(24 * 3600)
    with pytest.raises(RunActiveError):
        client(fake).run(FQN)
    assert fake.get(Kind.JOB, job)["spec"]["suspend"]


def test_what_it_waits_for_is_said(fake: FakeCluster) -> None:
    cut_short(fake, lambda: client(fake).run(FQN, source_config_override=CHANGE))
    _, (run,) = client(fake).status(FQN)
    assert run.cause
    assert (run.state, run.cause.code) == ("queued", "Held")
    assert "Secret" in run.cause.summary


def test_a_run_like_it_is_not_held_for_the_earlier_ones_secret(fake: FakeCluster) -> None:
    first = client(fake).run(FQN, source_config_override=CHANGE)
    assert not annotation(fake.get(Kind.JOB, first.job_name), labels.AWAITS_SECRET)
    fake.set_status(Kind.JOB, first.job_name, {"conditions": [{"type": "Failed", "status": "True"}]})
    again = fake.get(Kind.JOB, client(fake).retry(first.run_id).job_name)
    assert not annotation(again, labels.AWAITS_SECRET)
    assert not again["spec"]["suspend"]


def test_the_reporter_ends_it_and_says_why() -> None:
    world = World()
    job = cut_short(world.fake, lambda: client(world.fake).run(world.fqn, run_id=RUN, source_config_override=CHANGE))
    world.passes(seconds=59)
    assert not is_ending(world.fake, job)

    report = world.passes(seconds=1)
    assert [(run.action, run.cause) for run in report.runs] == [(Action.ENDED, "Held")]
    assert is_ending(world.fake, job)

    name = job["metadata"]["name"]
    world.finish(name, "DeadlineExceeded")
    world.passes(2)
    row = world.row(name)
    assert row is not None
    assert row["pipelineState"] == "failed"
    assert "Secret" in said(row)
    assert world.mark(name) == labels.FINAL


def test_the_reporter_ends_one_without_a_pipeline() -> None:
    world = World()
    automation = pipeline(component=Component.AUTOMATION, fqn="a-test")
    job = cut_short(world.fake, lambda: client(world.fake).run_once(automation))
    world.passes(seconds=60)
    assert is_ending(world.fake, job)


def test_the_reporter_looks_again_when_it_is_due() -> None:
    world = World()
    cut_short(world.fake, lambda: client(world.fake).run(world.fqn, source_config_override=CHANGE))
    assert world.passes(seconds=20).again_after == 41
