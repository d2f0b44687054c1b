"""Computes the status of runs and pipelines from raw Kubernetes objects: pure functions, no I/O, no clock.

The reading order: ``models`` (what comes out), ``compute`` and ``pipeline`` (the state), ``diagnose`` (the cause;
it calls ``refused``, ``waiting`` and ``ended``, and these ``unschedulable``, ``image``, ``missing``, ``evicted`` and
``memory``), ``retry`` (what is known between two attempts), ``skipped`` and ``blocked`` (due times without a run),
``diagnosis`` (all that can be shown of a run, with what ``logtail`` finds in the log; ``step`` renders it for
OpenMetadata), and below them ``run``, ``job``, ``pod``, ``asked`` and ``events``, which parse objects.
"""

from k8s_pipeline_client.status.blocked import tells_of_skips
from k8s_pipeline_client.status.compute import LOST_AFTER, run_status
from k8s_pipeline_client.status.diagnosis import Diagnosis
from k8s_pipeline_client.status.gone import gone_run_status
from k8s_pipeline_client.status.happened import Happened, happened
from k8s_pipeline_client.status.models import (
    Attempt,
    Cause,
    CauseCode,
    Missed,
    PipelineStatus,
    Retry,
    RunStatus,
    State,
    Trigger,
)
from k8s_pipeline_client.status.pipeline import is_overdue, pipeline_status
from k8s_pipeline_client.status.pod import main_container
from k8s_pipeline_client.status.related import events_tell_more, related_objects
from k8s_pipeline_client.status.sidecars import Outlived, outlived
from k8s_pipeline_client.status.sizing import with_sizes
from k8s_pipeline_client.status.skipped import skipped_warnings
from k8s_pipeline_client.status.step import as_step

__all__ = [
    "LOST_AFTER",
    "Attempt",
    "Cause",
    "CauseCode",
    "Diagnosis",
    "Happened",
    "Missed",
    "Outlived",
    "PipelineStatus",
    "Retry",
    "RunStatus",
    "State",
    "Trigger",
    "as_step",
    "events_tell_more",
    "gone_run_status",
    "happened",
    "is_overdue",
    "main_container",
    "outlived",
    "pipeline_status",
    "related_objects",
    "run_status",
    "skipped_warnings",
    "tells_of_skips",
    "with_sizes",
]
