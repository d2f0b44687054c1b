"""The rules for a run's row, by its state in Kubernetes and in OpenMetadata, as data. Pure.

`docs/reference/reporting.md` is generated from it. Every pair of `Outcome` and `Row` has exactly one rule.
"""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from k8s_pipeline_client.reporter.outcome import Outcome, Row


class Action(Enum):
    """What is done; the values are for people."""

    WAIT = "none yet"
    KEEP = "none: the row is final"
    QUEUE = "write `queued`, with the cause, if any"
    SUCCEED = "write `success`"
    FAIL = "write `failed` with the cause"
    STOP = "write `failed` or `stopped` (setting) with the cause"
    CONTRADICT = "write `failed`: the run had reported success, and the last writes may be missing"
    CONTRADICT_STOP = (
        "write `failed` or `stopped` (setting): the run had reported success, and the last writes may be missing"
    )
    LOSE = "write `failed`: node lost, the run may still be writing"
    ADD = "add our step, keep the state"


class Rule(NamedTuple):
    """One row of the table.

    Attributes:
        outcomes: What Kubernetes says.
        rows: What OpenMetadata has.
        action: What is done.
        why: For people; a sentence without a full stop.
    """

    outcomes: tuple[Outcome, ...]
    rows: tuple[Row, ...]
    action: Action
    why: str


ALL = tuple(Row)
UNFINISHED = (Row.NONE, Row.QUEUED, Row.QUEUED_WITH_CAUSE, Row.RUNNING)
FINISHED = tuple(row for row in Row if row not in UNFINISHED)
_GOOD = (Row.SUCCESS, Row.PARTIAL)
_FAILED = (Row.FAILED, Row.FAILED_EARLIER, Row.STOPPED)
_OURS = (Row.FAILED_BY_US, Row.STOPPED_BY_US)
_KILLED = (Outcome.KILLED, Outcome.KILLED_TOO_LATE)
NOT_KILLED = (Outcome.EXITED, Outcome.CUT_SHORT, Outcome.NEVER_STARTED, Outcome.DOUBTFUL)
FAILURES = (*NOT_KILLED, *_KILLED)

RULES: tuple[Rule, ...] = (
    Rule((Outcome.YOUNG,), ALL, Action.WAIT, "the server or the run may be about to write the first row"),
    Rule((Outcome.WAITS,), ALL, Action.WAIT, "somebody else reports it, or it starts soon"),
    Rule(
        (Outcome.WAITS_UNHEARD,),
        (Row.NONE,),
        Action.QUEUE,
        "nobody else reports it",
    ),
    Rule(
        (Outcome.WAITS_UNHEARD,),
        (Row.QUEUED,),
        Action.QUEUE,
        "the cause is added once it is known; without a cause nothing is written",
    ),
    Rule((Outcome.WAITS_UNHEARD,), (Row.QUEUED_WITH_CAUSE, Row.RUNNING), Action.WAIT, "it has been reported"),
    Rule((Outcome.WAITS_UNHEARD,), FINISHED, Action.WAIT, "it is retried, and an earlier attempt has reported"),
    Rule(
        (Outcome.UNDER_WAY,),
        ALL,
        Action.WAIT,
        "the run reports itself; the reporter never writes `running`, and a failed attempt is not the end of a run "
        "that is retried",
    ),
    Rule(
        (Outcome.LOST,),
        UNFINISHED,
        Action.LOSE,
        "nobody else will report it; a later report by the run itself replaces it",
    ),
    Rule((Outcome.LOST,), FINISHED, Action.WAIT, "it has been reported, and is final once pod or node are gone"),
    Rule(
        (Outcome.SUCCEEDED,),
        UNFINISHED,
        Action.SUCCEED,
        "the run's report was lost, or a late `queued` replaced it; an end date on a `running` row is not the end",
    ),
    Rule((Outcome.SUCCEEDED,), _GOOD, Action.KEEP, "reported by the run, and plausible"),
    Rule(
        (Outcome.SUCCEEDED,),
        (Row.FAILED,),
        Action.KEEP,
        "reported by the run, and plausible: without raiseOnError a failed run exits with 0",
    ),
    Rule(
        (Outcome.SUCCEEDED,),
        (Row.FAILED_EARLIER, Row.FAILED_BY_US, Row.LOST_BY_US, Row.STOPPED, Row.STOPPED_BY_US),
        Action.SUCCEED,
        "the last attempt completed",
    ),
    Rule(NOT_KILLED, UNFINISHED, Action.FAIL, "the run could not report it"),
    Rule(_KILLED, UNFINISHED, Action.STOP, "the run could not report it"),
    Rule(
        (Outcome.EXITED, Outcome.CUT_SHORT, Outcome.NEVER_STARTED),
        _GOOD,
        Action.CONTRADICT,
        "a run reports success before its last writes",
    ),
    Rule(
        (Outcome.KILLED,),
        _GOOD,
        Action.CONTRADICT_STOP,
        "a run reports success before its last writes",
    ),
    Rule((Outcome.DOUBTFUL, Outcome.KILLED_TOO_LATE), _GOOD, Action.KEEP, "reported by the run, and plausible"),
    Rule(FAILURES, _FAILED, Action.ADD, "both agree; the diagnosis is added"),
    Rule(FAILURES, _OURS, Action.KEEP, "it has been reported"),
    Rule(
        NOT_KILLED,
        (Row.LOST_BY_US,),
        Action.FAIL,
        "it has ended now, and cannot write any more",
    ),
    Rule(
        _KILLED,
        (Row.LOST_BY_US,),
        Action.STOP,
        "it has ended now, and cannot write any more",
    ),
)

TABLE = MappingProxyType({(outcome, row): rule for rule in RULES for outcome in rule.outcomes for row in rule.rows})
"""The rule of every pair."""
