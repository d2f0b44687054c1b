"""Decides what is to be written of a run, given what Kubernetes and what OpenMetadata say of it. Pure.

The rules are in ``table``. Two reporters that read the same decide the same, and once what is wanted stands there
nothing is written any more.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.reporter.facts import Facts
from k8s_pipeline_client.reporter.outcome import NODE_LOST, SETTLING, UNHEARD, Outcome, outcome_of, seen
from k8s_pipeline_client.reporter.payload import queued_row, terminal_row
from k8s_pipeline_client.reporter.table import TABLE, Action
from k8s_pipeline_client.status import LOST_AFTER, CauseCode, Diagnosis, RunStatus
from k8s_pipeline_client.status.words import inline

__all__ = ["Confirm", "Facts", "Wait", "Wish", "Write", "decide"]


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is to be written now.

    Attributes:
        until: When to look again at the latest; None for the next pass.
        why: For people.
    """

    until: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Write:
    """A row is to be written.

    Attributes:
        row: All of it.
        replaces: There is one already; else it is the first, and its timestamp was computed.
        why: For people.
    """

    row: Document
    replaces: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Confirm:
    """The row that was read is the terminal one that is wanted: the run is reported."""


Wish = Wait | Write | Confirm


def decide(run: RunStatus, row: Document | None, facts: Facts, now: datetime) -> Wish:
    """Return what is to be done about a run's row.

    Args:
        run: Its status, from a read that succeeded.
        row: Its row as it was read by run id; None if the server has none.
        facts: What else there is to know.
        now: The API server's time.
    """
    outcome, there = outcome_of(run, facts, now), seen(row, run, facts)
    rule = TABLE[outcome, there]
    if rule.action is Action.WAIT:
        return Wait(_until(outcome, run, facts, now), rule.why)
    if rule.action is Action.KEEP:
        return Confirm() if facts.job_ended else Wait(None, "the row is as it should be, and the Job has not ended yet")
    if row is None and not (run.created_at or run.scheduled_at or run.started_at or run.ended_at):
        return Wait(None, "neither Kubernetes nor OpenMetadata knows when the run was")
    if rule.action is Action.QUEUE:
        return _queued(run, row, rule.why)
    state, diagnosis = _end(rule.action, outcome, row or {}, run, facts)
    written = terminal_row(run, row, state=state, diagnosis=diagnosis, now=now)
    return Write(written, replaces=row is not None, why=rule.why)


def _until(outcome: Outcome, run: RunStatus, facts: Facts, now: datetime) -> datetime | None:
    known = []
    if run.created_at and outcome is Outcome.YOUNG:
        known.append(run.created_at + SETTLING)
    if run.created_at and outcome is Outcome.WAITS and not facts.run_id_was_handed_over:
        known.append(run.created_at + UNHEARD)
    if facts.node_lost_since and outcome is Outcome.UNDER_WAY:
        known.append(facts.node_lost_since + LOST_AFTER)
    return next((moment for moment in known if moment > now), None)


def _queued(run: RunStatus, row: Document | None, why: str) -> Wish:
    # To be held by a queue is no trouble.
    cause = run.cause if run.cause and run.cause.code is not CauseCode.HELD else None
    if row is not None and cause is None:
        return Wait(None, "it is said that the run is queued, and nothing is wrong with it")
    return Write(queued_row(run, cause, row), replaces=row is not None, why=why)


def _end(action: Action, outcome: Outcome, row: Document, run: RunStatus, facts: Facts) -> tuple[str, Diagnosis | None]:
    """The state to be written, and the diagnosis that goes with it."""
    if action is Action.SUCCEED:
        return "success", None
    diagnosis = facts.diagnosis()
    if action is Action.LOSE:
        return "failed", _lost(diagnosis)
    if action is Action.ADD:
        return str(row["pipelineState"]), diagnosis
    if action in (Action.CONTRADICT, Action.CONTRADICT_STOP):
        diagnosis = _contradicted(diagnosis, str(row["pipelineState"]), outcome, run)
    return (facts.killed_state if action in (Action.STOP, Action.CONTRADICT_STOP) else "failed"), diagnosis


def _lost(diagnosis: Diagnosis) -> Diagnosis:
    """The diagnosis of a run of which Kubernetes does not say that it has ended."""
    return dataclasses.replace(
        diagnosis,
        category=CauseCode.NODE_LOST,
        summary=f"{NODE_LOST}: {inline(diagnosis.summary)}" if diagnosis.category else NODE_LOST,
        what_to_do="ask the cluster's admin about the node; a later report by the run itself replaces this one",
    )


def _contradicted(diagnosis: Diagnosis, reported: str, outcome: Outcome, run: RunStatus) -> Diagnosis:
    summary = f"The run reported {reported}, {_then(outcome, run)}: the last writes may be missing"
    return dataclasses.replace(
        diagnosis,
        summary=f"{summary}; {inline(diagnosis.summary)}",
        what_to_do="; ".join(filter(None, ("run it again", diagnosis.what_to_do))),
    )


def _then(outcome: Outcome, run: RunStatus) -> str:
    if outcome is not Outcome.EXITED:
        return "but was terminated before it exited"
    codes = [attempt.exit_code for attempt in run.attempts if attempt.exit_code]
    return f"then exited with {codes[-1]}" if codes else "then failed"
