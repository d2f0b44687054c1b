"""Reporters that are killed with SIGKILL at random points, two at once, over a load of runs."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.support.access import Access
from tests.faults.kinds import MOSTLY_BAD, drawn
from tests.faults.load import Load, Outcome
from tests.faults.stage import Stage, opened

_AT_ONCE = 12
_INTERVAL = 1.0
_MEAN_SECONDS = 2.0
_LONGEST_SECONDS = 10.0
_SIDE_BY_SIDE = 2


@dataclass(frozen=True)
class Killed:
    """What came of it.

    Attributes:
        kills: How many reporters were killed while they ran.
    """

    kills: int
    outcome: Outcome


class _Killer:
    """Starts a reporter and kills it, again and again, on two threads; then leaves two of them alone."""

    def __init__(self, stage: Stage, kills: int, seed: int) -> None:
        self._stage = stage
        self._wanted = kills
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.kills = 0
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(_SIDE_BY_SIDE)]
        for thread in self._threads:
            thread.start()

    @property
    def is_done(self) -> bool:
        """Whether so many were killed."""
        return self.kills >= self._wanted

    def join(self) -> None:
        """Wait for the threads."""
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while not self.is_done:
            reporter = self._stage.start_reporter(_INTERVAL)
            with self._lock:
                seconds = min(self._random.expovariate(1 / _MEAN_SECONDS), _LONGEST_SECONDS)
            threading.Event().wait(seconds)
            was_alive = reporter.poll() is None
            reporter.kill()
            reporter.communicate()
            with self._lock:
                self.kills += was_alive
                self._stage.reporters.remove(reporter)
        self._stage.start_reporter(_INTERVAL)


def kill_at_random(
    access: Access, folder: Path, *, kills: int, runs: int, seed: int, say: Callable[[str], None]
) -> Killed:
    """Kill so many reporters while so many runs, and more if need be, come to their ends."""
    with opened(access, folder, access.image("standin")) as stage:
        load = Load(stage, _AT_ONCE, say)
        load.deploy(MOSTLY_BAD)
        killer = _Killer(stage, kills, seed)
        outcome = load.play(drawn(MOSTLY_BAD, runs, seed), total_timeout=60 * kills, more=lambda: not killer.is_done)
        killer.join()
        return Killed(killer.kills, outcome)
