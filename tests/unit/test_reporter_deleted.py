"""Pipelines that OpenMetadata has deleted, restored, or says nothing of."""

from __future__ import annotations

import pytest

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import label
from k8s_pipeline_client.reporter import PipelineReport
from tests.unit.reporting import HOURLY, World, entity


def asked(world: World) -> list[PipelineReport]:
    """Have a reporter make passes for a little longer than each pipeline is left alone."""
    reporter = world.reporter()
    found: list[PipelineReport] = []
    for _ in range(12):
        world.fake.advance(60)
        found += reporter.reconcile().pipelines
    return found


def is_suspended(world: World) -> bool:
    return bool(world.fake.get(Kind.CRONJOB, world.name)["spec"].get("suspend"))


def mark(world: World) -> str:
    return label(world.fake.get(Kind.CRONJOB, world.name), labels.DELETED)


def test_a_deleted_pipeline_is_suspended_and_its_runs_end() -> None:
    world = World(schedule=HOURLY)
    job = world.run()
    world.pod(job)
    world.server.delete_pipeline(str(world.pipeline.id))

    found = asked(world)

    assert {item.standing for item in found} == {"deleted"}
    assert is_suspended(world)
    assert mark(world)
    assert world.fake.get(Kind.JOB, job)["spec"]["activeDeadlineSeconds"] == 1


def test_a_restored_pipeline_is_resumed() -> None:
    world = World(schedule=HOURLY)
    world.server.delete_pipeline(str(world.pipeline.id))
    asked(world)
    world.server.restore_pipeline(str(world.pipeline.id))

    found = asked(world)

    assert [item.standing for item in found] == ["restored"]
    assert not is_suspended(world)
    assert not mark(world)


def test_one_that_was_disabled_before_stays_so() -> None:
    world = World(schedule=HOURLY, enabled=False)
    world.server.delete_pipeline(str(world.pipeline.id))
    asked(world)
    assert mark(world)
    world.server.restore_pipeline(str(world.pipeline.id))

    asked(world)

    assert is_suspended(world)
    assert not mark(world)


def of_the_server() -> World:
    """Return a pipeline that the server has deployed."""
    world = World(schedule=HOURLY)
    world.fake.merge(Kind.CRONJOB, world.name, {"metadata": {"annotations": {labels.MANAGED_BY_SOURCE: "server"}}})
    return world


def test_a_pipeline_that_is_gone_for_good_is_suspended_and_listed_for_prune() -> None:
    world = of_the_server()
    world.server.delete_pipeline(str(world.pipeline.id), hard=True)

    found = asked(world)

    assert {item.standing for item in found} == {"gone"}
    assert is_suspended(world)
    assert world.fake.list(Kind.CRONJOB), "nothing is deleted"


def test_one_from_files_that_openmetadata_does_not_know_yet_is_left_alone() -> None:
    world = World(schedule=HOURLY)
    world.server.delete_pipeline(str(world.pipeline.id), hard=True)

    assert asked(world) == []
    assert not is_suspended(world)


def test_one_from_files_that_is_deleted_for_good_after_all_is_not_resumed() -> None:
    world = World(schedule=HOURLY)
    world.server.delete_pipeline(str(world.pipeline.id))
    asked(world)
    world.server.delete_pipeline(str(world.pipeline.id), hard=True)

    found = asked(world)

    assert {item.standing for item in found} == {"gone"}
    assert is_suspended(world)
    assert mark(world)


def test_a_pipeline_that_was_made_anew_under_its_name_is_left_alone() -> None:
    world = of_the_server()
    world.server.delete_pipeline(str(world.pipeline.id), hard=True)
    world.server.add_pipeline({**entity(world.pipeline), "id": "33333333-3333-4333-8333-333333333333"})

    assert asked(world) == []
    assert not is_suspended(world)


