"""The quickest rows of the fault matrix, a few killed reporters, a small load; all of it: `make faults`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.support.access import Access
from tests.faults.kills import kill_at_random
from tests.faults.matrix import play
from tests.faults.scenarios import ROWS
from tests.faults.thousand import play_load

pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.timeout(420)]

_FEW = 6


def test_the_quickest_rows_have_one_end_each_and_it_is_true(access: Access, tmp_path: Path) -> None:
    rows = [row for row in ROWS if row.quick]

    verdicts = play(rows, access, tmp_path / "matrix", print)

    assert len(verdicts) == len(rows) >= 8
    assert {verdict.scenario.name: verdict.faults for verdict in verdicts if verdict.faults} == {}


def test_two_reporters_that_are_killed_again_and_again_report_each_run_once(access: Access, tmp_path: Path) -> None:
    killed = kill_at_random(access, tmp_path / "kills", kills=10, runs=_FEW, seed=1, say=print)

    assert killed.kills >= 10
    assert killed.outcome.count >= _FEW
    assert killed.outcome.faults == []
    assert killed.outcome.ours >= 1


def test_many_runs_are_neither_lost_nor_doubled(access: Access, tmp_path: Path) -> None:
    outcome = play_load(access, tmp_path / "load", runs=_FEW, at_once=3, seed=2, say=print)

    assert (outcome.count, outcome.faults) == (_FEW, [])
