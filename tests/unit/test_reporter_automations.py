"""Automations: a test of a connection that cannot start or dies gets its workflow's status, while its page waits."""

from __future__ import annotations

import pytest

from k8s_pipeline_client.cluster.port import Kind, Propagation
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.entities import AutomationWorkflow, Document
from k8s_pipeline_client.domain.pipeline import from_automation
from k8s_pipeline_client.reporter import Action
from tests.data import sample
from tests.unit.reporting import World

WORKFLOW = sample("automation/test_connection_mysql.json")


def world_with(job_of: Document | None = None) -> tuple[World, str]:
    world = World()
    document = job_of or WORKFLOW
    world.server.add_automation({key: value for key, value in document.items() if key != "status"})
    pipeline = from_automation(AutomationWorkflow.model_validate(document), "a test")
    return world, world.one_shot(pipeline)


def workflow(world: World) -> Document:
    return world.server.automation(WORKFLOW["fullyQualifiedName"])


def test_one_that_cannot_start_is_failed_inside_the_two_minutes_for_which_its_page_waits() -> None:
    world, job = world_with()
    world.waiting_pod(job)
    begin = world.fake.clock

    reporter = world.reporter()
    while "status" not in workflow(world):
        world.fake.advance(10)
        reporter.reconcile()
        assert (world.fake.clock - begin).total_seconds() < 120

    found = workflow(world)
    assert found["status"] == "Failed"
    assert found["response"]["status"] == "Failed"
    assert "image" in found["response"]["steps"][0]["message"]
    assert world.fake.get(Kind.JOB, job)["spec"]["activeDeadlineSeconds"] == 1

    world.finish(job, "DeadlineExceeded")
    for pod in world.fake.list(Kind.POD):
        world.fake.delete(Kind.POD, pod["metadata"]["name"], Propagation.BACKGROUND)
    assert [run.action for run in world.passes().runs] == [Action.CONFIRMED]
    assert world.mark(job) == labels.FINAL


def test_one_that_dies_is_failed_with_the_cause() -> None:
    world, job = world_with()
    pod = world.pod(job)
    world.fake.advance(20)
    world.exit(job, pod, 137, "OOMKilled")

    world.passes(2)

    found = workflow(world)
    assert found["status"] == "Failed"
    assert "memory" in found["response"]["steps"][0]["message"]
    assert world.mark(job) == labels.FINAL


@pytest.mark.parametrize("status", ["Successful", "Failed"])
def test_what_one_has_said_itself_stays(status: str) -> None:
    world, job = world_with()
    pod = world.pod(job)
    own = {"status": status, "steps": [{"name": "CheckAccess", "mandatory": True, "passed": status == "Successful"}]}
    world.server.set_automation_status(str(workflow(world)["id"]), status, own)
    world.fake.advance(20)
    world.exit(job, pod, 0)

    world.passes()

    assert workflow(world)["response"] == own
    assert world.mark(job) == labels.FINAL


def test_one_that_ended_and_said_nothing_is_failed() -> None:
    world, job = world_with()
    pod = world.pod(job)
    world.fake.advance(20)
    world.exit(job, pod, 0)

    world.passes()

    assert workflow(world)["status"] == "Failed"
    assert "did not report its result" in workflow(world)["response"]["steps"][0]["message"]


def test_one_whose_workflow_was_taken_away_waits_for_nobody() -> None:
    world, job = world_with({**WORKFLOW, "name": "other", "fullyQualifiedName": "other"})
    world.server = type(world.server)()
    pod = world.pod(job)
    world.fake.advance(20)
    world.exit(job, pod, 1)

    world.passes()

    assert world.mark(job) == labels.FINAL


def test_one_whose_job_is_gone_is_failed() -> None:
    world, job = world_with()
    world.pod(job)
    world.passes()
    assert len(world.remembered()) == 1
    world.fake.delete(Kind.JOB, job, Propagation.BACKGROUND)

    world.passes(2)

    assert workflow(world)["status"] == "Failed"
    assert world.remembered() == set()
