"""Removes pipelines, and waits until nothing of them is left, or only until all of it is being deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from k8s_pipeline_client.cluster.port import Cluster, Kind, Propagation
from k8s_pipeline_client.deploying.terminating import held
from k8s_pipeline_client.domain.objects import Object, finalizers, is_terminating, selector
from k8s_pipeline_client.errors import ConflictError, WaitTimeoutError
from k8s_pipeline_client.polling import after, poll

_FOREGROUND = "foregroundDeletion"
_DEPENDENTS_FIRST = (Kind.POD, Kind.CONFIG_MAP, Kind.SECRET, Kind.JOB, Kind.CRONJOB)
"""In the order in which they are read: the dependents of a CronJob that is just created are so recognised."""


def delete_pipeline(
    cluster: Cluster,
    name: str,
    timeout: float,
    *,
    only: Callable[[Object], bool] | None = None,
    retired: Callable[[], None] = lambda: None,
    wait: bool = True,
    announce: Callable[[str], None] = lambda text: None,
) -> bool:
    """Delete a pipeline with its runs, and wait until its objects are gone.

    One that is redeployed while we wait is another one, and stays. Without waiting it is over once the API server
    has accepted that nothing of it can start and that all of it is ending; Kubernetes then does the rest.

    Args:
        cluster: The cluster.
        name: Its resource name.
        timeout: Seconds to wait.
        only: Says whether the CronJob, as it now is, is the one that is meant; any other stays, with what it owns. It
            is deleted in the very version of which that was said.
        retired: Called once nothing of it can start any more, however long its pods take to go.
        wait: Whether to wait until nothing is left.
        announce: Without waiting: called for each object that a finalizer of somebody else's keeps.

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
        doomed = _doomed(everything, doomed, only)
        left = _without_newer(everything, doomed)
        if not told and not any(_can_start(item) for item in left):
            told = True
            retired()
        if not left:
            return found
        if told and not wait and found:
            _tell_held(left, announce)
            return True
        # Everything again in each iteration, to include runs that started meanwhile, and the rest of interrupted
        # deletes.
        found = _delete_all(cluster, left, pinned=only is not None) or found
    raise _still_there(left, timeout)


def _doomed(items: Sequence[Object], before: set[str] | None, only: Callable[[Object], bool] | None) -> set[str]:
    """Return the UIDs of the CronJobs that are to be deleted, or are being deleted: those that were there at first."""
    cronjobs = [item for item in items if item["kind"] == Kind.CRONJOB]
    return {
        item["metadata"]["uid"]
        for item in cronjobs
        if (before is None or item["metadata"]["uid"] in before)
        and (only is None or (before is not None and is_terminating(item)) or only(item))
    }


def _delete_all(cluster: Cluster, items: Sequence[Object], *, pinned: bool) -> bool:
    """Delete objects, the CronJob first, so that no new run starts; return whether that was not in vain.

    Args:
        cluster: Where.
        items: The objects, owners before what they own.
        pinned: Delete the CronJob only in this version; if it has another one by now, nothing is deleted.
    """
    for item in items:
        propagation = _propagation(item)
        if propagation is None:
            continue
        kind, metadata = Kind(item["kind"]), item["metadata"]
        version = metadata["resourceVersion"] if pinned and kind is Kind.CRONJOB else None
        try:
            cluster.delete(kind, metadata["name"], propagation, uid=metadata["uid"], version=version)
        except ConflictError:
            return False
    return True


def _propagation(item: Object) -> Propagation | None:
    """Return how to delete an object; None where that is done, or follows from its owner's end.

    The pods of a Job go after it in the background, and before it in the foreground: one that a finalizer of somebody
    else's keeps would go on running.
    """
    if item["kind"] == Kind.POD:
        return None
    if item["kind"] == Kind.JOB and finalizers(item):
        return None if _FOREGROUND in item["metadata"]["finalizers"] else Propagation.FOREGROUND
    return None if is_terminating(item) else Propagation.BACKGROUND


def _tell_held(left: Sequence[Object], announce: Callable[[str], None]) -> None:
    for item in left:
        if text := held(item):
            announce(text)


def _still_there(left: Sequence[Object], timeout: float) -> WaitTimeoutError:
    """Return the error for what is left; it names the first that is held, for that one does not go by itself."""
    item = next(filter(finalizers, left), left[0])
    held_by = finalizers(item)
    why = f", held by finalizer {' and '.join(held_by)}" if held_by else ""
    return WaitTimeoutError(
        f"{item['kind']} {item['metadata']['name']} still exists{after(timeout)}{why}",
        code="StillThere",
        facts={
            "kind": item["kind"],
            "name": item["metadata"]["name"],
            "seconds": timeout,
            "finalizers": held_by,
        },
        hint="the deletion continues; see kubectl get pods, or delete again with a longer timeout",
    )


def _everything(cluster: Cluster, name: str) -> list[Object]:
    """Return all objects of a pipeline, owners before what they own."""
    found: list[Object] = []
    for kind in _DEPENDENTS_FIRST:
        found = [*cluster.list(kind, labels=selector(name)), *found]
    return found


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
