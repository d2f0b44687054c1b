"""Response bodies: rows of runs, and pages of logs, as OpenMetadata's server parses them. Pure.

It parses strictly: one field more, a state that it does not know or a time that is no number, and the whole list is
empty for it, or its user sees an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.rfc3339 import milliseconds, rfc3339
from k8s_pipeline_client.reporter.payload import first_timestamp
from k8s_pipeline_client.status import RunStatus, State

_STATES: Mapping[State, str] = MappingProxyType(
    {State.QUEUED: "queued", State.RUNNING: "running", State.SUCCESS: "success", State.FAILED: "failed"}
)


def row_of(run: RunStatus) -> Document:
    """Return a run as OpenMetadata's ``PipelineStatus``; times are in milliseconds since 1970."""
    return {
        "runId": run.run_id,
        "pipelineState": _STATES[run.state],
        "startDate": milliseconds(run.started_at or run.created_at),
        # As the reporter writes it: the same run is in OpenMetadata's own list, too.
        "timestamp": first_timestamp(run.created_at, run.run_id) if run.created_at else None,
        "endDate": milliseconds(run.ended_at),
        "status": None,
        "config": None,
        "metadata": None,
    }


def first_line(run: RunStatus) -> str:
    """Return the line above a log that names its run: the server always requests the newest run's."""
    parts = [f"run {run.run_id}", f"attempt {max(1, len(run.attempts))}", str(run.state)]
    if run.created_at:
        parts.append(f"created {rfc3339(run.created_at)}")
    if run.started_at:
        parts.append(f"started {rfc3339(run.started_at)}")
    if run.ended_at:
        parts.append(f"ended {rfc3339(run.ended_at)}")
    return f"# {', '.join(parts)}\n"


def log_page(task: str, text: str, number: int, total: int) -> Document:
    """Return a page of a log under the key of its task; ``after`` only if another page follows."""
    page: Document = {task: text, "total": total}
    if number + 1 < total:
        page["after"] = number + 1
    return page
