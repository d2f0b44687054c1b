"""Runs as Kubernetes tells them, rows as an OpenMetadata server has them, and what is decided about the two."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from k8s_pipeline_client.reporter.decide import Facts
from k8s_pipeline_client.reporter.outcome import NODE_LOST, Outcome, Row
from k8s_pipeline_client.status import CauseCode, Diagnosis, RunStatus, State, as_step
from k8s_pipeline_client.status.diagnosis import diagnose
from k8s_pipeline_client.status.models import Attempt, Cause, Trigger
from tests.unit.status_cases.build import JOB, RUN_ID, START

Document = dict[str, Any]
BEGAN = int(START.timestamp() * 1000) + 417
"""The timestamp of rows that somebody else wrote first."""
NOW = START + timedelta(hours=1)
LOST_SINCE = NOW - timedelta(minutes=6)


def run(state: State = State.FAILED, code: CauseCode | None = CauseCode.EXIT_CODE, **more: Any) -> RunStatus:
    """A run; what had begun has one attempt, with exit code 1 if it failed by itself."""
    cause = Cause(code, f"It was {code}", "", "see its log") if code and state is not State.SUCCESS else None
    exits = {State.SUCCESS: 0, State.FAILED: 1 if code is CauseCode.EXIT_CODE else None}
    begun = START + timedelta(seconds=5)
    attempt = Attempt(f"{JOB}-4xk2p", state, cause=cause, exit_code=exits.get(state), started_at=begun)
    known: dict[str, Any] = {
        "run_id": RUN_ID,
        "created_at": START,
        "started_at": None if state is State.QUEUED else begun,
        "ended_at": NOW - timedelta(minutes=1) if state.is_terminal else None,
        "attempts": () if state is State.QUEUED else (attempt,),
    }
    return RunStatus(job_name=JOB, state=state, trigger=Trigger.SCHEDULED, cause=cause, **{**known, **more})


RUNS: dict[Outcome, RunStatus] = {
    Outcome.YOUNG: run(created_at=NOW - timedelta(seconds=9)),
    Outcome.WAITS: run(State.QUEUED, CauseCode.IMAGE_PULL, created_at=NOW - timedelta(seconds=19)),
    Outcome.WAITS_UNHEARD: run(State.QUEUED, CauseCode.IMAGE_PULL),
    Outcome.UNDER_WAY: run(State.RUNNING, None),
    Outcome.LOST: run(State.RUNNING, None),
    Outcome.SUCCEEDED: run(State.SUCCESS),
    Outcome.EXITED: run(),
    Outcome.CUT_SHORT: run(code=CauseCode.DEADLINE_EXCEEDED),
    Outcome.KILLED: run(code=CauseCode.KILLED),
    Outcome.KILLED_TOO_LATE: run(
        code=CauseCode.KILLED, attempts=(Attempt(f"{JOB}-4xk2p", State.FAILED, exit_code=0, started_at=START),)
    ),
    Outcome.NEVER_STARTED: run(code=CauseCode.IMAGE_PULL),
    Outcome.DOUBTFUL: run(code=CauseCode.JOB_DELETED),
}


def diagnosis(of: RunStatus, log: str = "the last line") -> Diagnosis:
    return diagnose(of, {}, (), (), log, ())


def facts(of: RunStatus, outcome: Outcome | None = None, **more: Any) -> Facts:
    """What goes with a run, so that its outcome is that one."""
    make: Callable[[], Diagnosis] = lambda: diagnosis(of)  # noqa: E731
    known = Facts(
        can_still_write=outcome in (Outcome.UNDER_WAY, Outcome.LOST),
        job_ended=of.state.is_terminal,
        node_lost_since=LOST_SINCE if outcome is Outcome.LOST else None,
        run_id_was_handed_over=False,
        written_by_us=False,
        killed_state="failed",
        diagnosis=make,
    )
    return dataclasses.replace(known, **more)


INGESTED = {"name": "postgres", "records": 42, "updated_records": 1, "warnings": 0, "errors": 0, "filtered": 3}


def row(state: str, **more: Any) -> Document:
    """A row as the ingestion writes it."""
    made: Document = {
        "runId": RUN_ID,
        "pipelineState": state,
        "startDate": BEGAN,
        "timestamp": BEGAN,
        "config": {"a": 1},
        "metadata": {"b": "c"},
    }
    if state not in ("queued", "running"):
        made |= {"endDate": ms(NOW - timedelta(minutes=2)), "status": [INGESTED]}
    return {**made, **more}


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _ours(summary: str = "It was ExitCode") -> list[Document]:
    return [INGESTED, as_step(dataclasses.replace(diagnosis(run()), summary=summary))]


ROWS: dict[Row, Document | None] = {
    Row.NONE: None,
    Row.QUEUED: row("queued"),
    Row.QUEUED_WITH_CAUSE: row("queued", status=_ours()),
    Row.RUNNING: row("running", endDate=ms(START)),
    Row.SUCCESS: row("success"),
    Row.PARTIAL: row("partialSuccess"),
    Row.FAILED: row("failed"),
    Row.FAILED_EARLIER: row("failed", endDate=ms(START + timedelta(seconds=4))),
    Row.FAILED_BY_US: row("failed", status=_ours()),
    Row.LOST_BY_US: row("failed", status=_ours(NODE_LOST)),
    Row.STOPPED: row("stopped"),
    Row.STOPPED_BY_US: row("stopped", status=_ours()),
}


def own_steps(of: Document) -> list[Document]:
    return [step for step in of.get("status", []) if step["name"] == "Pod Diagnostics"]
