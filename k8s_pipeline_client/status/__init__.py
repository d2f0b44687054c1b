"""What raw Kubernetes objects say about runs and pipelines: pure functions, no I/O, no clock.

The reading order: ``models`` (what comes out), ``compute`` and ``pipeline`` (the state), ``diagnose`` (the cause;
it asks ``waiting`` and ``ended``), and below them ``run``, ``job``, ``pod``, ``events`` and ``raw``, which read
objects.
"""

from .compute import LOST_AFTER, run_status
from .gone import gone_run_status
from .job import KILLED_BECAUSE
from .models import Attempt, Cause, CauseCode, Missed, PipelineStatus, RunStatus, State, Trigger
from .pipeline import pipeline_status

__all__ = [
    "KILLED_BECAUSE",
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
]
