"""Rolls back a failed deploy."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object, Propagation
from k8s_pipeline_client.deploying import tokens
from k8s_pipeline_client.deploying.progress import Progress
from k8s_pipeline_client.deploying.undo import Key, Remove, RemoveUnusedToken, Restore, Unclaim, Undo
from k8s_pipeline_client.errors import PipelineError, UnreachableError
from k8s_pipeline_client.inventory.lookup import get_or_none
from k8s_pipeline_client.timelimit import is_over

_LOG = logging.getLogger(__name__)


def roll_back(cluster: Cluster, done: Progress, error: PipelineError) -> str:
    """Take back what a deploy has written, and is still as the deploy left it; return the outcome in words.

    Args:
        cluster: The cluster.
        done: What the deploy has done; what is taken back is taken from its undo operations.
        error: The error.

    Returns:
        Empty if nothing was written.
    """
    said = ""
    if done.undos and (isinstance(error, UnreachableError) or is_over()):
        said = "completed writes are kept, and no half-deployed pipeline runs: deploy again to complete it"
    elif done.undos:
        said = _taken_back(cluster, done)
    return "; ".join(filter(None, (said, done.kept, done.final)))


def _taken_back(cluster: Cluster, done: Progress) -> str:
    """Take back what there is to be; return what has become of it, empty if all of it is others' by now."""
    is_new = any(isinstance(item, Unclaim) for item in done.undos)
    try:
        found = _found(cluster, done)
        done.leave_to_others(found)
        if not done.undos:
            return ""
        # A new CronJob goes first, and takes along what it owns. Else what was written last is taken back first.
        is_new = any(isinstance(item, Unclaim) for item in done.undos)
        if is_new:
            done.undos = [item for item in reversed(done.undos) if not isinstance(item, Restore)]
        while done.undos:
            _take_back(cluster, done.undos[-1], found)
            done.undos.pop()
    except PipelineError as second:
        names = ", ".join(item.what for item in done.undos)
        if is_new:
            return (
                f"the created objects could not be deleted either ({second.message}), so {names} may be left: deploy "
                "again, or delete the pipeline"
            )
        return (
            f"the previous version could not be restored either ({second.message}), so {names} may be of the "
            "new definition: deploy again, the old definition or the new one"
        )
    return "the created objects have been deleted" if is_new else "the previous version has been restored"


def _found(cluster: Cluster, done: Progress) -> dict[Key, Object]:
    """Read what is to be taken back."""
    items = {key: get_or_none(cluster, Kind(key[0]), key[1]) for key in done.places()}
    return {key: item for key, item in items.items() if item is not None}


def _take_back(cluster: Cluster, undo: Undo, found: Mapping[Key, Object]) -> None:
    _LOG.info("undo: %s %s", type(undo).__name__, undo.what)
    match undo:
        case Restore(manifest=manifest, manager=manager, force=force):
            cluster.apply(manifest, manager=manager, force=force)
        case RemoveUnusedToken():
            tokens.remove_unused(cluster)
        case Remove(item=item):
            _delete(cluster, item)
        case Unclaim():
            # Only in the version that was looked at: another process may begin to deploy with this CronJob.
            cronjob = found[undo.key]
            _delete(cluster, cronjob, version=cronjob["metadata"]["resourceVersion"])


def _delete(cluster: Cluster, item: Object, *, version: str | None = None) -> None:
    metadata = item["metadata"]
    kind = Kind(item["kind"])
    cluster.delete(kind, metadata["name"], Propagation.BACKGROUND, uid=metadata["uid"], version=version)
