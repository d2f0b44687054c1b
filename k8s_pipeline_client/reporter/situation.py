"""What decides about a run besides its state, out of its Job and pods. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from k8s_pipeline_client.cluster.port import Object
from k8s_pipeline_client.domain.objects import is_automation, is_finished
from k8s_pipeline_client.reporter.outcome import SETTLING
from k8s_pipeline_client.status import LOST_AFTER, CauseCode, RunStatus, State
from k8s_pipeline_client.status.job import read_job
from k8s_pipeline_client.status.pod import Pod, read_pod

AUTOMATION_START_TIMEOUT = timedelta(seconds=90)
"""The page that waits for a connection's test gives up after 120 seconds."""
_EXEMPT = frozenset({CauseCode.HELD})


def can_still_write(pods: Sequence[Object]) -> bool:
    """Return whether the main container of a pod runs, or may yet start; a sidecar's does not count."""
    return any(_may_write(read_pod(pod, ())) for pod in pods)


def node_lost_since(pods: Sequence[Object], now: datetime) -> datetime | None:
    """Return since when the pods that may still write should be gone; None where one of them is not to go.

    A pod's ``deletionTimestamp`` has the grace period in it; five minutes later its node counts as lost.
    """
    alive = [pod for pod in (read_pod(raw, ()) for raw in pods) if _may_write(pod)]
    ends = [pod.deleted_by for pod in alive if pod.deleted_by is not None]
    if not alive or len(ends) < len(alive):
        return None
    since = max(ends)
    return since if since <= now else None


def lost_pods(pods: Sequence[Object], now: datetime) -> list[Object]:
    """Return the pods whose deletion nobody has confirmed for so long that their node counts as lost."""
    since = node_lost_since(pods, now)
    if since is None or now - since < LOST_AFTER:
        return []
    return [pod for pod in pods if _may_write(read_pod(pod, ()))]


def start_deadline(job: Object, pods: Sequence[Object], status: RunStatus, default: timedelta) -> datetime | None:
    """Return by when a run, or its newest attempt, has to have started; None where it has, or nobody can tell.

    What is suspended, or held by a queue, waits as long as it is held; but for a run that waits for whoever started it.

    Args:
        job: Its Job.
        pods: Its pods.
        status: What has become of it.
        default: The start timeout, if the Job does not say it: its own deadline is the pod's, the timeout and the
            grace period together.
    """
    facts = read_job(job)
    if is_finished(job) or facts.deleted_at or facts.killed_by or facts.failure:
        return None
    if facts.is_suspended:
        return facts.abandoned_at
    if status.state.is_terminal or (status.cause and status.cause.code in _EXEMPT):
        return None
    attempts = sorted((read_pod(pod, ()) for pod in pods), key=lambda pod: pod.created_at or facts.created_at or _EVER)
    timeout = _start_timeout(job, default)
    if status.state is State.QUEUED:
        begins = [at for at in (facts.created_at, facts.started_at) if at]
        return max(begins) + timeout if begins else None
    newest = attempts[-1] if attempts else None
    if newest is None or newest.has_started or newest.is_over or newest.deleted_by or newest.created_at is None:
        return None
    return newest.created_at + timeout


def due_again(job: Object, status: RunStatus, deadline: datetime | None, now: datetime) -> datetime | None:
    """Return when there is something to do about a run though nothing happens; None where that is not known.

    A run that ends within the first seconds of its Job is reported after these, and one that does not start is ended at
    its deadline.

    Args:
        job: Its Job.
        status: What has become of it.
        deadline: By when it has to have started; see `start_deadline`.
        now: The API server's time, in whole seconds.
    """
    known = [deadline] if deadline else []
    if status.created_at and (status.state.is_terminal or is_finished(job)):
        known.append(status.created_at + SETTLING)
    later = [moment + _SECOND for moment in known if moment + _SECOND > now]
    return min(later, default=None)


_SECOND = timedelta(seconds=1)
_EVER = datetime.max.replace(tzinfo=UTC)
"""Comparable with the times of Kubernetes, which are aware."""
_LONGEST = timedelta(days=36_500)
"""The API server takes any int64 as ``activeDeadlineSeconds``, which no `datetime` reaches."""


def _start_timeout(job: Object, default: timedelta) -> timedelta:
    if is_automation(job):
        return AUTOMATION_START_TIMEOUT
    spec = job["spec"]
    pod = spec["template"]["spec"]
    net, own = spec.get("activeDeadlineSeconds"), pod.get("activeDeadlineSeconds")
    grace = pod.get("terminationGracePeriodSeconds")
    if not all(isinstance(part, int) for part in (net, own, grace)):
        return default
    seconds = net - own - grace
    return timedelta(seconds=min(seconds, _LONGEST.total_seconds())) if seconds > 0 else default


def _may_write(pod: Pod) -> bool:
    return not pod.is_over and pod.main.end is None
