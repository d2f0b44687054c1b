"""Pods that another container, usually an injected sidecar, keeps running after container main has terminated."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.status.job import read_job
from k8s_pipeline_client.status.pod import read_pod


@dataclass(frozen=True, slots=True)
class Outlived:
    """A pod that would keep running until its deadline for nothing.

    Attributes:
        succeeded_at: When main exited with code 0; None if it failed.
        deadline_seconds: The ``activeDeadlineSeconds`` with which the pod terminates after the sidecars' grace period.
        failures: The number of failed attempts of its Job so far.
    """

    name: str
    uid: str
    succeeded_at: datetime | None
    deadline_seconds: int
    failures: int


def outlived(job: Object, pods: Iterable[Object], grace_seconds: int) -> Iterator[Outlived]:
    """Yield the pods of a Job in which main has terminated and sidecars still run.

    Native sidecars do not count: Kubernetes itself terminates them after main. Nor do terminating pods, or those
    whose deadline is near enough.

    Args:
        job: The raw Job.
        pods: Its raw pods.
        grace_seconds: Seconds, at least one, for the sidecars to terminate by themselves after main. The deadline is
            later than main's end by that, on the node's clock, so that their order can still be told.
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
