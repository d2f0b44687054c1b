"""A bad end of the real ingestion: what is known of it without this client, how it is played, what is to be told."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.e2e.stage import ENDED, SLOW, Report, Stage, how_it_stands, seconds_since_end

RESULTS = "E2E_RESULTS"
"""Names the folder into which each case writes what it saw; without it nothing is written."""


Play = Callable[[Stage, str], str]
"""Has something happen to a run of a pipeline that the server knows by a name; returns the run's id."""


@dataclass(frozen=True)
class Case:
    """One row of the table.

    Attributes:
        name: Of the pipeline, too.
        what: What happens, in the table's words.
        kubernetes: What Kubernetes shows without this client, with the image's own entry point.
        heard: What OpenMetadata then hears, and all that it ever hears.
        play: Has it happen.
        state: What OpenMetadata has in the end.
        says: Texts that the cause of the end has.
        is_short: Whether it is in every run of the cluster's tests.
        timeout: Seconds from the end of the play to the confirmed report.
    """

    name: str
    what: str
    kubernetes: str
    heard: str
    play: Play
    state: str = "failed"
    says: tuple[str, ...] = ()
    is_short: bool = False
    timeout: float = SLOW


@dataclass(frozen=True)
class Seen:
    """What was seen of a case.

    Attributes:
        run: The states that the run itself told.
        state: What OpenMetadata had in the end.
        cause: The summary of its cause.
        seconds: From the end of the Job to the report of it; None if there was none, or no end.
    """

    name: str
    kubernetes: str
    run: str
    state: str
    cause: str
    seconds: float | None


def played(case: Case, stage: Stage) -> Seen:
    """Have a case happen, check what OpenMetadata has of it, and return what was seen."""
    fqn = stage.know(case.name)
    try:
        run = case.play(stage, case.name)
    finally:
        stage.heal()
    row = stage.until_reported(fqn, run, case.timeout)
    reports = stage.reports(fqn, run)
    ours = [report.state for report in reports if report.by_us and report.state in ENDED]
    said = cause_of(row)
    job = stage.job(run)
    seen = Seen(
        name=case.name,
        kubernetes=how_it_stands(job, stage.pod(run)),
        run=_in_order(report for report in reports if not report.by_us),
        state=str(row["pipelineState"]),
        cause=said,
        seconds=seconds_since_end(job, reports),
    )
    assert seen.state == case.state, seen
    assert set(ours) <= {case.state}, "the reporter has told no other end"
    assert not any(report.by_us and report.state == "running" for report in reports)
    for text in case.says:
        assert text.lower() in said.lower(), seen
    assert row["endDate"] >= row["timestamp"] - 1000
    write(seen)
    return seen


def cause_of(row: dict[str, Any]) -> str:
    """Return what the reporter's step of a row says; empty where there is none."""
    steps = [step for step in row.get("status") or () if step["name"] == "Pod Diagnostics"]
    return str(steps[-1]["failures"][0]["error"]) if steps else ""


def write(seen: Seen) -> None:
    """Note what was seen, for the table."""
    folder = os.environ.get(RESULTS)
    if folder:
        Path(folder, f"{seen.name}.json").write_text(json.dumps(asdict(seen)))


def _in_order(reports: Any) -> str:
    return ", ".join(state for state, _ in groupby(report.state for report in _sorted(reports)))


def _sorted(reports: Any) -> list[Report]:
    return sorted(reports, key=lambda report: report.at)
