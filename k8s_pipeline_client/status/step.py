"""A diagnosis as OpenMetadata shows it: a step of a run's status, in the shape that its own exit handler gives it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.status.diagnosis import Diagnosis
from k8s_pipeline_client.status.models import Attempt, Cause, RunStatus
from k8s_pipeline_client.status.words import mebibytes

STEP = "Pod Diagnostics"
_FAILURE = "Main Container Diagnostics"

# Whoever reads it has no terminal before them.
_IN_BRACKETS = re.compile(r" ?\((?:see )?(?:kubectl|k8s-pipeline) [^)]*\)")
_TO_TYPE = re.compile(r"(?::| with|,? see)? (?:kubectl|k8s-pipeline) [^;,)]*")
_FLAG = re.compile(r" ?\B--[a-z][\w-]*(?:[= ][A-Z]+)?\b")


def as_step(diagnosis: Diagnosis) -> Document:
    """Return a diagnosis as a step of a ``PipelineStatus``: one error, its words and what there is to show for it."""
    failure = {
        "name": _FAILURE,
        "error": for_the_ui(diagnosis.summary),
        "stackTrace": f"Pod Description:\n{description(diagnosis)}\n\nPod Logs: \n{diagnosis.log_tail or 'none'}",
    }
    return {"name": STEP, "records": 0, "errors": 1, "failures": [failure]}


def waiting_step(run: RunStatus, cause: Cause) -> Document:
    """Return what keeps a run from starting as such a step."""
    waits = Diagnosis(
        run.run_id, run.job_name, run.state, cause.code, cause.summary, detail=cause.detail, what_to_do=cause.hint
    )
    return as_step(waits)


def for_the_ui(text: str) -> str:
    """Return words without what could only be typed into a terminal."""
    return _FLAG.sub("", _TO_TYPE.sub("", _IN_BRACKETS.sub("", text)))


def description(diagnosis: Diagnosis) -> str:
    """Return all of a diagnosis but the log, as lines of text."""
    return "\n".join(_lines(diagnosis))


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    yield f"Cause: {diagnosis.category or 'none'}"
    yield f"Summary: {for_the_ui(diagnosis.summary)}"
    if diagnosis.detail:
        yield f"Detail: {for_the_ui(diagnosis.detail)}"
    if diagnosis.what_to_do:
        yield f"What to do: {for_the_ui(diagnosis.what_to_do)}"
    yield f"Job: {diagnosis.job_name}"
    for number, attempt in enumerate(diagnosis.attempts, start=1):
        yield f"Attempt {number}: {_of_attempt(attempt)}"
    yield f"Peak memory: {_memory(diagnosis)}"
    if diagnosis.events:
        yield f"Events ({len(diagnosis.events)}, the newest last):"
        yield from (f"  {event}" for event in diagnosis.events)
    else:
        yield "Events: none found"


def _of_attempt(attempt: Attempt) -> str:
    code = "no exit code" if attempt.exit_code is None else f"exit code {attempt.exit_code}"
    parts = [f"pod {attempt.name}", attempt.state.value, code]
    if attempt.started_at:
        parts.append(f"started {rfc3339(attempt.started_at)}")
    if attempt.ended_at:
        parts.append(f"ended {rfc3339(attempt.ended_at)}")
    if attempt.cause:
        parts.append(for_the_ui(attempt.cause.summary))
    return ", ".join(parts)


def _memory(diagnosis: Diagnosis) -> str:
    peak = mebibytes(diagnosis.peak_memory_bytes) if diagnosis.peak_memory_bytes else "not known"
    return f"{peak}, limit {diagnosis.memory_limit or 'none'}"
