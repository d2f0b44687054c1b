"""The diagnosis of a run: what happened, what to do, and the evidence.

The cause is that of `status`, refined by the end of the log. A diagnosis may leave the cluster: the run's secrets are
redacted, and its size is limited.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.domain.redaction import Redactor
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.status.events import in_order
from k8s_pipeline_client.status.logtail import told_by_log
from k8s_pipeline_client.status.models import Attempt, Cause, CauseCode, Json, RunStatus, State
from k8s_pipeline_client.status.run import Run, read_run
from k8s_pipeline_client.status.words import inline

MAX_EVENTS = 20
MAX_LOG_LINES = 200
MAX_LOG_CHARACTERS = 32 * 1024
MAX_TEXT = 4_000
"""Characters of one text: a summary, a detail, an event."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Diagnosis(Json):
    """What is known about a run, for people and programs outside the cluster.

    Attributes:
        run_id: Of the run.
        job_name: Its Job's name.
        state: Where it is.
        category: What a program may branch on; None where nothing is wrong.
        summary: One sentence, without a full stop.
        detail: Kubernetes' own words, or warnings; may be empty.
        what_to_do: May be empty.
        started_at: When its first container main started.
        ended_at: When it ended.
        attempts: Oldest first, as far as their pods are still there.
        peak_memory_bytes: The most that any attempt is known to have used.
        memory_limit: Of container ``main``, as a Kubernetes quantity.
        events: About the run, one a line, the newest last.
        log_tail: The end of the newest attempt's log; may be empty.
    """

    run_id: str
    job_name: str
    state: State
    category: CauseCode | None
    summary: str
    detail: str = ""
    what_to_do: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    attempts: tuple[Attempt, ...] = ()
    peak_memory_bytes: int | None = None
    memory_limit: str | None = None
    events: tuple[str, ...] = ()
    log_tail: str = ""


def diagnose(
    run: RunStatus,
    job: Object,
    pods: Sequence[Object],
    events: Sequence[Object],
    log_tail: str,
    secrets: Collection[str],
) -> Diagnosis:
    """Return the diagnosis of a run.

    Args:
        run: Its status.
        job: The raw Job; empty where it is gone.
        pods: Its raw pods.
        events: Object events; more than those about the run do no harm.
        log_tail: The end of the log of its newest attempt; empty where there is none.
        secrets: Values that must not be shown, as the run's Secrets hold them.
    """
    redactor = Redactor(secrets)
    # What is left of a Job that is gone are events, by its name.
    facts = read_run(job or {"metadata": {"name": run.job_name}}, pods, events)
    log = _COLOUR.sub("", log_tail)
    cause = told_by_log(run, facts, log)
    before = None if cause else _failed_before(run)
    advice = cause or before
    return Diagnosis(
        run_id=run.run_id,
        job_name=run.job_name,
        state=run.state,
        category=cause.code if cause else None,
        summary=_short(redactor.words(cause.summary if cause else _where(run, before))),
        detail=_short(redactor.words(advice.detail if advice else "; ".join(run.warnings))),
        what_to_do=_short(redactor.words(advice.hint if advice else "")),
        started_at=run.started_at,
        ended_at=run.ended_at,
        attempts=tuple(_redacted(attempt, redactor) for attempt in run.attempts),
        peak_memory_bytes=run.peak_memory_bytes,
        memory_limit=run.memory_limit,
        events=tuple(_short(redactor.words(line)) for line in _event_lines(facts))[-MAX_EVENTS:],
        log_tail=end_of(redactor.log(log)),
    )


def _failed_before(run: RunStatus) -> Cause | None:
    """Return why the last attempt failed of a run that has not ended; None where none has failed."""
    if run.retry is not None:
        return run.retry.cause
    failed = [attempt.cause for attempt in run.attempts if attempt.cause]
    return failed[-1] if failed and not run.state.is_terminal else None


def _where(run: RunStatus, before: Cause | None) -> str:
    if run.retry is not None:
        return run.retry.summary[:1].upper() + run.retry.summary[1:]
    if before is not None:
        return f"An attempt failed: {inline(before.summary)}"
    words = {
        State.QUEUED: "The run is waiting to start; no problem is known",
        State.RUNNING: "The run is running; no problem is known",
        State.SUCCESS: "The run succeeded",
        State.FAILED: "The run failed",
    }
    return words[run.state]


def _redacted(attempt: Attempt, redactor: Redactor) -> Attempt:
    if attempt.cause is None:
        return attempt
    texts = {key: _short(redactor.words(getattr(attempt.cause, key))) for key in ("summary", "detail", "hint")}
    return dataclasses.replace(attempt, cause=Cause(attempt.cause.code, **texts))


def _event_lines(run: Run) -> Iterator[str]:
    known = [*run.job_events, *run.gone_pod_events]
    for pod in run.pods:
        known += [*pod.events, *pod.claim_events]
    for event in in_order(dict.fromkeys(known)):
        when = rfc3339(event.at) if event.at else "at an unknown time"
        yield f"{when} {event.kind} {event.name}: {event.reason}: {' '.join(event.message.split())}"


def _short(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text) - MAX_TEXT} more characters)"


def end_of(log: str) -> str:
    """Return the last lines of a log, within the bounds; what is left out is said."""
    lines = log.splitlines()
    shown = "\n".join(lines[-MAX_LOG_LINES:])[-MAX_LOG_CHARACTERS:]
    cut = len("\n".join(lines)) - len(shown)
    return f"… ({cut} characters before this are left out)\n{shown}" if cut else shown
