"""Gathers what tells why a run ended as it did: the whole Job, its events, the tail of its log."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.errors import NotFoundError
from k8s_pipeline_client.inventory.statuses import events_about
from k8s_pipeline_client.reporter.observe import Seen
from k8s_pipeline_client.runs import evidence
from k8s_pipeline_client.status import Diagnosis, RunStatus
from k8s_pipeline_client.status.diagnosis import diagnose


def diagnosed(cluster: Cluster, seen: Seen) -> Diagnosis:
    """Return the diagnosis of a run, with the secrets that it could see redacted."""
    job = seen.job
    with suppress(NotFoundError):  # what was read of it before will have to do
        job = cluster.get(Kind.JOB, job["metadata"]["name"])
    return evidence.diagnosed(cluster, job, seen.status, seen.pods, events_about(cluster, [job, *seen.pods]))


def diagnosed_without_job(status: RunStatus, pods: Sequence[Object], events: Sequence[Object]) -> Diagnosis:
    """Return the diagnosis of a run whose Job is gone, or that never had one."""
    return diagnose(status, {}, pods, events, "", ())
