"""Rows of run status as the OpenMetadata server takes them. Pure.

A PUT replaces the whole row, and one field that the server does not know refuses it. So a row is made of the one that
was read, what we have to say is put into it, and all of it is cleaned. Times are in milliseconds since 1970.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.rfc3339 import milliseconds
from k8s_pipeline_client.reporter.clean import clean, is_time
from k8s_pipeline_client.status import Cause, Diagnosis, RunStatus
from k8s_pipeline_client.status.step import STEP, as_step, waiting_step

__all__ = ["clean", "first_timestamp", "queued_row", "steps_of_others", "terminal_row", "was_written_by_us"]


def first_timestamp(created_at: datetime, run_id: str) -> int:
    """Return the ``timestamp`` of a row that is not there yet.

    Two first writes with different timestamps break a row for good, so it is not the present time: whoever reports
    the run computes the same. The hash keeps runs apart that were created in the same second.
    """
    digest = hashlib.sha256(run_id.lower().encode("utf-8", "surrogatepass")).digest()
    return int(created_at.timestamp()) * 1000 + int.from_bytes(digest, "big") % 1000


def terminal_row(
    run: RunStatus, row: Document | None, *, state: str, diagnosis: Diagnosis | None, now: datetime
) -> Document:
    """Return the row of a run that has ended.

    Args:
        run: What Kubernetes knows of it.
        row: What was read of it; all that others wrote there is kept.
        state: ``success``, ``failed``, ``partialSuccess`` or ``stopped``.
        diagnosis: Becomes the last step, in place of an earlier one of ours; None for none.
        now: The end where nothing tells another.

    Raises:
        ValueError: There is neither a row nor any time of the run to compute a timestamp from.
    """
    steps = steps_of_others(row)
    made = _begun(run, row)
    made |= {
        "pipelineState": state,
        "endDate": max(_end(run, row, now), made["startDate"]),
        "status": [*steps, as_step(diagnosis)] if diagnosis else steps,
    }
    return clean(made)


def queued_row(run: RunStatus, cause: Cause | None, row: Document | None = None) -> Document:
    """Return the row of a run that waits to start, with what it waits for, if that is trouble.

    Args:
        run: What Kubernetes knows of it.
        cause: What keeps it from starting.
        row: What was read of it, if it is there.
    """
    steps = steps_of_others(row)
    made = _begun(run, row)
    made |= {"pipelineState": "queued", "status": [*steps, waiting_step(run, cause)] if cause else steps}
    return clean(made)


def steps_of_others(row: Document | None) -> list[Document]:
    """Return the steps of a row but for ours."""
    steps = (row or {}).get("status")
    if not isinstance(steps, list):
        return []
    return [step for step in steps if isinstance(step, dict) and step.get("name") != STEP]


def was_written_by_us(row: Document | None) -> bool:
    """Tell whether a row bears our step."""
    steps = (row or {}).get("status")
    return isinstance(steps, list) and any(isinstance(step, dict) and step.get("name") == STEP for step in steps)


def _begun(run: RunStatus, row: Document | None) -> Document:
    """The row that was read, or the beginning of a new one."""
    made = {**(row or {}), "runId": run.run_id.lower()}
    if not is_time(made.get("timestamp")):
        made["timestamp"] = first_timestamp(_first_time(run), run.run_id)
    if not is_time(made.get("startDate")):
        began = run.started_at or run.created_at
        made["startDate"] = milliseconds(began) if began else made["timestamp"]
    return made


def _first_time(run: RunStatus) -> datetime:
    known = next(filter(None, (run.created_at, run.scheduled_at, run.started_at, run.ended_at)), None)
    if known is None:
        raise ValueError(f"the time of run {run.run_id} is unknown")
    return known


def _end(run: RunStatus, row: Document | None, now: datetime) -> int:
    """When it ended: the same whenever it is asked, as far as anything tells."""
    if run.ended_at:
        return milliseconds(run.ended_at)
    is_terminal = (row or {}).get("pipelineState") in ("success", "failed", "partialSuccess", "stopped")
    noted = (row or {}).get("endDate") if is_terminal else None
    return int(noted) if noted and is_time(noted) else milliseconds(now)
