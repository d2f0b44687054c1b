"""Runs that the reporter ends, keeps, or does not find any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from k8s_pipeline_client.cluster.port import Kind, Propagation
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import annotation
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.reporter import Action
from tests.fakes.defaults import defaulted
from tests.unit.reporting import SETTINGS, World, said

RUN = "0b6f1c9e-1f5c-4f51-9d2c-9a7f6f7b7a11"


def test_a_run_that_cannot_start_is_ended_after_its_start_timeout_with_the_cause() -> None:
    world = World()
    job = world.run(identity=RUN)
    world.waiting_pod(job)

    world.passes(seconds=world.settings.start_timeout_seconds - 1)
    assert world.fake.get(Kind.JOB, job)["spec"]["activeDeadlineSeconds"] > 1

    report = world.passes(seconds=1)
    found = world.fake.get(Kind.JOB, job)
    assert [(run.action, run.cause) for run in report.runs] == [(Action.ENDED, "ImagePull")]
    assert found["spec"]["activeDeadlineSeconds"] == 1
    assert annotation(found, labels.KILLED_BY)

    for pod in world.fake.list(Kind.POD):
        world.fake.delete(Kind.POD, pod["metadata"]["name"], Propagation.BACKGROUND)
    world.finish(job, "DeadlineExceeded")
    world.passes(2)
    row = world.row(job)
    assert row is not None
    assert row["pipelineState"] == "failed"
    assert "image" in said(row)
    assert world.mark(job) == labels.FINAL


def test_a_run_that_starts_at_the_last_moment_is_not_ended() -> None:
    world = World()
    job = world.run(identity=RUN)
    pod = world.waiting_pod(job)
    world.fake.advance(world.settings.start_timeout_seconds)

    def start(request: object) -> None:
        if getattr(request, "verb", "") == "get" and getattr(request, "name", "") == job:
            started = {"running": {"startedAt": rfc3339(world.fake.clock)}, "waiting": None}
            status = {"phase": "Running", "containerStatuses": [{"name": "main", "state": started}]}
            world.fake.set_status(Kind.POD, pod, status)

    stop = world.fake.before(start)
    world.passes()
    stop()

    assert world.fake.get(Kind.JOB, job)["spec"]["activeDeadlineSeconds"] > 1


def test_a_run_that_a_queue_holds_is_not_ended() -> None:
    world = World()
    job = world.run(identity=RUN)
    world.fake.merge(Kind.JOB, job, {"spec": {"suspend": True}})

    world.passes(seconds=24 * 3600)

    found = world.fake.get(Kind.JOB, job)
    assert found["spec"]["suspend"] is True
    assert not annotation(found, labels.KILLED_BY)


def test_a_pod_with_scheduling_gates_is_held_by_a_queue() -> None:
    world = World()
    job = world.run(identity=RUN)
    gated = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "message": "gates"}
    world.pod(job, phase="Pending", conditions=[gated], containerStatuses=[])

    world.passes(seconds=24 * 3600)

    assert not annotation(world.fake.get(Kind.JOB, job), labels.KILLED_BY)


def test_a_run_that_its_sidecar_keeps_alive_ends_with_mains_outcome() -> None:
    world = World()
    job = world.run()
    now = rfc3339(world.fake.clock)
    done = {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": rfc3339(world.fake.clock + _5S)}
    statuses = [
        {"name": "main", "state": {"terminated": done}},
        {"name": "proxy", "state": {"running": {"startedAt": now}}},
    ]
    pod = world.pod(job, containerStatuses=statuses)
    spec = world.fake.get(Kind.POD, pod)["spec"]
    proxied = [*spec["containers"], {"name": "proxy", "image": "proxy:1"}]
    world.fake.put(defaulted({**world.fake.get(Kind.POD, pod), "spec": {**spec, "containers": proxied}}))

    world.passes(4)

    assert world.fake.get(Kind.POD, pod)["spec"]["activeDeadlineSeconds"] < 60
    assert world.state(job) == "success"
    assert world.mark(job) is None, "the sidecar has to go first"


_5S = timedelta(seconds=5)


def test_a_node_that_is_lost_is_told_and_a_later_report_of_the_run_replaces_that() -> None:
    world = World()
    job = world.run()
    pod = world.pod(job)
    world.reported_by_itself(job, "running")
    found = world.fake.get(Kind.POD, pod)
    gone = {"deletionTimestamp": rfc3339(world.fake.clock + timedelta(seconds=20)), "deletionGracePeriodSeconds": 20}
    world.fake.put({**found, "metadata": {**found["metadata"], **gone, "finalizers": ["a-test/none"]}})

    world.passes(seconds=310)
    assert world.state(job) == "running"

    world.passes(3)
    assert world.state(job) == "failed"
    assert "may still be writing" in said(world.row(job))
    assert world.mark(job) is None, "its Job says nothing yet"

    world.exit(job, pod, 0)
    world.passes(3)
    assert world.state(job) == "success"
    assert world.mark(job) == labels.FINAL


def _on_a_lost_node(world: World) -> tuple[str, str]:
    """Have a run be there whose pod should be gone; return the names of its Job and its pod."""
    job = world.run()
    pod = world.pod(job)
    world.reported_by_itself(job, "running")
    found = world.fake.get(Kind.POD, pod)
    gone = {"deletionTimestamp": rfc3339(world.fake.clock + timedelta(seconds=20)), "deletionGracePeriodSeconds": 20}
    tracked = {"finalizers": ["batch.kubernetes.io/job-tracking"]}
    world.fake.put({**found, "metadata": {**found["metadata"], **gone, **tracked}})
    return job, pod


def _grace(world: World) -> int:
    (pod,) = world.fake.list(Kind.POD)
    return int(pod["metadata"]["deletionGracePeriodSeconds"])


def test_the_pod_on_a_lost_node_is_left_to_its_node() -> None:
    world = World()
    job, _ = _on_a_lost_node(world)

    world.passes(3, seconds=400)

    assert world.state(job) == "failed"
    assert _grace(world) == 20
    assert not annotation(world.fake.get(Kind.JOB, job), labels.KILLED_BY)


def test_with_the_setting_it_is_deleted_by_force_and_its_run_does_not_begin_anew() -> None:
    world = World(SETTINGS.model_copy(update={"force_delete_lost_pods": True}))
    job, _ = _on_a_lost_node(world)

    world.passes(seconds=310)
    assert _grace(world) == 20, "it may yet be heard of"
    world.passes(seconds=20)
    assert _grace(world) == 0
    assert world.fake.get(Kind.JOB, job)["spec"]["activeDeadlineSeconds"] == 1, "else it starts again elsewhere"
    (pod,) = world.fake.list(Kind.POD)
    world.fake.put({**pod, "metadata": {**pod["metadata"], "finalizers": []}})
    world.finish(job, "DeadlineExceeded")
    world.passes(3)

    assert world.state(job) == "failed"
    assert "lost" in said(world.row(job))
    assert world.mark(job) == labels.FINAL


def test_one_that_somebody_has_suspended_is_not_ended_with_its_node() -> None:
    world = World(SETTINGS.model_copy(update={"force_delete_lost_pods": True}))
    job, _ = _on_a_lost_node(world)
    world.fake.merge(Kind.JOB, job, {"spec": {"suspend": True}})

    world.passes(2, seconds=400)

    assert _grace(world) == 20
    assert not annotation(world.fake.get(Kind.JOB, job), labels.KILLED_BY)


def test_a_pod_that_has_ended_is_not_deleted_by_force() -> None:
    world = World(SETTINGS.model_copy(update={"force_delete_lost_pods": True}))
    job, pod = _on_a_lost_node(world)
    world.exit(job, pod, 0)

    world.passes(3, seconds=400)

    assert _grace(world) == 20
    assert world.state(job) == "success"


def test_a_finished_job_that_would_go_before_it_is_reported_is_kept() -> None:
    world = World()
    job = world.failed_run()
    world.server.be_down()
    ttl = world.fake.get(Kind.JOB, job)["spec"]["ttlSecondsAfterFinished"]

    world.passes(seconds=60)
    assert world.fake.get(Kind.JOB, job)["spec"]["ttlSecondsAfterFinished"] == ttl

    world.passes(seconds=ttl - 120)
    assert world.fake.get(Kind.JOB, job)["spec"]["ttlSecondsAfterFinished"] > ttl + 3600


def test_a_job_that_is_gone_is_told_by_its_events() -> None:
    world = World()
    job = world.run(identity=RUN)
    world.pod(job)
    world.passes(2)
    found = world.fake.get(Kind.JOB, job)
    world.event(found, "Completed", "Job completed")
    world.fake.delete(Kind.JOB, job, Propagation.BACKGROUND)

    world.passes(2)

    row = world.server.row(world.fqn, RUN)
    assert row is not None
    assert row["pipelineState"] == "success"
    assert world.remembered() == set()


@pytest.mark.parametrize("wrote", [False, True], ids=["it never reported", "it reported"])
def test_a_job_that_is_gone_without_a_trace_is_closed_when_nobody_can_be_about_to_report(wrote: bool) -> None:
    world = World()
    job = world.run(identity=RUN)
    world.pod(job)
    if wrote:
        world.reported_by_itself(job, "running")
    world.passes(2)
    world.fake.delete(Kind.JOB, job, Propagation.BACKGROUND)

    world.passes(seconds=250)
    row = world.server.row(world.fqn, RUN)
    assert row is None or row["pipelineState"] == "running"

    world.passes(2, seconds=40)
    row = world.server.row(world.fqn, RUN)
    assert row is not None
    assert row["pipelineState"] == "failed"
    assert world.remembered() == set()


def test_a_run_whose_pod_outlives_its_job_is_waited_for() -> None:
    world = World()
    job = world.run(identity=RUN)
    pod = world.pod(job)
    world.passes(2)
    orphan = world.fake.get(Kind.POD, pod)
    world.fake.delete(Kind.JOB, job, Propagation.BACKGROUND)
    world.fake.put({**orphan, "metadata": {**orphan["metadata"], "ownerReferences": []}})

    world.passes(seconds=600)

    assert world.server.row(world.fqn, RUN) is None
    assert world.remembered() == {RUN}


def test_a_document_that_was_deleted_before_the_start_does_not_keep_the_end_from_being_told() -> None:
    world = World()
    job = world.run(identity=RUN)
    world.waiting_pod(job, "ContainerCreating", "")
    world.passes(2)
    world.fake.delete(Kind.SECRET, world.name, Propagation.BACKGROUND)
    world.fake.advance(world.settings.start_timeout_seconds)
    world.passes()
    world.finish(job, "DeadlineExceeded")
    for pod in world.fake.list(Kind.POD):
        world.fake.delete(Kind.POD, pod["metadata"]["name"], Propagation.BACKGROUND)

    world.passes(2)

    assert world.state(job) == "failed"


def test_another_job_of_the_name_of_one_that_is_gone_is_left_alone() -> None:
    world = World()
    job = world.run(identity=RUN)
    world.pod(job)
    world.passes(2)
    old = world.fake.get(Kind.JOB, job)
    world.fake.delete(Kind.JOB, job, Propagation.BACKGROUND)
    again = {key: value for key, value in old["metadata"].items() if key in ("name", "namespace", "annotations")}
    other = "22222222-2222-4222-8222-222222222222"
    again["labels"] = {**old["metadata"]["labels"], labels.APP_RUN_ID: other}
    template = {**old["spec"]["template"], "metadata": {"labels": again["labels"]}}
    spec = {key: value for key, value in old["spec"].items() if key != "selector"}
    world.fake.create(
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": again, "spec": {**spec, "template": template}}
    )

    world.passes(2, seconds=400)

    assert world.server.row(world.fqn, other) is None
    row = world.server.row(world.fqn, RUN)
    assert row is not None and row["pipelineState"] == "failed"


def test_a_scheduled_run_that_came_and_went_while_nobody_reported_is_closed_by_its_events() -> None:
    world = World()
    world.passes()
    world.fake.advance(600)
    job = world.run()
    scheduled = f"{world.name}-29483280"
    made = world.fake.get(Kind.JOB, job)
    metadata = {key: value for key, value in made["metadata"].items() if key not in ("uid", "resourceVersion")}
    world.fake.delete(Kind.JOB, job, Propagation.BACKGROUND)
    made = world.fake.put({**made, "metadata": {**metadata, "name": scheduled}})
    identity = world.run_id(scheduled)
    world.reported_by_itself(scheduled, "running")
    world.event(made, "BackoffLimitExceeded", "Job has reached the specified backoff limit", "Warning")
    world.fake.delete(Kind.JOB, scheduled, Propagation.BACKGROUND)

    world.passes(4, seconds=61)

    row = world.server.row(world.fqn, identity)
    assert row is not None
    assert row["pipelineState"] == "failed"
    assert "BackoffLimitExceeded" in str(row["status"])
    assert world.remembered() == set()


def test_a_run_that_was_reported_before_its_job_went_is_left_as_it_is() -> None:
    world = World()
    world.passes()
    job = world.failed_run()
    world.passes(2)
    row = world.row(job)
    identity = world.run_id(job)
    world.event(world.fake.get(Kind.JOB, job), "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    world.fake.delete(Kind.JOB, job, Propagation.BACKGROUND)
    world.fake.advance(600)

    world.passes(4, seconds=61)

    assert world.server.row(world.fqn, identity) == row
    assert world.remembered() == set()


def test_an_outage_of_the_reporter_is_said() -> None:
    world = World()
    world.passes()
    world.fake.advance(3600)

    report = world.passes()

    assert any("no reporter ran from" in text for text in report.warnings)
    assert world.passes().warnings == ()


def test_a_run_that_goes_with_its_pipeline_is_closed() -> None:
    world = World()
    job = world.run()
    identity = world.run_id(job)
    world.pod(job)
    world.reported_by_itself(job, "running")
    reporter = world.reporter()
    world.fake.advance(10)
    reporter.reconcile()
    world.fake.delete(Kind.CRONJOB, world.name, Propagation.BACKGROUND)
    assert world.fake.list(Kind.JOB) == []

    for _ in range(40):
        world.fake.advance(10)
        reporter.reconcile()

    row = world.server.row(world.fqn, identity)
    assert row is not None
    assert row["pipelineState"] == "failed"
    assert world.remembered() == set()
