"""What raw Kubernetes objects say about runs and pipelines: pure functions, no I/O, no clock.

The reading order: ``models`` (what comes out), ``compute`` and ``pipeline`` (the state), ``diagnose`` (the cause;
it asks ``waiting`` and ``ended``), and below them ``run``, ``job``, ``pod``, ``events`` and ``raw``, which read
objects.
"""

from k8s_pipeline_client.status.compute import LOST_AFTER, run_status
from k8s_pipeline_client.status.gone import gone_run_status
from k8s_pipeline_client.status.models import (
    Attempt,
    Cause,
    CauseCode,
    Missed,
    PipelineStatus,
    RunStatus,
    State,
    Trigger,
)
from k8s_pipeline_client.status.pipeline import pipeline_status
from k8s_pipeline_client.status.sizing import with_sizes

__all__ = [
    "LOST_AFTER",
    "Attempt",
    "Cause",
    "CauseCode",
    "Missed",
    "PipelineStatus",
    "RunStatus",
    "State",
    "Trigger",
    "gone_run_status",
    "pipeline_status",
    "run_status",
    "with_sizes",
]
