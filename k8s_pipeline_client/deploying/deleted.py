"""Pipelines that OpenMetadata has deleted for now: kept, suspended and marked, until they are restored or removed.

A run of one would make OpenMetadata know it again. The mark is in the very write that suspends: `spec.suspend` and the
mark have one field manager, so whoever switches the schedule by a deploy, `enable` or `disable` takes the mark away
with the same write.
"""

from __future__ import annotations

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.deploying import resume
from k8s_pipeline_client.deploying.resume import Announce
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.managers import SUSPEND_MANAGER
from k8s_pipeline_client.domain.objects import annotation, is_marked_deleted, is_terminating, pinned
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.errors import ConflictError
from k8s_pipeline_client.inventory.lookup import get_or_none
from k8s_pipeline_client.polling import poll
from k8s_pipeline_client.render.plan import suspend_manifest

_CONTENTION = 10.0
"""Seconds for which the status may be written all the time."""


def mark_deleted(cluster: Cluster, cronjob: Object) -> bool:
    """Suspend a CronJob and mark it, in one write; again is fine, and leaves the time of the first mark.

    Args:
        cluster: Where.
        cronjob: As it was read when OpenMetadata was asked.

    Returns:
        Whether it is marked; not if it has been redeployed, switched or deleted since it was read.
    """
    if is_marked_deleted(cronjob):
        return True
    was = "true" if cronjob["spec"].get("suspend") else "false"
    annotations = {labels.DELETED_AT: rfc3339(cluster.now()), labels.SUSPENDED_BEFORE: was}
    return _write(cluster, cronjob, suspend=True, mark={"labels": {labels.DELETED: "true"}, "annotations": annotations})


def unmark(cluster: Cluster, cronjob: Object, *, announce: Announce) -> None:
    """Take the mark away, and resume the schedule if it was in force; no run starts that was due meanwhile.

    Args:
        cluster: Where.
        cronjob: As read from the cluster; one that is not marked is left as it is.
        announce: See `resume.enable`.
    """
    if not is_marked_deleted(cronjob):
        return
    if annotation(cronjob, labels.SUSPENDED_BEFORE) == "false":
        resume.enable(cluster, cronjob, force=True, announce=announce)
    else:
        _write(cluster, cronjob, suspend=True, mark={})


def _write(cluster: Cluster, cronjob: Object, *, suspend: bool, mark: Object) -> bool:
    metadata = cronjob["metadata"]
    manifest = suspend_manifest(metadata["name"], metadata["namespace"], suspend)
    marked = {**manifest, "metadata": {**manifest["metadata"], **mark}}
    seen: Object | None = cronjob
    for _ in poll(_CONTENTION):
        if seen is None or is_terminating(seen) or not is_as_it_was(seen, cronjob):
            return False
        # Only as it was seen: what was deployed since is not deleted in OpenMetadata.
        try:
            # By force: somebody else's wish that it runs was for a pipeline that there is no more.
            cluster.apply(pinned(marked, seen), manager=SUSPEND_MANAGER, force=True)
        except ConflictError:
            seen = get_or_none(cluster, Kind.CRONJOB, metadata["name"])
        else:
            return True
    return False


def is_as_it_was(seen: Object, before: Object) -> bool:
    """Return whether no more than the status of a CronJob has become another: a run has begun or ended."""
    keys = ("uid", "generation", "labels", "annotations")
    return all(seen["metadata"].get(key) == before["metadata"].get(key) for key in keys)
