"""Gathers what tells why a run ended as it did: the whole Job, its events, the tail of its log."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import MAIN_CONTAINER, annotation
from k8s_pipeline_client.errors import ClusterError, NotFoundError
from k8s_pipeline_client.inventory.statuses import events_about
from k8s_pipeline_client.reporter.destination import Destinations
from k8s_pipeline_client.reporter.observe import Seen
from k8s_pipeline_client.runs.attempts import by_age, has_started
from k8s_pipeline_client.status import Diagnosis, RunStatus
from k8s_pipeline_client.status.diagnosis import diagnose

_TAIL_LINES = 200
_TAIL_BYTES = 32 * 1024


def diagnosed(cluster: Cluster, destinations: Destinations, seen: Seen) -> Diagnosis:
    """Return the diagnosis of a run, with the secrets of its own document struck out."""
    job = seen.job
    with suppress(NotFoundError):  # what was read of it before will have to do
        job = cluster.get(Kind.JOB, job["metadata"]["name"])
    events = events_about(cluster, [job, *seen.pods])
    tail = annotation(job, labels.LOG_TAIL) or _log_tail(cluster, seen.pods)
    return diagnose(seen.status, job, seen.pods, events, tail, destinations.secrets_of(job))


def diagnosed_without_job(status: RunStatus, pods: Sequence[Object], events: Sequence[Object]) -> Diagnosis:
    """Return the diagnosis of a run whose Job is gone, or that never had one."""
    return diagnose(status, {}, pods, events, "", ())


def _log_tail(cluster: Cluster, pods: Sequence[Object]) -> str:
    """Return the end of the log of the newest attempt that has one; empty where there is none to read."""
    started = [pod for pod in by_age(pods) if has_started(pod)]
    if not started:
        return ""
    try:
        chunks = cluster.read_log(started[-1]["metadata"]["name"], container=MAIN_CONTAINER, tail_lines=_TAIL_LINES)
        log = b"".join(chunks)
    except ClusterError:
        return ""  # gone, or its node does not answer: what matters is that the end is told
    return log[-_TAIL_BYTES:].decode("utf-8", "replace")
