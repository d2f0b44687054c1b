"""Completes runs whose container main has terminated but which an injected sidecar keeps running."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import annotation, is_finished
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.errors import ClusterError
from k8s_pipeline_client.status import Outlived, outlived, run_status

GRACE_SECONDS = 30
"""Grace period in seconds for sidecars to terminate by themselves after main; many do, and the Job completes."""


def has_ended(job: Object, pods: Sequence[Object], now: datetime) -> bool:
    """Return whether a run has ended: sidecars that still run do not count. Pure."""
    return is_finished(job) or run_status(job, pods, (), now).state.is_terminal


def stop_sidecars(cluster: Cluster, job: Object, pods: Sequence[Object], *, grace_seconds: int = GRACE_SECONDS) -> None:
    """Give the sidecars that still run after main a grace period in seconds; errors are ignored.

    Until they terminate, the Job is active, and no other run of its schedule starts.
    """
    with suppress(ClusterError):
        for pod in outlived(job, pods, grace_seconds):
            _stop(cluster, job, pod)


def _stop(cluster: Cluster, job: Object, pod: Outlived) -> None:
    """Shorten a pod's deadline, so that pod and log are kept.

    Kubernetes then marks the pod as failed, whatever main's exit code: if that was 0, the Job must not retry, and has
    to record the success.
    """
    if pod.succeeded_at:
        annotations = {
            labels.SUCCEEDED_AT: rfc3339(pod.succeeded_at),
            # A second call, such as by a kill, finds the limit that the first one set.
            labels.BACKOFF_LIMIT: annotation(job, labels.BACKOFF_LIMIT) or str(job["spec"].get("backoffLimit") or 0),
        }
        patch = {
            "metadata": {"uid": job["metadata"]["uid"], "annotations": annotations},
            # Not 0: with earlier failures, the Job would fail, and delete the pod, at once.
            "spec": {"backoffLimit": pod.failures},
        }
        cluster.merge(Kind.JOB, job["metadata"]["name"], patch)
    deadline = {"metadata": {"uid": pod.uid}, "spec": {"activeDeadlineSeconds": pod.deadline_seconds}}
    cluster.merge(Kind.POD, pod.name, deadline)
