"""Ends runs and removes pipelines, and stays until that is so."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable

from k8s_pipeline_client.client.jobs import pods_of, selector
from k8s_pipeline_client.client.sidecars import is_over
from k8s_pipeline_client.client.waiting import poll
from k8s_pipeline_client.cluster.port import Cluster, Kind, Object, Propagation
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import ClusterError, ConflictError, NotFoundError, WaitTimeoutError
from k8s_pipeline_client.render.pod import MAIN_CONTAINER

_TAIL_LINES = 50
_TAIL_BYTES = 8 * 1024
_OWNED = (Kind.CRONJOB, Kind.JOB, Kind.SECRET, Kind.CONFIG_MAP)


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
    if is_over(cluster, job, patience=1):
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


def delete_pipeline(
    cluster: Cluster,
    name: str,
    timeout: float,
    *,
    only: Callable[[Object], bool] = lambda cronjob: True,
    retired: Callable[[], None] = lambda: None,
) -> bool:
    """Delete a pipeline with its runs, and wait until nothing of it is left.

    One that is deployed anew while we wait is another one, and stays.

    Args:
        cluster: Where.
        name: Its resource name.
        timeout: How long to wait.
        only: Says whether the CronJob, as it now is, is the one that is meant; any other stays, with what it owns.
        retired: Called once nothing of it can start any more, however long its pods take to go.

    Returns:
        Whether there was anything.

    Raises:
        WaitTimeoutError: Something is left when the time is over.
    """
    found = told = False
    doomed: set[str] | None = None
    left: list[Object] = []
    for _ in poll(timeout, longest=1.0):
        everything = _everything(cluster, name)
        if doomed is None:
            cronjobs = [item for item in everything if item["kind"] == Kind.CRONJOB]
            doomed = {item["metadata"]["uid"] for item in cronjobs if only(item)}
        left = _without_newer(everything, doomed)
        if not told and not any(_can_start(item) for item in left):
            told = True
            retired()
        if not left:
            return found
        found = True
        # The CronJob first, so that no new run starts. Everything again each time round: a run that began
        # while we were at it, or an object that an interrupted delete left, goes as well.
        for item in left:
            if item["kind"] != Kind.POD and "deletionTimestamp" not in item["metadata"]:
                metadata = item["metadata"]
                cluster.delete(Kind(item["kind"]), metadata["name"], Propagation.BACKGROUND, uid=metadata["uid"])
    raise WaitTimeoutError(
        f"{left[0]['kind']} {left[0]['metadata']['name']} is still there after {timeout:.0f} s",
        hint="what was asked for goes on; see kubectl get pods, or delete again with a longer --timeout",
    )


def whoever_runs_this() -> str:
    """Return user and machine, for the record."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "somebody"
    return f"{user}@{socket.gethostname()}"


def _everything(cluster: Cluster, name: str) -> list[Object]:
    """Return all objects of a pipeline, owners before what they own."""
    # CronJobs are read last: one that is new by then has its dependents recognised as its own.
    return [item for kind in reversed((*_OWNED, Kind.POD)) for item in cluster.list(kind, labels=selector(name))][::-1]


def _can_start(item: Object) -> bool:
    """Tell whether an object may still bring about a pod."""
    return item["kind"] in (Kind.CRONJOB, Kind.JOB) and "deletionTimestamp" not in item["metadata"]


def _without_newer(items: list[Object], doomed: set[str]) -> list[Object]:
    """Leave out CronJobs that came after those that are to go, and all that they own."""
    newer: set[str] = set()
    left = []
    for item in items:
        metadata = item["metadata"]
        owners = {reference["uid"] for reference in metadata.get("ownerReferences") or ()}
        if owners & newer or (item["kind"] == Kind.CRONJOB and metadata["uid"] not in doomed):
            newer.add(metadata["uid"])
        else:
            left.append(item)
    return left


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
