"""Scheduled runs that never were: which are surely missed, and which are not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.domain.schedule import Schedule
from k8s_pipeline_client.errors import ForbiddenError
from k8s_pipeline_client.reporter.own import LEDGER
from tests.fakes import Request
from tests.unit.reporting import HOURLY, World, said

NOON = datetime(2026, 1, 21, 12, tzinfo=UTC)


def world_at(minutes: float) -> World:
    """Return a pipeline on an hourly schedule, which a reporter has looked at so long before noon."""
    world = World(schedule=HOURLY)
    world.fake.clock = NOON - timedelta(minutes=minutes)
    served(world, NOON - timedelta(hours=1))
    world.passes(seconds=0)
    return world


def served(world: World, due: datetime) -> None:
    world.fake.set_status(Kind.CRONJOB, world.name, {"lastScheduleTime": rfc3339(due)})


def at(world: World, minutes: float, count: int = 3) -> None:
    """Have a fresh reporter make passes so long after noon."""
    world.fake.clock = NOON + timedelta(minutes=minutes) - timedelta(seconds=70 * count)
    world.passes(count, seconds=70)


def rows(world: World) -> list[dict[str, object]]:
    return world.server.rows(world.fqn)


def test_a_run_that_kubernetes_did_not_start_is_reported_as_missed() -> None:
    world = world_at(5)

    at(world, 11)
    assert rows(world) == [], "it may still start it"

    at(world, 20)

    (row,) = rows(world)
    assert row["pipelineState"] == "failed"
    assert row["startDate"] == int(NOON.timestamp() * 1000)
    assert "due at 2026-01-21T12:00:00Z" in said(row)
    at(world, 40)
    assert len(rows(world)) == 1


def test_missed_runs_are_found_though_no_look_can_be_noted(caplog: pytest.LogCaptureFixture) -> None:
    world = World(schedule=HOURLY)
    world.fake.clock = NOON - timedelta(minutes=5)
    served(world, NOON - timedelta(hours=1))

    def refuse(request: Request) -> None:
        if (request.kind, request.name) == (Kind.CONFIG_MAP, LEDGER):
            raise ForbiddenError("a policy says no", status=403)

    world.fake.before(refuse)
    warnings: set[str] = set()
    with world.reporter() as reporter:
        for _ in range(25):
            warnings.update(reporter.reconcile().warnings)
            world.fake.advance(61)

    (row,) = rows(world)
    assert row["pipelineState"] == "failed"
    assert warnings == set(), "nobody was away"
    told = [record for record in caplog.records if "cannot be noted" in record.getMessage()]
    assert len(told) == 1


def test_the_id_of_a_missed_run_is_the_same_for_everybody() -> None:
    world = world_at(5)
    at(world, 20)
    (row,) = rows(world)
    other = world_at(5)
    other.fake.collects = False  # what belongs to the CronJob that it takes the place of stays
    other.fake.put({**other.fake.get(Kind.CRONJOB, other.name), "metadata": metadata_of(world)})
    other.passes(seconds=0)
    at(other, 30)

    assert [found["runId"] for found in rows(other)] == [row["runId"]]
    assert [found["timestamp"] for found in rows(other)] == [row["timestamp"]]


def metadata_of(world: World) -> dict[str, object]:
    found: dict[str, object] = world.fake.get(Kind.CRONJOB, world.name)["metadata"]
    return found


def test_why_the_api_server_refused_its_job_is_the_cause() -> None:
    world = world_at(5)
    world.fake.clock = NOON + timedelta(seconds=30)
    world.event(
        world.fake.get(Kind.CRONJOB, world.name),
        "FailedCreate",
        'Error creating job: jobs.batch "x" is forbidden: exceeded quota: jobs, requested: count/jobs.batch=1',
        "Warning",
    )

    at(world, 20)

    (row,) = rows(world)
    assert 'ResourceQuota "jobs"' in said(row)
    assert said(row).endswith("its Job")


def test_a_run_that_took_place_is_not_missed() -> None:
    world = world_at(5)
    world.fake.clock = NOON
    job = world.run()
    served(world, NOON)
    world.exit(job, world.pod(job), 0)

    at(world, 20)

    assert [row["runId"] for row in rows(world)] == [world.run_id(job)]


def test_a_run_that_took_place_and_whose_job_is_gone_is_not_missed() -> None:
    world = world_at(5)
    world.fake.clock = NOON
    served(world, NOON)
    world.fake.clock = NOON + timedelta(minutes=50)
    world.event(world.fake.get(Kind.CRONJOB, world.name), "SuccessfulCreate", f"Created job {world.name}-29483280")

    at(world, 40)

    assert rows(world) == []


def test_a_run_that_was_skipped_while_another_was_active_gets_no_row() -> None:
    world = world_at(65)
    world.fake.clock = NOON - timedelta(hours=1)
    job = world.run()
    world.pod(job)

    at(world, 20)

    assert rows(world) == []


def test_a_run_that_was_due_before_a_reporter_knew_the_schedule_is_not_missed() -> None:
    world = World(schedule=HOURLY)
    world.fake.clock = NOON + timedelta(minutes=1)

    world.passes(seconds=0)
    at(world, 40)

    assert rows(world) == []


@pytest.mark.parametrize("change", [{"suspend": True}, {"schedule": "30 * * * *"}], ids=["suspended", "rescheduled"])
def test_a_run_that_was_due_before_the_spec_was_changed_is_not_missed(change: dict[str, object]) -> None:
    world = world_at(5)
    before = world.fake.get(Kind.CRONJOB, world.name)["spec"]
    world.fake.clock = NOON - timedelta(minutes=1)
    world.fake.merge(Kind.CRONJOB, world.name, {"spec": change})
    world.fake.clock = NOON + timedelta(minutes=5)
    world.fake.merge(Kind.CRONJOB, world.name, {"spec": {key: before[key] for key in change}})

    at(world, 40)

    assert rows(world) == []


def test_whether_a_run_was_missed_does_not_depend_on_who_wrote_what_when() -> None:
    world = world_at(5)
    world.fake.clock = NOON + timedelta(minutes=3)
    world.fake.merge(Kind.CRONJOB, world.name, {"metadata": {"annotations": {"a-test/looked": "yes"}}})

    at(world, 20)

    assert len(rows(world)) == 1


def test_a_missed_run_is_reported_once_openmetadata_is_back() -> None:
    world = world_at(5)
    world.server.be_down()
    at(world, 20)
    at(world, 120)
    world.server.be_well()

    at(world, 130)

    dues = sorted(str(row["startDate"]) for row in rows(world))
    assert str(int(NOON.timestamp() * 1000)) in dues


def test_nothing_is_written_to_the_cronjob() -> None:
    world = world_at(5)
    version = metadata_of(world)["resourceVersion"]

    at(world, 20)

    assert metadata_of(world)["resourceVersion"] == version


@pytest.mark.parametrize("older", [True, False], ids=["a Job that is older is there", "no older Job is there"])
def test_a_hole_between_runs_is_a_missed_one_where_its_job_would_be_there(older: bool) -> None:
    world = World(schedule=Schedule("*/10 * * * *", "UTC"))
    world.fake.clock = NOON - timedelta(minutes=25)
    world.passes(seconds=0)
    for minutes in (-10, 10) if older else (10,):
        world.fake.clock = NOON + timedelta(minutes=minutes)
        job = world.run()
        served(world, world.fake.clock)
        world.exit(job, world.pod(job), 0)
    for minutes in (20, 30):
        served(world, NOON + timedelta(minutes=minutes))

    at(world, 25)

    assert (rows_due_at(world, NOON) == 1) is older


def rows_due_at(world: World, due: datetime) -> int:
    found = [row for row in rows(world) if row["startDate"] == int(due.timestamp() * 1000)]
    return len([row for row in found if row["pipelineState"] == "failed"])
