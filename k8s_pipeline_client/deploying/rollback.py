"""Rolls back a failed deploy."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object, Propagation
from k8s_pipeline_client.deploying import tokens
from k8s_pipeline_client.deploying.undo import Remove, RemoveUnusedToken, Restore, Unclaim, Undo
from k8s_pipeline_client.errors import ClusterError, ConflictError, PipelineError, UnreachableError
from k8s_pipeline_client.timelimit import is_over

_LOG = logging.getLogger(__name__)


def roll_back(cluster: Cluster, done: Sequence[Undo], error: PipelineError) -> str:
    """Undo all steps in reverse order; return the outcome in words.

    Args:
        cluster: The cluster.
        done: The undo operations of the executed steps, in order.
        error: The error.

    Returns:
        Empty if nothing was written.
    """
    if not done:
        return ""
    if isinstance(error, UnreachableError) or is_over():
        return "completed writes are kept, and no half-deployed pipeline runs: deploy again to complete it"
    created = next((item for item in done if isinstance(item, Unclaim)), None)
    if created is not None:
        return _remove_pipeline(cluster, created.cronjob, done)
    left = list(done)
    try:
        while left:
            _take_back(cluster, left[-1])
            left.pop()
    except ClusterError as second:
        names = ", ".join(item.what for item in left)
        return (
            f"the previous version could not be restored either ({second.message}), so {names} may be of the "
            "new definition: deploy again, the old definition or the new one"
        )
    return "the previous version has been restored"


def _take_back(cluster: Cluster, undo: Undo) -> None:
    _LOG.info("undo: %s %s", type(undo).__name__, undo.what)
    match undo:
        case Restore(manifest=manifest, manager=manager, force=force):
            cluster.apply(manifest, manager=manager, force=force)
        case RemoveUnusedToken():
            tokens.remove_unused(cluster)
        case Remove(item=item):
            _delete(cluster, item)
        case Unclaim(cronjob=cronjob):
            # Only in our version: another process may be deploying the same pipeline with this CronJob.
            _delete(cluster, cronjob, version=cronjob["metadata"]["resourceVersion"])


def _remove_pipeline(cluster: Cluster, cronjob: Object, done: Sequence[Undo]) -> str:
    name = cronjob["metadata"]["name"]
    try:
        for undo in done:
            _take_back(cluster, undo)
    except ConflictError:
        return "the new CronJob has been changed meanwhile, so it was not deleted"
    except ClusterError as second:
        return (
            f"the created objects could not be deleted either ({second.message}): CronJob {name} "
            "stays suspended; deploy again or delete it"
        )
    return "the created objects have been deleted"


def _delete(cluster: Cluster, item: Object, *, version: str | None = None) -> None:
    metadata = item["metadata"]
    kind = Kind(item["kind"])
    cluster.delete(kind, metadata["name"], Propagation.BACKGROUND, uid=metadata["uid"], version=version)