@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
def test_a_server_that_does_not_say_concludes_nothing(status: int) -> None:
    world = World(schedule=HOURLY)
    world.server.refuse(status, "no")

    found = asked(world)

    assert {item.standing for item in found} <= {"failed"}
    assert not is_suspended(world)


def test_a_pipeline_is_asked_for_once_in_ten_minutes() -> None:
    world = World(schedule=HOURLY)
    asked(world)
    world.server.requests.clear()

    reporter = world.reporter()
    for _ in range(60):
        world.fake.advance(60)
        reporter.reconcile()

    assert len([item for item in world.server.requests if item.operation == "pipeline_with_id"]) == 6


def test_a_row_that_has_no_pipeline_has_it_asked_for_at_once() -> None:
    world = World(schedule=HOURLY)
    world.failed_run()
    world.server.delete_pipeline(str(world.pipeline.id))

    report = world.passes()

    assert [item.standing for item in report.pipelines] == ["deleted"]
    assert [(run.action, run.error_code) for run in report.runs] == [("unreported", "EntityNotFound")]


def test_one_that_somebody_has_enabled_meanwhile_is_suspended_again() -> None:
    world = World(schedule=HOURLY)
    world.server.delete_pipeline(str(world.pipeline.id))
    asked(world)
    world.fake.merge(Kind.CRONJOB, world.name, {"spec": {"suspend": False}})

    asked(world)

    assert is_suspended(world)


def kept_for_long_enough(world: World) -> World:
    """Have OpenMetadata delete the pipeline, and as much time go by as the settings give it."""
    world.server.delete_pipeline(str(world.pipeline.id))
    asked(world)
    world.fake.advance(world.settings.deleted_pipeline_retention_days * 24 * 3600)
    return world


def test_one_of_the_server_is_kept_for_as_long_as_the_settings_say_and_then_removed() -> None:
    world = of_the_server()
    world.server.delete_pipeline(str(world.pipeline.id))
    asked(world)
    world.fake.advance(world.settings.deleted_pipeline_retention_days * 24 * 3600 - 2000)
    assert {item.standing for item in asked(world)} == {"deleted"}
    assert world.fake.list(Kind.CRONJOB)
    world.fake.advance(2000)

    found = asked(world)
    world.fake.collect()

    assert {item.standing for item in found} == {"removed"}
    kinds = (Kind.CRONJOB, Kind.JOB)
    assert [item["metadata"]["name"] for kind in kinds for item in world.fake.list(kind)] == []


def test_one_from_files_that_was_kept_for_long_enough_is_listed_for_prune() -> None:
    world = kept_for_long_enough(World(schedule=HOURLY))

    assert {item.standing for item in asked(world)} == {"expired"}
    assert world.fake.list(Kind.CRONJOB), "its files would bring it back"


def test_one_that_is_restored_at_the_last_moment_is_not_removed() -> None:
    world = kept_for_long_enough(of_the_server())
    world.server.restore_pipeline(str(world.pipeline.id))

    assert {item.standing for item in asked(world)} == {"restored"}
    assert not is_suspended(world)


def test_one_that_is_deployed_anew_while_openmetadata_is_asked_is_not_removed() -> None:
    world = kept_for_long_enough(of_the_server())

    def deploy(request: object) -> None:
        if getattr(request, "operation", "") == "pipeline_with_id":
            world.fake.merge(Kind.CRONJOB, world.name, {"metadata": {"annotations": {"a-deploy": "was here"}}})

    stop = world.server.before(deploy)
    found = asked(world)
    stop()

    assert {item.standing for item in found} <= {"deleted", "removed"}
    assert "deleted" in {item.standing for item in found}


@pytest.mark.parametrize("status", [401, 404, 503])
def test_a_server_that_does_not_say_has_nothing_removed(status: int) -> None:
    world = kept_for_long_enough(of_the_server())
    world.server.refuse(status, "no")

    asked(world)

    assert world.fake.list(Kind.CRONJOB)
