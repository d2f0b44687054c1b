"""Plays rows: places side by side, the rows of a place side by side, and what disturbs all others alone in the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from k8s_pipeline_client.errors import PipelineError
from tests.cluster.local.errors import ClusterError
from tests.cluster.support.access import Access
from tests.faults.puts import TERMINAL, end_of, faults
from tests.faults.row import Row
from tests.faults.scenario import Scenario
from tests.faults.stage import INTERVAL, Stage, opened
from tests.faults.verdict import Verdict
from tests.faults.watch import Watch

Say = Callable[[str], None]


def play(scenarios: Sequence[Scenario], access: Access, folder: Path, say: Say) -> list[Verdict]:
    """Play rows, and return how each ended, in the order of the rows.

    Args:
        scenarios: The rows.
        access: The cluster.
        folder: For files.
        say: Takes what is under way.
    """
    image = access.image("standin")
    place = attrgetter("place")
    groups = [list(group) for _, group in groupby(sorted(scenarios, key=place), key=place)]
    together = [group for group in groups if not group[0].alone]
    found: list[Verdict] = []
    with ThreadPoolExecutor(max(1, len(together))) as pool:
        for verdicts in pool.map(lambda group: _at(group, access, folder, image, say), together):
            found += verdicts
    for group in groups:
        if group[0].alone:
            found += _at(group, access, folder, image, say)
    return sorted(found, key=lambda verdict: scenarios.index(verdict.scenario))


def _at(group: Sequence[Scenario], access: Access, folder: Path, image: str, say: Say) -> list[Verdict]:
    """Play the rows of one place."""
    try:
        with opened(access, folder / group[0].place, image) as stage, group[0].surroundings(stage):
            watch = Watch(stage)
            stage.start_reporter()
            try:
                with ThreadPoolExecutor(1 if group[0].alone else len(group)) as pool:
                    return list(pool.map(lambda scenario: _row(scenario, stage, watch, say), group))
            finally:
                watch.stop()
    except (AssertionError, RuntimeError, PipelineError) as error:
        say(f"{group[0].place}: {error}")
        return [Verdict(scenario, (), (), None, (f"not played: {error}",)) for scenario in group]


def _row(scenario: Scenario, stage: Stage, watch: Watch, say: Say) -> Verdict:
    problem = ""
    marked = None
    try:
        row = Row.deployed(scenario, stage, watch)
        scenario.start(row)
        scenario.act(row)
        marked = row.marked
        row.until(lambda: _is_settled(row), "its end is reported, and that is confirmed")
        threading.Event().wait(2 * INTERVAL + 1)  # two more passes: what they would write is none of a reporter's
    except (AssertionError, RuntimeError, ClusterError, PipelineError) as error:
        problem = str(error)
    verdict = _judged(scenario, stage, watch, marked, problem)
    say(f"{scenario.name}: {'; '.join(verdict.faults) or 'as it has to be'}")
    return verdict


def _is_settled(row: Row) -> bool:
    rows = row.stage.in_force(row.fqn)
    is_told = bool(rows) and all(item["pipelineState"] in TERMINAL for item in rows)
    # Only a schedule may bring about no Job at all; one that is begun by hand has just not been seen yet.
    has_no_job = row.scenario.is_scheduled and row.fqn not in row.watch.shown
    return is_told and (has_no_job or row.watch.is_reported(row.fqn))


def _judged(scenario: Scenario, stage: Stage, watch: Watch, marked: float | None, problem: str) -> Verdict:
    received = [put for put in stage.received() if put.fqn == scenario.fqn]
    wrong = faults(
        received, stage.in_force(scenario.fqn), state=scenario.state, says=scenario.says, before=scenario.before
    )
    end = end_of(received)
    since = marked if scenario.since else watch.ended.get(scenario.fqn)
    seconds = end.at - since if end is not None and since is not None else None
    return Verdict(
        scenario, watch.shown.get(scenario.fqn, ()), received, seconds, [*([problem] if problem else []), *wrong]
    )
