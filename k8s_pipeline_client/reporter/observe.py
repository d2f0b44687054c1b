"""Reads what a pass needs: the runs that are not finally reported, with their pods and events, and the open runs.

What is reported costs nothing: no selector finds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.naming import instance_label
from k8s_pipeline_client.domain.objects import is_automation, is_finished, label, newest_first, run_id
from k8s_pipeline_client.inventory.snapshot import Snapshot, read_reduced
from k8s_pipeline_client.inventory.statuses import run_statuses
from k8s_pipeline_client.reporter import memory, own
from k8s_pipeline_client.reporter.memory import Memory, OpenRun
from k8s_pipeline_client.status import RunStatus

_BY_NAME = 50
"""Of so many Jobs the pods are asked for at once: their names have to fit into an address."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A run that is not finally reported.

    Attributes:
        job: Reduced, so not to be written back.
        pods: Its pods, reduced.
        status: What has become of it.
    """

    job: Object
    pods: Sequence[Object]
    status: RunStatus

    @property
    def run_id(self) -> str:
        """Its id, as OpenMetadata's rows have it."""
        return run_id(self.job).lower()

    @property
    def has_ended(self) -> bool:
        """Whether the Job says that it has."""
        return is_finished(self.job)

    @property
    def is_automation(self) -> bool:
        """Whether it is an automation, such as the test of a connection, which has no row."""
        return is_automation(self.job)


@dataclass(frozen=True, slots=True)
class Observed:
    """What a pass found.

    Attributes:
        now: The API server's time when the last of it had been read.
        runs: Those that are not finally reported.
        memory: What was remembered before the runs were listed.
        vanished: What is remembered of runs that were not listed.
        left_pods: The pods of these that are still there, by the Jobs' names.
    """

    now: datetime
    runs: Sequence[Seen]
    memory: Memory
    vanished: Sequence[OpenRun]
    left_pods: dict[str, list[Object]]


def within(instance: str | None) -> str:
    """Return the selector of what belongs to an OpenMetadata instance, or to any."""
    return f"{labels.PIPELINE},{labels.INSTANCE}={instance_label(instance)}" if instance else labels.PIPELINE


def unreported(instance: str | None) -> str:
    """Return the selector of the Jobs whose runs are not finally reported."""
    return f"{within(instance)},{labels.REPORTED} notin ({labels.FINAL},{labels.NOWHERE})"


def observe(cluster: Cluster, instance: str | None, earlier: Mapping[str, OpenRun]) -> Observed:
    """Read it; what is remembered first, so that a run which is in no list was in none when that was written.

    Args:
        cluster: Where.
        instance: Of which OpenMetadata; of any if None.
        earlier: What the pass before left open, by run id: a ConfigMap may have gone, with its pipeline.

    Raises:
        ClusterError: One of the lists could not be read: unknown is not absent.
    """
    remembered = memory.read(cluster)
    jobs = newest_first(read_reduced(cluster, Kind.JOB, labels=unreported(instance)))
    listed = {job["metadata"]["uid"] for job in jobs}
    ours = instance_label(instance) if instance else None
    lost = {
        key: replace(run, place=own.place_of_run(key)) for key, run in earlier.items() if key not in remembered.runs
    }
    vanished = [
        run
        for run in (lost | dict(remembered.runs)).values()
        if run.uid not in listed and (ours is None or run.instance == ours)
    ]
    names = sorted({*(job["metadata"]["name"] for job in jobs), *(run.job for run in vanished)})
    pods = [pod for part in _parts(names) for pod in _pods(cluster, part)]
    snapshot = Snapshot(now=cluster.now(), jobs=jobs, pods=pods)
    statuses = run_statuses(cluster, snapshot)
    by_job = snapshot.pods_by_job
    return Observed(
        now=cluster.now(),
        runs=[_seen(job, by_job.get(job["metadata"]["name"], []), statuses) for job in jobs],
        memory=remembered,
        vanished=vanished,
        left_pods={run.job: _of(run.uid, by_job.get(run.job, [])) for run in vanished},
    )


def _seen(job: Object, pods: Sequence[Object], statuses: dict[str, RunStatus]) -> Seen:
    return Seen(job, _of(job["metadata"]["uid"], pods), statuses[job["metadata"]["name"]])


def _of(uid: str, pods: Iterable[Object]) -> list[Object]:
    """Return the pods of one Job: an earlier one may have had its name."""
    return [pod for pod in pods if label(pod, labels.CONTROLLER_UID) in ("", uid)]


def _pods(cluster: Cluster, jobs: Sequence[str]) -> list[Object]:
    return read_reduced(cluster, Kind.POD, labels=f"{labels.JOB_NAME} in ({','.join(jobs)})")


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for begin in range(0, len(names), _BY_NAME):
        yield names[begin : begin + _BY_NAME]
