"""Saves a run's measurements on its Job, which outlives its pods."""

from __future__ import annotations

from k8s_pipeline_client.cluster.port import Cluster, Kind
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import ClusterError
from k8s_pipeline_client.status import RunStatus


def keep_measures(cluster: Cluster, status: RunStatus) -> None:
    """Write peak memory and duration of a finished run to its Job; errors are ignored."""
    duration = status.attempts[-1].duration_seconds if status.attempts else None
    measures = {
        labels.PEAK_MEMORY: str(status.peak_memory_bytes) if status.peak_memory_bytes else None,
        labels.DURATION: str(duration) if duration is not None else None,
    }
    annotations = {key: value for key, value in measures.items() if value}
    if not annotations:
        return
    try:
        cluster.merge(Kind.JOB, status.job_name, {"metadata": {"annotations": annotations}})
    except ClusterError:
        return
