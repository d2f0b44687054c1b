"""Rows that cannot be written at once: another run's timestamp, a second row, a row that came in between."""

from __future__ import annotations

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.reporter import Action
from tests.unit.reporting import World, state_of

OTHER = "11111111-1111-4111-8111-111111111111"


def stamp_of_first(world: World, job: str) -> int:
    """Return the timestamp that a reporter computes for the first row of a run."""
    twin = World()
    twin.fake.clock = world.fake.clock
    world.passes()
    row = world.row(job)
    assert row is not None
    found = int(row["timestamp"])
    world.server.delete_run_status(str(world.pipeline.id), world.run_id(job))
    world.server.requests.clear()
    return found


def taken(world: World, *stamps: int) -> None:
    for number, stamp in enumerate(stamps):
        identity = f"{OTHER[:-1]}{number}"
        world.server.add_row(world.fqn, {"runId": identity, "pipelineState": "success", "timestamp": stamp})


def puts(world: World) -> list[Document]:
    return [request.body for request in world.server.requests if request.operation == "put_run_status"]


def test_a_timestamp_that_another_run_has_is_left_for_the_next() -> None:
    world = World()
    job = world.failed_run()
    stamp = stamp_of_first(world, job)
    taken(world, stamp)

    report = world.passes()

    assert [run.action for run in report.runs] == [Action.WRITTEN]
    assert [row["timestamp"] for row in puts(world)] == [stamp, stamp + 1]
    assert world.state(job) == "failed"
    assert {state_of(row) for row in world.server.rows(world.fqn)} == {"failed", "success"}


def test_a_run_with_two_rows_is_written_anew() -> None:
    world = World()
    job = world.run()
    pod = world.pod(job)
    first = {"runId": world.run_id(job), "pipelineState": "queued", "timestamp": 1_700_000_000_000}
    world.server.spoil(world.fqn, first, {**first, "timestamp": 1_700_000_000_500, "pipelineState": "running"})
    world.fake.advance(30)
    world.exit(job, pod, 1)

    world.passes(3)

    rows = [row for row in world.server.rows(world.fqn) if row["runId"] == world.run_id(job)]
    assert [state_of(row) for row in rows] == ["failed"]
    assert world.mark(job) == "final"


def test_a_first_row_that_came_in_between_is_not_written_over_blindly() -> None:
    world = World()
    job = world.failed_run()
    stamp = stamp_of_first(world, job)
    taken(world, stamp)
    running = {"runId": world.run_id(job), "pipelineState": "running", "timestamp": stamp + 7}

    def write(request: object) -> None:
        if getattr(request, "operation", "") == "put_run_status" and len(puts(world)) == 1:
            world.server.add_row(world.fqn, running)

    stop = world.server.before(write)
    world.passes()
    stop()
    world.passes(2)

    rows = [row for row in world.server.rows(world.fqn) if row["runId"] == world.run_id(job)]
    assert [state_of(row) for row in rows] == ["failed"]
    assert world.mark(job) == "final"


def test_a_row_that_races_with_the_servers_own_first_one_is_made_whole() -> None:
    world = World()
    job = world.failed_run()
    world.server.race(
        world.fqn, {"runId": world.run_id(job), "pipelineState": "queued", "timestamp": 1_700_000_000_000}
    )

    world.passes(4)

    rows = [row for row in world.server.rows(world.fqn) if row["runId"] == world.run_id(job)]
    assert [state_of(row) for row in rows] == ["failed"]
    assert world.mark(job) == "final"


def test_the_log_of_a_run_that_streams_it_is_closed() -> None:
    world = World(document={**World().pipeline.document, "enableStreamableLogs": True})
    job = world.failed_run()

    world.passes(2)

    assert world.server.closed_logs() == [(world.fqn, world.run_id(job))]


def test_secrets_of_the_run_leave_the_cluster_in_no_report() -> None:
    document = World().pipeline.document
    world = World(document={**document, "source": {**document["source"], "password": "hunter-2-is-a-secret"}})
    job = world.run()
    pod = world.pod(job)
    world.fake.add_log(pod, b"connecting with hunter-2-is-a-secret\n")
    world.fake.advance(30)
    world.exit(job, pod, 1)

    world.passes()

    row = world.row(job)
    assert "connecting with" in str(row)
    assert "hunter-2-is-a-secret" not in str(row)
