"""Pods whose container main has ended, and which another container, as a rule an injected one, keeps alive."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from k8s_pipeline_client.status.job import read_job
from k8s_pipeline_client.status.pod import read_pod
from k8s_pipeline_client.status.raw import Raw


@dataclass(frozen=True, slots=True)
class Outlived:
    """A pod that would go on for nothing until its deadline.

    Attributes:
        succeeded_at: When main ended with exit code 0; None if it failed.
        deadline_seconds: The ``activeDeadlineSeconds`` with which the pod ends when its sidecars' time is over.
        failures: How many attempts of its Job count as failed so far.
    """

    name: str
    uid: str
    succeeded_at: datetime | None
    deadline_seconds: int
    failures: int


def outlived(job: Raw, pods: Iterable[Raw], grace_seconds: int) -> Iterator[Outlived]:
    """Yield the pods of a Job that main has left to its sidecars.

    Native sidecars do not count: Kubernetes itself ends them after main. Nor do pods that are on their way out, or
    whose deadline is near enough.

    Args:
        job: The raw Job.
        pods: Its raw pods.
        grace_seconds: How many seconds, one at least, after main's end a sidecar may take to end by itself. The
            deadline lies behind main's end by that, on the node's clock: so it stays plain that the one came before
            the other.
    """
    failures = read_job(job).failed
    for raw in pods:
        pod = read_pod(raw, ())
        end = pod.main.end
        if pod.is_over or pod.deleted_by or not any(container.is_running for container in pod.others):
            continue
        if end is None or end.finished_at is None or end.exit_code is None or pod.started_at is None:
            continue
        seconds = math.ceil((end.finished_at - pod.started_at).total_seconds()) + grace_seconds
        if pod.deadline is None or pod.deadline > timedelta(seconds=seconds):
            yield Outlived(pod.name, pod.uid, None if end.exit_code else end.finished_at, seconds, failures)
