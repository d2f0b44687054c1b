"""Reads the pipelines and runs of all namespaces, in as many lists as those of one take."""

from __future__ import annotations

from collections.abc import Sequence

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import by_namespace
from k8s_pipeline_client.inventory.snapshot import Snapshot, read_reduced, read_snapshot
from k8s_pipeline_client.inventory.statuses import pipeline_statuses_of_each, run_statuses_of_each
from k8s_pipeline_client.inventory.titles import titled
from k8s_pipeline_client.inventory.tokens import with_expiry_everywhere
from k8s_pipeline_client.status import PipelineStatus, RunStatus


def pipelines_everywhere(cluster: Cluster, *, within: str = "", where: str = "") -> list[PipelineStatus]:
    """Return the status of the pipelines and one-shot runs, by namespace, service and name.

    Args:
        cluster: One of `EVERYWHERE`.
        within: A label selector for all their objects; all if empty.
        where: A label selector for their CronJobs and Jobs; all if empty.
    """
    selector = ",".join(filter(None, (labels.PIPELINE, within)))
    snapshots = _split(read_snapshot(cluster, selector))
    runs = run_statuses_of_each(cluster, snapshots)
    wanted = _uids(cluster, f"{selector},{where}") if where else None
    items = [[item for item in each.items if wanted is None or item["metadata"]["uid"] in wanted] for each in snapshots]
    found = pipeline_statuses_of_each(cluster, zip(items, snapshots, runs, strict=True))
    together = [item for some in items for item in some]
    named = titled(found, together, *(each.items for each in snapshots))
    result = with_expiry_everywhere(cluster, together, named, cluster.now(), within=within)
    return sorted(result, key=lambda item: (item.namespace, item.service, item.pipeline_type, item.display_name))


def runs_everywhere(cluster: Cluster, *, within: str = "") -> list[tuple[Object, RunStatus]]:
    """Return the Jobs and runs of all pipelines, newest first; the Jobs are `reduced`.

    Args:
        cluster: One of `EVERYWHERE`.
        within: A label selector for all their objects; all if empty.
    """
    selector = ",".join(filter(None, (labels.PIPELINE, within)))
    whole = read_snapshot(cluster, selector, kinds=(Kind.JOB, Kind.POD))
    of_each = run_statuses_of_each(cluster, _split(whole))
    by_job = {(run.namespace, name): run for runs in of_each for name, run in runs.items()}
    return [(job, by_job[job["metadata"].get("namespace", ""), job["metadata"]["name"]]) for job in whole.jobs]


def _split(whole: Snapshot) -> Sequence[Snapshot]:
    """Return a snapshot of each namespace: names are unique in one, and not among all."""
    cronjobs, jobs, pods = map(by_namespace, (whole.cronjobs, whole.jobs, whole.pods))
    return [
        Snapshot(whole.now, cronjobs.get(name, ()), jobs.get(name, ()), pods.get(name, ()))
        for name in sorted({*cronjobs, *jobs})
    ]


def _uids(cluster: Cluster, selector: str) -> set[str]:
    kinds = (Kind.CRONJOB, Kind.JOB)
    return {item["metadata"]["uid"] for kind in kinds for item in read_reduced(cluster, kind, labels=selector)}
