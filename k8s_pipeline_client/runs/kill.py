"""Ends runs, and stays until that is so."""

from __future__ import annotations

import getpass
import socket

from k8s_pipeline_client.cluster.port import Cluster, Kind, Propagation
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.errors import ClusterError, ConflictError, NotFoundError, WaitTimeoutError
from k8s_pipeline_client.inventory.lookup import pods_of
from k8s_pipeline_client.polling import poll
from k8s_pipeline_client.render.pod import MAIN_CONTAINER
from k8s_pipeline_client.runs.sidecars import end_outlived

_TAIL_LINES = 50
_TAIL_BYTES = 8 * 1024


def kill_run(cluster: Cluster, job: Object, *, by: str) -> None:
    """End a run and keep its Job as the record.

    One patch does both: who asked, and a deadline that is over. Kubernetes then ends the pods, with the next
    scheduled run not held up. A Job that a queue holds suspended has nothing to end, and is deleted.

    Args:
        cluster: Where.
        job: As read from the cluster.
        by: Who asked, for the record.
    """
    metadata = job["metadata"]
    if job["spec"].get("suspend"):
        cluster.delete(Kind.JOB, metadata["name"], Propagation.BACKGROUND, uid=metadata["uid"])
        return
    if end_outlived(cluster, job, patience=1):
        return  # only sidecars are left of it, which go now; how it ended is not for us to change any more
    tail = _log_tail(cluster, metadata["name"])
    annotations = {
        labels.KILLED_BY: by,
        labels.KILLED_AT: cluster.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        labels.NET_SECONDS: str(job["spec"].get("activeDeadlineSeconds") or ""),
        **({labels.LOG_TAIL: tail} if tail else {}),
    }
    patch = {
        "metadata": {"uid": metadata["uid"], "annotations": annotations},
        "spec": {"activeDeadlineSeconds": 1},
    }
    try:
        cluster.merge(Kind.JOB, metadata["name"], patch)
    except (NotFoundError, ConflictError):
        return  # it is gone, or has become another one: nothing is left to end


def wait_for_pods_gone(cluster: Cluster, job_name: str, timeout: float) -> None:
    """Wait until no pod of a Job is left that could still do anything.

    Raises:
        WaitTimeoutError: Some are.
    """
    left: list[Object] = []
    for _ in poll(timeout, longest=1.0):
        pods = pods_of(cluster, job_name)
        left = [pod for pod in pods if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")]
        if not left:
            return
    raise WaitTimeoutError(
        f"Pod {left[0]['metadata']['name']} is still there after {timeout:.0f} s",
        hint="its grace period may be longer, or its node may be lost; see kubectl describe pod",
    )


def whoever_runs_this() -> str:
    """Return user and machine, for the record."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "somebody"
    return f"{user}@{socket.gethostname()}"


def _log_tail(cluster: Cluster, job_name: str) -> str:
    """Return the end of the log of the Job's newest pod; empty where there is none to read."""
    pods = pods_of(cluster, job_name)
    if not pods:
        return ""
    pod = max(pods, key=lambda item: item["metadata"]["creationTimestamp"])
    try:
        log = b"".join(cluster.read_log(pod["metadata"]["name"], container=MAIN_CONTAINER, tail_lines=_TAIL_LINES))
    except ClusterError:
        return ""  # not started, or gone: what matters is that the run ends
    return log[-_TAIL_BYTES:].decode("utf-8", "replace")
