"""Many runs, a tenth of them with a fault, and one reporter at its usual pace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.cluster.support.access import Access
from tests.faults.kinds import ONE_IN_TEN, drawn
from tests.faults.load import Load, Outcome
from tests.faults.stage import opened

INTERVAL = 10.0
_SECONDS_FOR_A_RUN = 4.0
_MORE_SECONDS = 900.0


def play_load(
    access: Access, folder: Path, *, runs: int, at_once: int, seed: int, say: Callable[[str], None]
) -> Outcome:
    """Have so many runs come to their ends, so many of them active at once."""
    with opened(access, folder, access.image("standin")) as stage:
        stage.start_reporter(INTERVAL)
        load = Load(stage, at_once, say)
        load.deploy(ONE_IN_TEN)
        total_timeout = runs * _SECONDS_FOR_A_RUN + _MORE_SECONDS
        return load.play(drawn(ONE_IN_TEN, runs, seed), total_timeout=total_timeout)
