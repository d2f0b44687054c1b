"""Reports the ends of automations: a test of a connection that died, or never started, has no row but a workflow.

OpenMetadata's page waits two minutes for the workflow's status. The ingestion sets it itself where it comes that far.
"""

from __future__ import annotations

from datetime import datetime

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.rfc3339 import milliseconds
from k8s_pipeline_client.openmetadata.port import OpenMetadata
from k8s_pipeline_client.status import Cause, CauseCode
from k8s_pipeline_client.status.step import STEP, for_the_ui

_ENDED = ("Successful", "Failed")
_TEST = "TEST_CONNECTION"
_NO_REPORT = Cause(
    CauseCode.UNKNOWN,
    "The run ended without an error, but did not report its result to OpenMetadata",
    hint="see its log",
)


_CLOCKS = 60_000
"""Milliseconds by which the clocks of cluster and OpenMetadata may differ: no result of a run is to be written over."""


def is_reported(workflow: Document, created: datetime, *, succeeded: bool) -> bool:
    """Return whether a workflow has the end of this run, and not of an earlier one.

    Args:
        workflow: As it was read.
        created: When the run's Job was created.
        succeeded: Whether the run ended without an error: the ingestion has then set the status.
    """
    response = workflow.get("response")
    responded = response.get("lastUpdatedAt") if isinstance(response, dict) else None
    times = [at for at in (workflow.get("updatedAt"), responded) if isinstance(at, int)]
    is_new = not times or max(times) >= milliseconds(created) - _CLOCKS
    return workflow.get("status") in _ENDED and (succeeded or is_new)


def report(server: OpenMetadata, workflow: Document, cause: Cause | None, now: datetime) -> None:
    """Set a workflow's status to failed, with the cause where its page shows it."""
    found = cause or _NO_REPORT
    response: Document | None = None
    if workflow.get("workflowType") == _TEST:
        step = {
            "name": STEP,
            "mandatory": True,
            "passed": False,
            "message": for_the_ui(str(found)),
            "errorLog": found.detail or found.summary,
        }
        response = {"status": "Failed", "lastUpdatedAt": milliseconds(now), "steps": [step]}
    server.set_automation_status(str(workflow["id"]), "Failed", response)
