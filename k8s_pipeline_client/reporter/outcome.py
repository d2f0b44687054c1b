"""Classifies the state of a run in Kubernetes, and its row in OpenMetadata. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.reporter.facts import Facts
from k8s_pipeline_client.reporter.payload import was_written_by_us
from k8s_pipeline_client.status import LOST_AFTER, CauseCode, RunStatus, State
from k8s_pipeline_client.status.step import STEP

SETTLING = timedelta(seconds=10)
"""Nothing is written before a Job is so old."""
UNHEARD = timedelta(seconds=20)
"""So long the ingestion, or a server, is given to say that a run is queued or running."""
_QUICKEST = timedelta(seconds=1)
"""No attempt reports its end so soon after its start, of which Kubernetes knows the second."""
NODE_LOST = "Node lost; the run may still be writing"
"""How the summary begins of a run whose end nobody confirms."""


class Outcome(Enum):
    """The state of a run in Kubernetes; the values are for people."""

    YOUNG = "its Job is younger than 10 s"
    WAITS = "it is waiting to start"
    WAITS_UNHEARD = "it has been waiting to start for 20 s, and nobody else reports that"
    UNDER_WAY = "it is running, a retry follows, or a pod of it may still write"
    LOST = "the deletion of its pod is not confirmed five minutes after the grace period"
    SUCCEEDED = "it succeeded"
    EXITED = "it exited with a code other than 0, or exceeded its memory limit"
    CUT_SHORT = "it was terminated by its deadline, an eviction, a deletion or a suspension"
    KILLED = "it was killed on request"
    KILLED_TOO_LATE = "it was killed on request, but main exited with 0"
    NEVER_STARTED = "it never started"
    DOUBTFUL = "its Job failed, but main exited with 0, or its result is unknown"


class Row(Enum):
    """The row of a run in OpenMetadata; the values are for people."""

    NONE = "none"
    QUEUED = "`queued`"
    QUEUED_WITH_CAUSE = "`queued`, with our step"
    RUNNING = "`running`, with an end date or without"
    SUCCESS = "`success`"
    PARTIAL = "`partialSuccess`"
    FAILED = "`failed`"
    FAILED_EARLIER = "`failed`, of an earlier attempt"
    FAILED_BY_US = "`failed`, with our step"
    LOST_BY_US = "`failed`, with our step (node lost)"
    STOPPED = "`stopped`"
    STOPPED_BY_US = "`stopped`, with our step"


_CUT_SHORT = frozenset(
    {
        CauseCode.DEADLINE_EXCEEDED,
        CauseCode.EVICTED,
        CauseCode.PREEMPTED,
        CauseCode.POD_DELETED,
        CauseCode.SIG_TERM,
        CauseCode.SUSPENDED,
    }
)
_NEVER_STARTED = frozenset(
    {
        CauseCode.HELD,
        CauseCode.UNSCHEDULABLE,
        CauseCode.QUOTA_EXCEEDED,
        CauseCode.ADMISSION_REFUSED,
        CauseCode.IMAGE_PULL,
        CauseCode.CONFIG_MISSING,
        CauseCode.MOUNT_FAILED,
        CauseCode.START_ERROR,
        CauseCode.INIT_FAILED,
        CauseCode.NODE_REFUSED,
        CauseCode.MISSED,
    }
)
_RESULT_UNKNOWN = frozenset({CauseCode.NODE_LOST, CauseCode.JOB_DELETED})


def outcome_of(run: RunStatus, facts: Facts, now: datetime) -> Outcome:
    """Return what Kubernetes says of a run."""
    if run.created_at and now - run.created_at < SETTLING:
        return Outcome.YOUNG
    if facts.node_lost_since and facts.can_still_write:
        return Outcome.LOST if now - facts.node_lost_since >= LOST_AFTER else Outcome.UNDER_WAY
    if run.state is State.QUEUED:
        unheard = not facts.run_id_was_handed_over and not _is_younger(run, now, UNHEARD)
        return Outcome.WAITS_UNHEARD if unheard else Outcome.WAITS
    if facts.can_still_write or not run.state.is_terminal:
        return Outcome.UNDER_WAY
    return Outcome.SUCCEEDED if run.state is State.SUCCESS else _failure(run)


def _is_younger(run: RunStatus, now: datetime, age: timedelta) -> bool:
    return run.created_at is not None and now - run.created_at < age


def _failure(run: RunStatus) -> Outcome:
    code = run.cause.code if run.cause else CauseCode.UNKNOWN
    if code in _RESULT_UNKNOWN:
        return Outcome.DOUBTFUL
    has_exited_with_0 = bool(run.attempts) and run.attempts[-1].exit_code == 0
    if code is CauseCode.KILLED:
        return Outcome.KILLED_TOO_LATE if has_exited_with_0 else Outcome.KILLED
    if code in _NEVER_STARTED:
        return Outcome.NEVER_STARTED
    if code in _CUT_SHORT:
        return Outcome.DOUBTFUL if has_exited_with_0 else Outcome.CUT_SHORT
    return Outcome.EXITED


_SEEN = {"queued": Row.QUEUED, "running": Row.RUNNING, "success": Row.SUCCESS, "partialSuccess": Row.PARTIAL}


def seen(row: Document | None, run: RunStatus, facts: Facts) -> Row:
    """Return what OpenMetadata has of a run; a row without a known state counts as one that is running."""
    if row is None:
        return Row.NONE
    state = row.get("pipelineState")
    ours = facts.written_by_us or was_written_by_us(row)
    if state == "failed":
        return _failed(row, run, ours=ours)
    if state == "stopped":
        return Row.STOPPED_BY_US if ours else Row.STOPPED
    if state == "queued" and ours:
        return Row.QUEUED_WITH_CAUSE
    return _SEEN.get(str(state), Row.RUNNING)


def _failed(row: Document, run: RunStatus, *, ours: bool) -> Row:
    if ours:
        return Row.LOST_BY_US if _says_lost(row) else Row.FAILED_BY_US
    last = run.attempts[-1].started_at if run.attempts else None
    ended = row.get("endDate")
    if last and isinstance(ended, int) and ended < (last + _QUICKEST).timestamp() * 1000:
        return Row.FAILED_EARLIER
    return Row.FAILED


def _says_lost(row: Document) -> bool:
    steps = row.get("status")
    texts = [
        str(failure.get("error"))
        for step in (steps if isinstance(steps, list) else ())
        if isinstance(step, dict) and step.get("name") == STEP
        for failure in step.get("failures") or ()
        if isinstance(failure, dict)
    ]
    return any(text.startswith(NODE_LOST) for text in texts)
