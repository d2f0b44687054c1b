"""Kills runs, and waits for their end, or only until the API server has accepted it."""

from __future__ import annotations

import getpass
import json
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from k8s_pipeline_client.cluster.port import Cluster, Kind, Propagation
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import MAIN_CONTAINER, Object, annotation, is_finished
from k8s_pipeline_client.errors import ClusterError, ConflictError, InvalidError, NotFoundError, WaitTimeoutError
from k8s_pipeline_client.inventory.lookup import pods_of
from k8s_pipeline_client.polling import after, poll
from k8s_pipeline_client.render.makeup import follows_the_end
from k8s_pipeline_client.runs.killpatch import kill_patch
from k8s_pipeline_client.runs.sidecars import has_ended, stop_sidecars
from k8s_pipeline_client.status import Cause, run_status
from k8s_pipeline_client.status.job import read_job
from k8s_pipeline_client.timelimit import time_limit

_CONTENTION = 10.0
"""Seconds of conflicts with a queue's writes before giving up."""
_HELD_TIMEOUT = 20.0
_TAIL_LINES = 50
_TAIL_SECONDS = 3.0
_TAIL_BYTES = 8 * 1024


def kill_run(cluster: Cluster, job: Object, *, by: str, wait: bool = True) -> Object | None:
    """Kill a run and keep its Job as the record.

    One patch does both: who killed it, and a deadline that has passed. Kubernetes then terminates the pods, and the
    next scheduled run is not delayed. The deadline of a Job that a queue holds suspended does not pass: such a Job is
    resumed with parallelism 0. A run that was killed before is left as it is; if its queue has suspended it again, its
    Job is deleted.

    Args:
        cluster: The cluster.
        job: As read from the cluster.
        by: Who kills it, for the record.
        wait: Wait until a Job that a queue held has ended.

    Returns:
        The Job as the record of the kill, in case its queue suspends it again and it has to be deleted.
    """
    name, uid = job["metadata"]["name"], job["metadata"]["uid"]
    for _ in poll(_CONTENTION):
        is_held = bool(job["spec"].get("suspend"))
        if annotation(job, labels.KILLED_AT):
            return _taken_back(cluster, job) if is_held else None
        pods = [] if is_held else pods_of(cluster, name)
        stop_sidecars(cluster, job, pods, grace_seconds=1)
        if has_ended(job, pods, cluster.now()):
            return None  # only sidecars still run, which are terminated now; the result does not change
        try:
            cluster.merge(Kind.JOB, name, _end_of(cluster, job, by=by, is_held=is_held))
        except NotFoundError:
            return None
        except InvalidError:
            # The API server's response if the patch has the UID of another Job than the existing one.
            if _is_there(cluster, job):
                raise
            return None
        except ConflictError:
            with suppress(NotFoundError):
                job = cluster.get(Kind.JOB, name)
            if not is_held or job["metadata"]["uid"] != uid:
                return None  # replaced by another Job: nothing to kill
        else:
            return _given_up(cluster, name, uid) if is_held and wait else None
    raise WaitTimeoutError(f"Job {name} kept changing for {_CONTENTION:.0f} s", hint="kill it again")


def end_for(cluster: Cluster, job: Object, cause: Cause, *, by: str, now: datetime) -> bool:
    """End a run for a cause, which is kept on its Job; return whether it was: one that has changed is left alone.

    Args:
        cluster: Where.
        job: As it was read.
        cause: Why.
        by: Who ends it, for the record.
        now: The API server's time.
    """
    because = {labels.KILLED_BECAUSE: json.dumps(cause.as_dict())}
    patch = kill_patch(job, by=by, now=now, more=because, pinned=True)
    with suppress(NotFoundError, ConflictError, InvalidError):
        cluster.merge(Kind.JOB, job["metadata"]["name"], patch)
        return True
    return False


