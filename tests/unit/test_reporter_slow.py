"""An OpenMetadata that is slow to say what became of its pipelines: the ends of runs do not wait for that."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from unittest.mock import Mock

import pytest

from k8s_pipeline_client import timelimit
from k8s_pipeline_client.domain.schedule import Schedule
from k8s_pipeline_client.errors import ServerResponseError, UnreachableError
from k8s_pipeline_client.reporter import deleted, looking, schedules
from k8s_pipeline_client.reporter.together import PARALLEL
from tests.fakes.openmetadata_wire import OpenMetadataRequest
from tests.unit import scene
from tests.unit.reporter_loop import PATIENCE, Loop
from tests.unit.reporting import HOURLY, World, entity

PIPELINES = 3 * PARALLEL


class Slow:
    """Has each request of one kind wait until it is let go, and counts those that do.

    Attributes:
        most: How many have waited at once.
    """

    def __init__(self, world: World, operation: str) -> None:
        self._operation = operation
        self._changed = threading.Condition()
        self._waiting = 0
        self._is_open = False
        self.most = 0
        world.server.before(self._hold)

    def _hold(self, request: OpenMetadataRequest) -> None:
        if request.operation != self._operation:
            return
        with self._changed:
            self._waiting += 1
            self.most = max(self.most, self._waiting)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_open, PATIENCE)
            self._waiting -= 1
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        """Wait until so many wait."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._waiting >= count, PATIENCE), f"{self._waiting} wait"

    def wait_for_none(self) -> None:
        """Wait until none waits."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._waiting == 0, PATIENCE)

    def let_go(self) -> None:
        """Have none wait any more."""
        with self._changed:
            self._is_open = True
            self._changed.notify_all()


@pytest.fixture
def world() -> World:
    """Many pipelines, each of which is to be asked for in the next pass."""
    world = World(schedule=HOURLY)
    for item in scene.others(PIPELINES - 1):
        scene.deploy(world.fake, item, settings=world.settings)
        world.server.add_pipeline(entity(item))
    world.passes()
    world.fake.advance(601)
    return world


def asked(world: World) -> int:
    """Return how often pipelines were asked for."""
    return len([item for item in world.server.requests if item.operation == "pipeline_with_id"])


def asked_for(world: World) -> list[str]:
    """Return the ids of the pipelines that were asked for, in their order."""
    return [item.name for item in world.server.requests if item.operation == "pipeline_with_id"]


def wait_for_the_look() -> None:
    """Wait for the end of the look that is under way."""
    for thread in threading.enumerate():
        if thread.name.startswith("looking"):
            thread.join(PATIENCE)
            assert not thread.is_alive()


def test_the_ends_of_runs_are_reported_while_openmetadata_is_asked_for_pipelines(world: World) -> None:
    slow = Slow(world, "pipeline_with_id")
    with Loop(world, parallel=PARALLEL, seconds=20, interval=0.01) as loop:
        slow.wait_for(1)
        job = world.failed_run()

        loop.wait_until(lambda: world.mark(job) is not None)

        assert world.state(job) == "failed"
        assert not any(report.pipelines for report in loop.reports), "it is still being asked"
        slow.let_go()


def test_eight_pipelines_at_once_are_asked_for_and_no_more(world: World) -> None:
    slow = Slow(world, "pipeline_with_id")
    with Loop(world, parallel=PARALLEL, seconds=20, interval=0.01) as loop:
        slow.wait_for(PARALLEL)
        slow.let_go()
        loop.wait_until(lambda: asked(world) >= PIPELINES)

    assert slow.most == PARALLEL


def test_what_came_of_it_is_in_a_later_report(world: World) -> None:
    world.server.delete_pipeline(str(world.pipeline.id))
    slow = Slow(world, "pipeline_with_id")
    with Loop(world, parallel=PARALLEL, seconds=20, interval=0.01) as loop:
        slow.wait_for(1)
        slow.let_go()
        loop.wait_until(lambda: any(report.pipelines for report in loop.reports))

        found = [(item.fqn, item.standing) for report in loop.reports for item in report.pipelines]
    assert found == [(world.fqn, "deleted")]


def test_a_long_look_is_no_outage_and_leaves_out_no_pipeline(world: World) -> None:
    slow = Slow(world, "pipeline_with_id")
    with Loop(world, parallel=PARALLEL, seconds=20, interval=0.01) as loop:
        slow.wait_for(PARALLEL)
        begin = world.fake.clock
        loop.wait_until(lambda: (world.fake.clock - begin).total_seconds() > 700)
        slow.let_go()
        loop.wait_until(lambda: asked(world) >= 2 * PIPELINES)

    outages = [text for report in loop.reports for text in report.warnings if "no reporter ran" in text]
    assert len(outages) == 1, "that before the first pass, and no other"


def test_a_pass_that_is_asked_for_waits_for_what_openmetadata_says(world: World) -> None:
    world.server.delete_pipeline(str(world.pipeline.id))

    with world.reporter(parallel=PARALLEL) as reporter:
        report = reporter.reconcile()

    assert [(item.fqn, item.standing) for item in report.pipelines] == [(world.fqn, "deleted")]


def test_a_reporter_that_is_closed_begins_with_no_further_pipeline(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "_PATIENCE", 0.0)
    slow = Slow(world, "pipeline_with_id")
    with Loop(world, parallel=PARALLEL, seconds=20, interval=0.01):
        slow.wait_for(PARALLEL)
    slow.let_go()
    slow.wait_for_none()

    assert asked(world) == PARALLEL


def test_a_missed_run_is_not_begun_with_once_the_reporter_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "_PATIENCE", 0.0)
    world = World(schedule=Schedule("* * * * *", "UTC"))
    world.passes()
    world.fake.advance(3000)
    slow = Slow(world, "run_status")
    with Loop(world, parallel=PARALLEL, interval=0.01):
        slow.wait_for(1)
    before = len(world.server.requests)
    slow.let_go()
    slow.wait_for_none()
    wait_for_the_look()

    assert len(world.server.requests) - before <= 1, "the one that was under way is brought to its end"
    assert world.passes().runs, "the others are still owed"


def test_a_look_that_was_stopped_does_not_go_on_between_run_and_close(world: World) -> None:
    slow = Slow(world, "pipeline_with_id")
    stop = threading.Event()
    with world.reporter(parallel=PARALLEL) as reporter:
        thread = threading.Thread(target=lambda: reporter.run(stop=stop, interval=0.01), daemon=True)
        thread.start()
        slow.wait_for(PARALLEL)
        stop.set()
        thread.join(PATIENCE)
        slow.let_go()
        wait_for_the_look()

        assert asked(world) == PARALLEL


def test_the_process_ends_while_openmetadata_is_asked() -> None:
    script = textwrap.dedent(
        """
        import threading, time
        from tests.unit import scene
        from tests.unit.reporting import HOURLY, World, entity
        world = World(schedule=HOURLY)
        for item in scene.others(9):
            scene.deploy(world.fake, item, settings=world.settings)
            world.server.add_pipeline(entity(item))
        world.passes()
        world.fake.advance(601)
        asked, stop = threading.Event(), threading.Event()
        def hold(request):
            if request.operation == "pipeline_with_id":
                asked.set()
                time.sleep(60)
        world.server.before(hold)
        with world.reporter(parallel=8) as reporter:
            thread = threading.Thread(target=lambda: reporter.run(stop=stop, interval=0.01))
            thread.start()
            assert asked.wait(30)
            stop.set()
            thread.join()
        """
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=PATIENCE)


def test_one_pipeline_for_which_nothing_responds_holds_up_a_look_for_so_long_and_no_longer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedules, "EACH_SECONDS", 1.0)
    held: list[bool] = []
    end = time.monotonic() + PATIENCE

    def hang(request: OpenMetadataRequest) -> None:
        """As requests do: none has a response, and they end with the time that is allowed."""
        if (request.operation, request.name) != ("pipeline_with_id", str(world.pipeline.id)):
            return
        while not timelimit.is_over() and time.monotonic() < end:
            time.sleep(0.01)
        held.append(timelimit.is_over())
        raise ServerResponseError("no response in time", status=504)

    world.server.before(hang)
    with world.reporter(parallel=PARALLEL) as reporter:
        report = reporter.reconcile()

    assert held == [True]
    assert [(item.fqn, item.standing) for item in report.pipelines] == [(world.fqn, "failed")]
    assert asked(world) == PIPELINES


def test_what_has_no_room_in_ten_minutes_is_said_and_first_in_the_next_look(world: World) -> None:
    slow = Slow(world, "pipeline_with_id")
    with Loop(world, parallel=PARALLEL, seconds=20, interval=0.01) as loop:
        slow.wait_for(PARALLEL)
        first = asked_for(world)
        begin = world.fake.clock
        loop.wait_until(lambda: (world.fake.clock - begin).total_seconds() > 600)
        slow.let_go()
        loop.wait_until(lambda: asked(world) >= 2 * PIPELINES)

    warnings = [text for report in loop.reports for text in report.warnings if "postponed" in text]
    assert warnings == [f"{PIPELINES - PARALLEL} pipelines are postponed to the next check: this one took 10 minutes"]
    assert not set(asked_for(world)[PARALLEL : 2 * PARALLEL]) & set(first)


def test_a_pass_that_is_asked_for_puts_nothing_off(world: World) -> None:
    world.server.before(lambda request: world.fake.advance(300))

    with world.reporter() as reporter:
        report = reporter.reconcile()

    assert asked(world) == PIPELINES
    assert not [text for text in report.warnings if "postponed" in text]


@pytest.mark.parametrize("error", [UnreachableError("down"), RuntimeError("a fault of ours")], ids=repr)
def test_pipelines_whose_turn_it_was_in_a_look_that_failed_are_asked_for_in_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    with world.reporter() as reporter:
        with monkeypatch.context() as patched:
            patched.setattr(deleted, "to_ask", Mock(side_effect=error))
            reporter.reconcile()
        assert asked(world) == 0
        world.fake.advance(61)
        reporter.reconcile()

    assert asked(world) == PIPELINES


def test_what_openmetadata_did_not_know_is_asked_for_after_a_look_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(schedule=HOURLY)
    world.passes()
    world.failed_run()
    world.server.delete_pipeline(str(world.pipeline.id))
    world.fake.advance(61)
    with world.reporter() as reporter:
        with monkeypatch.context() as patched:
            patched.setattr(deleted, "to_ask", Mock(side_effect=UnreachableError("down")))
            reporter.reconcile()
        world.fake.advance(61)
        report = reporter.reconcile()

    assert [(item.fqn, item.standing) for item in report.pipelines] == [(world.fqn, "deleted")]
