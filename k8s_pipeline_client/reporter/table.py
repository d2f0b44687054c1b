"""What is written where Kubernetes and OpenMetadata do not say the same of a run: the table, as data.

`docs/reference/reporting.md` is made of it. Every pair of `Outcome` and `Row` has exactly one rule.
"""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from k8s_pipeline_client.reporter.outcome import Outcome, Row


class Action(Enum):
    """What is done; the values are for people."""

    WAIT = "nothing yet"
    KEEP = "nothing: the row is as it should be"
    QUEUE = "`queued` is written, with what it waits for"
    SUCCEED = "`success` is written"
    FAIL = "`failed` is written, with the cause"
    STOP = "`failed` or `stopped` is written, as the setting says, with the cause"
    CONTRADICT = "`failed` is written: the run had reported its success, and the last writes may be missing"
    CONTRADICT_STOP = (
        "`failed` or `stopped` is written, as the setting says: the run had reported its success, and the last "
        "writes may be missing"
    )
    LOSE = "`failed` is written: the node is lost, and the run may still be writing"
    ADD = "our step is added; the state stays"


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
    Rule((Outcome.YOUNG,), ALL, Action.WAIT, "the server, or the run itself, may be about to write its first row"),
    Rule((Outcome.WAITS,), ALL, Action.WAIT, "somebody else says that it is queued, or it starts soon"),
    Rule(
        (Outcome.WAITS_UNHEARD,),
        (Row.NONE,),
        Action.QUEUE,
        "nobody else says that it is there",
    ),
    Rule(
        (Outcome.WAITS_UNHEARD,),
        (Row.QUEUED,),
        Action.QUEUE,
        "once it is known what it waits for, that is added; without trouble nothing is written",
    ),
    Rule((Outcome.WAITS_UNHEARD,), (Row.QUEUED_WITH_CAUSE, Row.RUNNING), Action.WAIT, "it has been said"),
    Rule((Outcome.WAITS_UNHEARD,), FINISHED, Action.WAIT, "it is tried again, and an attempt before has said more"),
    Rule(
        (Outcome.UNDER_WAY,),
        ALL,
        Action.WAIT,
        "the run reports itself; `running` is never written by us, and the "
        "failure of one attempt is not the end of a run that is tried again",
    ),
    Rule(
        (Outcome.LOST,),
        UNFINISHED,
        Action.LOSE,
        "nobody will say so otherwise; a later report of the run itself replaces it",
    ),
    Rule((Outcome.LOST,), FINISHED, Action.WAIT, "the end is said; it is final once pod or node are gone"),
    Rule(
        (Outcome.SUCCEEDED,),
        UNFINISHED,
        Action.SUCCEED,
        "OpenMetadata did not hear of it, or hears `queued` late; "
        "an end date on a row that is still running is that of an attempt before",
    ),
    Rule((Outcome.SUCCEEDED,), _GOOD, Action.KEEP, "the run's own word, and it can be true"),
    Rule(
        (Outcome.SUCCEEDED,),
        (Row.FAILED,),
        Action.KEEP,
        "the run's own word, and it can be true: with raiseOnError off a run that failed exits with 0",
    ),
    Rule(
        (Outcome.SUCCEEDED,),
        (Row.FAILED_EARLIER, Row.FAILED_BY_US, Row.LOST_BY_US, Row.STOPPED, Row.STOPPED_BY_US),
        Action.SUCCEED,
        "the last attempt did its work to the end",
    ),
    Rule(NOT_KILLED, UNFINISHED, Action.FAIL, "the run could not say so itself"),
    Rule(_KILLED, UNFINISHED, Action.STOP, "the run could not say so itself"),
    Rule(
        (Outcome.EXITED, Outcome.CUT_SHORT, Outcome.NEVER_STARTED),
        _GOOD,
        Action.CONTRADICT,
        "a run reports its success before it sends the last of what it has read",
    ),
    Rule(
        (Outcome.KILLED,),
        _GOOD,
        Action.CONTRADICT_STOP,
        "a run reports its success before it sends the last of what it has read",
    ),
    Rule((Outcome.DOUBTFUL, Outcome.KILLED_TOO_LATE), _GOOD, Action.KEEP, "the run's own word, and it can be true"),
    Rule(FAILURES, _FAILED, Action.ADD, "both say the same; what Kubernetes knows is added"),
    Rule(FAILURES, _OURS, Action.KEEP, "it has been reported"),
    Rule(
        NOT_KILLED,
        (Row.LOST_BY_US,),
        Action.FAIL,
        "it is over now, and cannot write any more",
    ),
    Rule(
        _KILLED,
        (Row.LOST_BY_US,),
        Action.STOP,
        "it is over now, and cannot write any more",
    ),
)

TABLE = MappingProxyType({(outcome, row): rule for rule in RULES for outcome in rule.outcomes for row in rule.rows})
"""The rule of every pair."""
