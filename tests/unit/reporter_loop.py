"""A reporter that makes passes in a thread, and what tests wait for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from k8s_pipeline_client.reporter import Report, Reporter
from tests.unit.reporting import World

PATIENCE = 30.0
"""Seconds. Less than the longest interval: what happens within it did not wait for that."""

_LOOK_EVERY = 0.05


class Loop:
    """Makes passes until the end of the block.

    Attributes:
        reports: Of each pass.
        times: When each was over, by `time.monotonic`.
    """

    def __init__(self, world: World, *, parallel: int = 1, seconds: float = 0, **options: Any) -> None:
        """Take the world, how much of its time goes by after each pass, and the options of `Reporter.run`."""
        self._world = world
        self._reporter: Reporter = world.reporter(parallel=parallel)
        self._seconds = seconds
        self._options = options
        self._stop = threading.Event()
        self._made = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.reports: list[Report] = []
        self.times: list[float] = []

    def __enter__(self) -> Loop:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(PATIENCE)
        self._reporter.close()
        assert not self._thread.is_alive()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        end = time.monotonic() + PATIENCE
        with self._made:
            while not condition():
                assert time.monotonic() < end, "it does not come to that"
                self._made.wait(_LOOK_EVERY)

    def _run(self) -> None:
        self._reporter.run(stop=self._stop, on_pass=self._passed, **self._options)

    def _passed(self, report: Report) -> None:
        self._world.fake.advance(self._seconds)
        with self._made:
            self.reports.append(report)
            self.times.append(time.monotonic())
            self._made.notify_all()
