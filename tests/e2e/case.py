"""What may come of the real ingestion: what is known without this client, how it is played, what is to be told."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.e2e.servers import DIAGNOSTICS, ENDED, Report
from tests.e2e.stage import SLOW, Stage, how_it_stands, seconds_since_end

RESULTS = "E2E_RESULTS"
"""Names the folder into which each case writes what it saw; without it nothing is written."""


Play = Callable[[Stage, str], str]
"""Has something happen to a run of a pipeline that the server knows by a name; returns the run's id."""


@dataclass(frozen=True)
class Seen:
    """What was seen of a case.

    Attributes:
        server: The version of the real server; empty if it was the recording one.
        run: The states that the run itself told.
        state: What OpenMetadata had in the end; empty if nothing.
        cause: The summary of its cause.
        seconds: From the end of the Job to the report of it; None if there was none, or no end.
    """

    name: str
    server: str
    kubernetes: str
    run: str
    state: str
    cause: str
    seconds: float | None = None


@dataclass(frozen=True)
class Case:
    """One row of the table.

    Attributes:
        name: Of the pipeline, too.
        what: What happens, in the table's words.
        kubernetes: What Kubernetes shows without this client, with the image's own entry point.
        heard: What OpenMetadata then hears, and all that it ever hears.
        is_short: Whether it is in every run of the cluster's tests.
        needs_fault: Whether the server has to fail, as none but the recording one does when it is told to.
    """

    name: str
    what: str
    kubernetes: str
    heard: str
    _: KW_ONLY
    is_short: bool = False
    needs_fault: bool = False

    def played(self, stage: Stage) -> Seen:
        """Have it happen, check what OpenMetadata has of it, and return what was seen."""
        raise NotImplementedError


@dataclass(frozen=True)
class Run(Case):
    """A run, whose end OpenMetadata is to have.

    Attributes:
        play: Has it happen.
        state: What OpenMetadata has in the end.
        says: Texts that the cause of the end has.
        timeout: Seconds from the end of the play to the confirmed report.
    """

    play: Play
    state: str = "failed"
    says: tuple[str, ...] = ()
    timeout: float = SLOW

    def played(self, stage: Stage) -> Seen:
        stage.server.know(self.name)
        try:
            run = self.play(stage, self.name)
        finally:
            stage.server.heal()
        row = stage.until_reported(self.name, run, self.timeout)
        reports = stage.server.reports(self.name, run)
        job = stage.job(run)
        seen = Seen(
            name=self.name,
            server=stage.server.version,
            kubernetes=how_it_stands(job, stage.pod(run)),
            run=_in_order(report for report in reports if not report.by_us),
            state=str(row["pipelineState"]),
            cause=cause_of(row),
            seconds=seconds_since_end(job, reports),
        )
        assert seen.state == self.state, seen
        assert {report.state for report in reports if report.by_us} & ENDED <= {self.state}, "no other end was told"
        assert not any(report.by_us and report.state == "running" for report in reports)
        for text in self.says:
            assert text.lower() in seen.cause.lower(), seen
        assert row["endDate"] >= row["timestamp"] - 1000
        return seen


def cause_of(row: dict[str, Any]) -> str:
    """Return what the reporter's step of a row says; empty where there is none."""
    steps = [step for step in row.get("status") or () if step["name"] == DIAGNOSTICS]
    return str(steps[-1]["failures"][0]["error"]) if steps else ""


def write(seen: Seen) -> None:
    """Note what was seen, for the table."""
    folder = os.environ.get(RESULTS)
    if folder:
        Path(folder, f"{seen.server}-{seen.name}.json").write_text(json.dumps(asdict(seen)))


def _in_order(reports: Iterable[Report]) -> str:
    states = [report.state for report in sorted(reports, key=lambda each: each.at)]
    return ", ".join(state for state, _ in groupby(states))