def end_abandoned(cluster: Cluster, job: Object) -> bool:
    """End a run whose caller was interrupted before its Secret was there; return whether it is one, and ends.

    Without that its Job would stay suspended forever, for no deadline of a suspended Job is ever over.
    """
    now = cluster.now()
    since = read_job(job).abandoned_at
    if since is None or now < since:
        return False
    found = run_status(job, (), (), now).cause
    assert found is not None  # it is suspended
    return end_for(cluster, job, found, by=whoever_runs_this(), now=now)


def _end_of(cluster: Cluster, job: Object, *, by: str, is_held: bool) -> Object:
    """Return the patch that kills a run."""
    tail = "" if is_held else _log_tail(cluster, job["metadata"]["name"])
    more = {labels.LOG_TAIL: tail} if tail else {}
    # One that is held only in the version that was read: once its queue admits it, there are pods to terminate, and a
    # log.
    return kill_patch(job, by=by, now=cluster.now(), more=more, pinned=is_held)


def _given_up(cluster: Cluster, name: str, uid: str) -> Object | None:
    """Wait until a Job that was resumed without pods has ended, and delete it if its queue suspends it again."""
    for _ in poll(_HELD_TIMEOUT, longest=1.0):
        try:
            job = cluster.get(Kind.JOB, name)
        except NotFoundError:
            return None
        if job["metadata"]["uid"] != uid or is_finished(job):
            return None
        if job["spec"].get("suspend"):
            return _taken_back(cluster, job)
    return None


def _taken_back(cluster: Cluster, job: Object) -> Object:
    """Delete a killed Job that its queue has suspended again, and return the record that it would be."""
    cluster.delete(Kind.JOB, job["metadata"]["name"], Propagation.BACKGROUND, uid=job["metadata"]["uid"])
    at = job["metadata"]["annotations"][labels.KILLED_AT]
    failed = {"type": "Failed", "status": "True", "reason": "DeadlineExceeded", "lastTransitionTime": at}
    return {**job, "status": {**(job.get("status") or {}), "conditions": [failed]}}


def announce_what_follows(
    cluster: Cluster, item: Object, active: Sequence[Object], announce: Callable[[str], None]
) -> None:
    """Announce the scheduled run of a pipeline that starts once the active ones have ended, if any."""
    if active and item["kind"] == Kind.CRONJOB and (text := follows_the_end(item, cluster.now())):
        announce(text)


def _is_there(cluster: Cluster, job: Object) -> bool:
    try:
        return bool(cluster.get(Kind.JOB, job["metadata"]["name"])["metadata"]["uid"] == job["metadata"]["uid"])
    except NotFoundError:
        return False


def wait_for_pods_gone(cluster: Cluster, job_name: str, timeout: float) -> list[Object]:
    """Wait until no pod of a Job is running, and return those that are still there.

    Raises:
        WaitTimeoutError: A pod still is.
    """
    left: list[Object] = []
    for _ in poll(timeout, longest=1.0):
        pods = pods_of(cluster, job_name)
        left = [pod for pod in pods if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")]
        if not left:
            return pods
    name = left[0]["metadata"]["name"]
    raise WaitTimeoutError(
        f"Pod {name} still exists{after(timeout)}",
        hint="its grace period may be longer, or its node unreachable; see "
        f"kubectl describe pod {name} -n {cluster.namespace}",
    )


def whoever_runs_this() -> str:
    """Return user and machine, for the record."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "somebody"
    return f"{user}@{socket.gethostname()}"


def _log_tail(cluster: Cluster, job_name: str) -> str:
    """Return the end of the log of the Job's newest pod; empty if there is none."""
    pods = pods_of(cluster, job_name)
    if not pods:
        return ""
    pod = max(pods, key=lambda item: item["metadata"]["creationTimestamp"])
    try:
        with time_limit(_TAIL_SECONDS):  # the kubelet may be what hangs
            log = b"".join(cluster.read_log(pod["metadata"]["name"], container=MAIN_CONTAINER, tail_lines=_TAIL_LINES))
    except ClusterError:
        return ""  # not started, or gone: the kill is more important
    return log[-_TAIL_BYTES:].decode("utf-8", "replace")
