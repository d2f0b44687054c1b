"""Lets runs end whose container main has ended, and which an injected sidecar keeps alive."""

from __future__ import annotations

from contextlib import suppress

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import annotation, is_finished
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.errors import ClusterError
from k8s_pipeline_client.inventory.lookup import pods_of
from k8s_pipeline_client.status import Outlived, outlived, run_status

GRACE_SECONDS = 30
"""Seconds after main's end in which a sidecar may end by itself; many do, and then the Job is complete."""


def end_outlived(cluster: Cluster, job: Object, *, grace_seconds: int = GRACE_SECONDS) -> bool:
    """Give the sidecars that alone are left of a run so many seconds; return whether the run has ended.

    Until they end the Job is active, and no other run of its schedule starts. Whether it works decides nothing.
    """
    if is_finished(job):
        return True
    pods = pods_of(cluster, job["metadata"]["name"])
    with suppress(ClusterError):
        for pod in outlived(job, pods, grace_seconds):
            _end(cluster, job, pod)
    return run_status(job, pods, (), cluster.now()).state.is_terminal


def _end(cluster: Cluster, job: Object, pod: Outlived) -> None:
    """Bring a pod's deadline forward, so that pod and log stay.

    Kubernetes then calls the pod failed, whatever main's exit code: if that was 0, the Job must not try again, and
    has to bear witness of the success when the pod is gone.
    """
    if pod.succeeded_at:
        annotations = {
            labels.SUCCEEDED_AT: rfc3339(pod.succeeded_at),
            # A second look, as a kill takes one, finds the limit that the first has left.
            labels.BACKOFF_LIMIT: annotation(job, labels.BACKOFF_LIMIT) or str(job["spec"].get("backoffLimit") or 0),
        }
        patch = {
            "metadata": {"uid": job["metadata"]["uid"], "annotations": annotations},
            # Not simply 0: earlier failures would end the Job, and delete the pod, at once.
            "spec": {"backoffLimit": pod.failures},
        }
        cluster.merge(Kind.JOB, job["metadata"]["name"], patch)
    deadline = {"metadata": {"uid": pod.uid}, "spec": {"activeDeadlineSeconds": pod.deadline_seconds}}
    cluster.merge(Kind.POD, pod.name, deadline)
