"""With `watch` a run's end is noticed at once, and without it, or where it breaks, at the next pass."""

from __future__ import annotations

import logging
import threading
from itertools import pairwise

import pytest

from k8s_pipeline_client.cluster.port import Kind, Object, Propagation, WatchEvent
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import ApiError, ForbiddenError, UnreachableError
from k8s_pipeline_client.reporter import Report, loop, wake
from k8s_pipeline_client.reporter.wake import may_be_an_end
from tests.fakes import Request
from tests.unit.reporter_loop import PATIENCE, Loop
from tests.unit.reporting import SETTINGS, World

INTERVAL = 60.0
BROKEN = [
    ForbiddenError("jobs is forbidden: cannot watch resource", status=403),
    ApiError("too old resource version", status=410),
    UnreachableError("the connection broke"),
    KeyError("a fault of ours"),
]
each_break = pytest.mark.parametrize("error", BROKEN, ids=["forbidden", "expired", "unreachable", "a fault of ours"])


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less between passes, and between watches."""
    for module, name in ((loop, "_GAP"), (loop, "_MOMENT"), (wake, "_FIRST_PAUSE"), (wake, "_LONGEST_PAUSE")):
        monkeypatch.setattr(module, name, 0.02)


def ready(world: World, running: Loop) -> bool:
    """Return whether a pass was made, and Jobs and pods are watched."""
    return bool(running.reports) and world.fake.watching == 2


def watches(world: World) -> int:
    """Return how often it was tried to watch."""
    return len([item for item in world.fake.requests if item.verb == "watch"])


def wait(condition: threading.Event) -> None:
    assert condition.wait(PATIENCE)


class Refusal:
    """Refuses watches, and tells when that was done so many times."""

    def __init__(self, world: World, error: Exception, times: int) -> None:
        self._error = error
        self._left = times
        self._lock = threading.Lock()
        self.enough = threading.Event()
        self.stop = world.fake.before(self._refuse)

    def _refuse(self, request: Request) -> None:
        if request.verb != "watch":
            return
        with self._lock:
            self._left -= 1
            if self._left <= 0:
                self.enough.set()
        raise self._error


def job(*conditions: str) -> Object:
    found = [{"type": kind, "status": "True"} for kind in conditions]
    return {"kind": "Job", "metadata": {"name": "j"}, "spec": {}, "status": {"conditions": found}}


def pod(state: str) -> Object:
    return {
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "main"}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "main", "state": {state: {"exitCode": 0}}}]},
    }


@pytest.mark.parametrize(
    ("kind", "what", "item", "wakes"),
    [
        (Kind.JOB, "ADDED", job(), False),
        (Kind.JOB, "MODIFIED", job("Suspended"), False),
        (Kind.JOB, "MODIFIED", job("FailureTarget"), False),
        (Kind.JOB, "ADDED", job("Complete"), True),
        (Kind.JOB, "MODIFIED", job("FailureTarget", "Failed"), True),
        (Kind.JOB, "DELETED", job(), True),
        (Kind.JOB, "DELETED", job("Complete"), False),
        (Kind.POD, "ADDED", pod("waiting"), False),
        (Kind.POD, "MODIFIED", pod("running"), False),
        (Kind.POD, "MODIFIED", pod("terminated"), True),
        (Kind.POD, "DELETED", pod("running"), True),
    ],
)
def test_what_may_be_the_end_of_a_run(kind: Kind, what: str, item: Object, wakes: bool) -> None:
    assert may_be_an_end(kind, WatchEvent(what, item)) is wakes


def test_an_end_is_reported_long_before_the_interval_is_over() -> None:
    world = World()
    ended = world.run()
    its_pod = world.pod(ended)
    world.fake.advance(30)
    with Loop(world, interval=INTERVAL, watch=True) as running:
        running.wait_until(lambda: ready(world, running))
        passes = len(running.reports)
        world.exit(ended, its_pod, 1)

        running.wait_until(lambda: world.state(ended) == "failed")

        assert len(running.reports) <= passes + 4


def test_a_deleted_job_is_looked_for_at_once() -> None:
    world = World()
    gone = world.run()
    world.pod(gone)
    world.fake.advance(30)
    with Loop(world, interval=INTERVAL, watch=True) as running:
        running.wait_until(lambda: ready(world, running))
        identity = world.run_id(gone)
        world.fake.delete(Kind.JOB, gone, Propagation.BACKGROUND)

        running.wait_until(lambda: (identity, "failed") in last(running))


def last(running: Loop) -> list[tuple[str, str]]:
    """Return the runs of the last pass, with their states."""
    return [(run.run_id, run.state) for run in running.reports[-1].runs]


def test_without_it_nothing_is_watched() -> None:
    world = World()
    with Loop(world, interval=0.01) as running:
        running.wait_until(lambda: len(running.reports) > 3)

    assert watches(world) == 0


@pytest.mark.parametrize(
    ("setting", "option", "wanted"), [(True, None, True), (True, False, False), (False, True, True)]
)
def test_the_option_counts_before_the_setting(setting: bool, option: bool | None, wanted: bool) -> None:
    world = World(SETTINGS.model_copy(update={"reporter_watch": setting}))
    with Loop(world, interval=0.05, watch=option) as running:
        running.wait_until(lambda: ready(world, running) if wanted else len(running.reports) > 5)

    assert (watches(world) > 0) is wanted


@each_break
def test_a_watch_that_cannot_be_is_said_once_and_the_interval_counts(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    refusal = Refusal(world, error, times=20)
    caplog.set_level(logging.INFO, logger="k8s_pipeline_client.reporter")
    with Loop(world, interval=0.05, watch=True, seconds=5) as running:
        wait(refusal.enough)
        failed = world.failed_run()
        running.wait_until(lambda: world.state(failed) == "failed")

        said = [record for record in caplog.records if "falling back to polling" in record.getMessage()]
        assert len(said) == 2, "once for Jobs, and once for pods"
        refusal.stop()
        running.wait_until(lambda: ready(world, running))


@each_break
def test_a_watch_that_breaks_is_taken_up_again_with_what_has_ended_meanwhile(error: Exception) -> None:
    world = World()
    ended = world.run()
    its_pod = world.pod(ended)
    world.fake.advance(30)
    with Loop(world, interval=INTERVAL, watch=True) as running:
        running.wait_until(lambda: ready(world, running))
        refusal = Refusal(world, error, times=4)
        world.fake.end_watches(error)
        wait(refusal.enough)
        world.exit(ended, its_pod, 1)
        assert world.fake.watching == 0
        refusal.stop()

        running.wait_until(lambda: world.state(ended) == "failed")


def test_a_storm_of_events_makes_no_passes_back_to_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_GAP", 0.25)
    world = World()
    failed = world.failed_run()
    world.server.be_down()  # so that it stays to be told
    with Loop(world, interval=INTERVAL, watch=True) as running:
        running.wait_until(lambda: ready(world, running))
        begin = len(running.times)
        numbers = iter(range(100_000))

        def storm() -> bool:
            for _ in range(50):
                note = {"metadata": {"annotations": {"a-test/number": str(next(numbers))}}}
                world.fake.merge(Kind.JOB, failed, note)
            return len(running.times) >= begin + 5

        running.wait_until(storm)
        times = running.times[begin:]

    assert all(later - earlier >= 0.08 for earlier, later in pairwise(times))


def test_a_run_that_is_marked_wakes_nobody() -> None:
    world = World()
    failed = world.failed_run()
    with Loop(world, interval=INTERVAL, watch=True) as running:
        running.wait_until(lambda: ready(world, running) and world.state(failed) == "failed")
        world.fake.merge(Kind.JOB, failed, {"metadata": {"annotations": {"a-test/note": "x"}}})
        running.wait_until(lambda: world.mark(failed) == labels.FINAL)
        passes = len(running.reports)
        other = world.failed_run()
        running.wait_until(lambda: world.state(other) == "failed")

        assert len(running.reports) <= passes + 4


def test_a_run_that_ends_within_its_first_seconds_is_looked_at_when_these_are_over() -> None:
    world = World()
    early = world.run()
    its_pod = world.pod(early)
    world.fake.advance(4)
    world.exit(early, its_pod, 1)

    report = world.reporter().reconcile()

    assert world.state(early) is None
    assert report.again_after == 7
    world.fake.advance(7)
    assert world.reporter().reconcile().again_after is None
    assert world.state(early) == "failed"


def test_a_run_that_does_not_start_is_looked_at_when_it_is_to_be_ended() -> None:
    world = World()
    world.waiting_pod(world.run())
    world.fake.advance(100)

    report = world.reporter().reconcile()

    assert report.again_after == world.settings.start_timeout_seconds - 100 + 1


def test_what_is_to_be_done_is_done_before_the_interval_is_over() -> None:
    stop, woken = threading.Event(), threading.Event()
    made: list[Report] = []

    def on_pass(report: Report) -> None:
        made.append(report)
        if len(made) == 2:
            stop.set()

    loop.Loop(
        lambda: Report(again_after=0.05), interval=INTERVAL, stop=stop, on_pass=on_pass, on_error=print, wake=woken
    ).run()

    assert len(made) == 2


@pytest.mark.parametrize(("interval", "most"), [(INTERVAL, 4), (0.1, 11)], ids=["a long interval", "a short one"])
def test_what_is_to_be_done_makes_no_passes_back_to_back(
    interval: float, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_GAP", 0.3)
    stop, woken = threading.Event(), threading.Event()
    made: list[Report] = []
    threading.Timer(1.0, stop.set).start()
    threading.Timer(1.1, woken.set).start()

    loop.Loop(
        lambda: Report(again_after=0.01), interval=interval, stop=stop, on_pass=made.append, on_error=print, wake=woken
    ).run()

    assert 2 <= len(made) <= most


def test_passes_that_fail_are_not_woken() -> None:
    stop, woken = threading.Event(), threading.Event()
    errors: list[Exception] = []

    def fail() -> Report:
        woken.set()
        raise UnreachableError("away")

    def on_error(error: Exception) -> None:
        errors.append(error)
        threading.Timer(0.3, stop.set).start()

    loop.Loop(fail, interval=INTERVAL, stop=stop, on_pass=print, on_error=on_error, wake=woken).run()

    assert len(errors) == 1
