"""Deletes pipelines, and waits until their objects are gone."""

from __future__ import annotations

from collections.abc import Callable

from k8s_pipeline_client.cluster.port import Cluster, Kind, Propagation
from k8s_pipeline_client.domain.objects import Object, is_terminating, selector
from k8s_pipeline_client.errors import WaitTimeoutError
from k8s_pipeline_client.polling import poll

_OWNED = (Kind.CRONJOB, Kind.JOB, Kind.SECRET, Kind.CONFIG_MAP)


def delete_pipeline(
    cluster: Cluster,
    name: str,
    timeout: float,
    *,
    only: Callable[[Object], bool] = lambda cronjob: True,
    retired: Callable[[], None] = lambda: None,
) -> bool:
    """Delete a pipeline with its runs, and wait until its objects are gone.

    One that is deployed again meanwhile is kept.

    Args:
        cluster: The cluster.
        name: Its resource name.
        timeout: In seconds.
        only: Whether to delete this CronJob; others are kept, with their dependents.
        retired: Called once no run of it can start any more, before its pods are gone.

    Returns:
        Whether there was anything.

    Raises:
        WaitTimeoutError: Objects still exist after the timeout.
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
        # The CronJob first, so that no new run starts. Everything again in each iteration, to include runs that
        # started meanwhile, and the rest of interrupted deletes.
        for item in left:
            if item["kind"] != Kind.POD and not is_terminating(item):
                metadata = item["metadata"]
                cluster.delete(Kind(item["kind"]), metadata["name"], Propagation.BACKGROUND, uid=metadata["uid"])
    raise WaitTimeoutError(
        f"{left[0]['kind']} {left[0]['metadata']['name']} still exists after {timeout:.0f} s",
        code="StillThere",
        facts={"kind": left[0]["kind"], "name": left[0]["metadata"]["name"], "seconds": timeout},
        hint="the deletion continues; see kubectl get pods, or delete again with a longer timeout",
    )


def _everything(cluster: Cluster, name: str) -> list[Object]:
    """Return all objects of a pipeline, owners before what they own."""
    # CronJobs are read last, so that the dependents of a new one are recognised.
    return [item for kind in reversed((*_OWNED, Kind.POD)) for item in cluster.list(kind, labels=selector(name))][::-1]


def _can_start(item: Object) -> bool:
    """Return whether an object may still create a pod."""
    return item["kind"] in (Kind.CRONJOB, Kind.JOB) and not is_terminating(item)


def _without_newer(items: list[Object], doomed: set[str]) -> list[Object]:
    """Exclude CronJobs that are not to be deleted, and their dependents."""
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
