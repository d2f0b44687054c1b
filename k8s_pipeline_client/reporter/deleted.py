"""Pipelines that OpenMetadata has deleted: a run of one would re-create it, and nobody wants its schedule any more.

Deleted so that it can be restored: active runs end, it is suspended, and resumed when it is back. Gone for good: it is
suspended, and `prune` removes it. Without a response of the server nothing is concluded.

What was kept for as long as the settings say is removed if it was deployed from the server, which says itself, of that
very id, that it is deleted. What was deployed from files is only named: they would bring it back.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object, Propagation
from k8s_pipeline_client.deploying.deleted import mark_deleted, unmark
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.managers import SUSPEND_MANAGER
from k8s_pipeline_client.domain.objects import annotation, identity, is_marked_deleted, is_terminating
from k8s_pipeline_client.domain.raw import moment
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.errors import ConflictError, EntityNotFoundError
from k8s_pipeline_client.inventory.lookup import active_jobs
from k8s_pipeline_client.openmetadata.port import OpenMetadata
from k8s_pipeline_client.render.plan import suspend_manifest
from k8s_pipeline_client.runs.kill import kill_run

_LOG = logging.getLogger(__name__)

EVERY = timedelta(minutes=10)
"""How often a pipeline is asked for, whatever happens."""
EXPIRED = "expired"
"""What is reported of a deleted pipeline from files that was kept for as long as the settings say."""
REMOVED = "removed"
"""What is reported of one from the server that was kept so long, and is no more."""
_BY = "OpenMetadata, which has deleted the pipeline"


class Standing(StrEnum):
    """What OpenMetadata says of a pipeline."""

    THERE = "there"
    DELETED = "deleted"
    """It can be restored."""
    GONE = "gone"


def to_ask(cronjobs: Iterable[Object], unknown: set[str], before: datetime | None, now: datetime) -> list[Object]:
    """Return the CronJobs whose pipelines are to be asked for now: each once in ten minutes, spread over these.

    Args:
        cronjobs: All there are.
        unknown: Those of which the server has just said that it does not have them.
        before: When the last pass was; None if that is not known, and then only the former are asked for.
        now: The API server's time.
    """
    known = [cronjob for cronjob in cronjobs if identity(cronjob) and not is_terminating(cronjob)]
    return [
        cronjob
        for cronjob in known
        if cronjob["metadata"]["name"] in unknown
        or (before is not None and _turn(cronjob, before) != _turn(cronjob, now))
    ]


def standing_of(server: OpenMetadata, cronjob: Object) -> Standing:
    """Ask what has become of a pipeline: by its id, and before it is called gone by its name as well.

    Raises:
        OpenMetadataError: The server does not say: nothing is to be concluded.
    """
    try:
        found = server.pipeline_with_id(str(identity(cronjob)), include_deleted=True)
    except EntityNotFoundError:
        # One from files may never have been there: its first run makes it known. Not so where OpenMetadata had it.
        if annotation(cronjob, labels.MANAGED_BY_SOURCE) != Source.SERVER and not is_marked_deleted(cronjob):
            return Standing.THERE
        try:
            server.pipeline(annotation(cronjob, labels.FQN), include_deleted=True)
        except EntityNotFoundError:
            return Standing.GONE
        return Standing.THERE  # recreated under another id: the next deploy decides
    return Standing.DELETED if found.get("deleted") is True else Standing.THERE


def settle(cluster: Cluster, cronjob: Object, standing: Standing) -> str:
    """Do what a pipeline's standing asks for; return what is to be reported of it, empty for nothing.

    Args:
        cluster: Where it is.
        cronjob: As it was read as a whole, before the server was asked.
        standing: What the server says.
    """
    name = cronjob["metadata"]["name"]
    is_marked = is_marked_deleted(cronjob)
    if standing is Standing.THERE:
        if not is_marked:
            return ""
        unmark(cluster, cronjob, announce=lambda text: _LOG.info("%s: %s", name, text))
        _LOG.info("%s is restored in OpenMetadata", name)
        return "restored"
    if not mark_deleted(cluster, cronjob):
        return ""  # it has been redeployed or switched meanwhile, and is checked again
    if is_marked and not cronjob["spec"].get("suspend"):
        _suspend_again(cluster, cronjob)
    if not is_marked:
        _LOG.warning("%s is suspended: OpenMetadata has deleted its pipeline", name)
    for job in active_jobs(cluster, name):
        kill_run(cluster, job, by=_BY, wait=False)
    return str(standing)


def _suspend_again(cluster: Cluster, cronjob: Object) -> None:
    """Suspend one that somebody has switched on past the mark, with kubectl for example; the mark stays as it is."""
    manifest = suspend_manifest(cronjob["metadata"]["name"], cluster.namespace, True)
    kept = {key: annotation(cronjob, key) for key in (labels.DELETED_AT, labels.SUSPENDED_BEFORE)}
    manifest["metadata"] |= {"labels": {labels.DELETED: "true"}, "annotations": kept}
    cluster.apply(manifest, manager=SUSPEND_MANAGER, force=True)


def expire(cluster: Cluster, cronjob: Object) -> str:
    """Remove a pipeline that was kept for long enough, or leave it to a person; return what is to be reported of it.

    All that it has goes with its CronJob, but for its token, which others may use: that is for the housekeeping.

    Args:
        cluster: Where it is.
        cronjob: As it was read before the server was asked: one that is redeployed meanwhile stays.
    """
    if annotation(cronjob, labels.MANAGED_BY_SOURCE) != Source.SERVER:
        return EXPIRED
    metadata = cronjob["metadata"]
    version = {"uid": metadata["uid"], "version": metadata["resourceVersion"]}
    try:
        cluster.delete(Kind.CRONJOB, metadata["name"], Propagation.BACKGROUND, **version)
    except ConflictError:
        return str(Standing.DELETED)  # it has changed since, and is asked for again
    _LOG.warning("removed %s: OpenMetadata deleted its pipeline, and has not restored it", metadata["name"])
    return REMOVED


def was_kept(cronjob: Object, days: int, now: datetime) -> bool:
    """Return whether a deleted pipeline has been kept for as long as the settings say."""
    since = moment(annotation(cronjob, labels.DELETED_AT))
    return since is not None and now - since > timedelta(days=days)


def _turn(cronjob: Object, at: datetime) -> int:
    digest = hashlib.sha256(cronjob["metadata"]["uid"].encode()).digest()
    offset = int.from_bytes(digest[:4], "big") % int(EVERY.total_seconds())
    return int(at.timestamp() + offset) // int(EVERY.total_seconds())
