"""Removes what pipelines share and nothing uses any more: tokens' Secrets, launchers' and certificates' ConfigMaps.

Each version of the launcher has a ConfigMap of its own, and nothing owns what many use. A deploy that begins to use one
at this moment has to win. For tokens see `tokens.remove_unused`. A ConfigMap never changes, so a deploy that finds it
there writes nothing; and no second look would help, for its CronJob may come later than that. So one is noted first, on
itself, to be unused; whoever comes to use one that is so noted takes the note away with a write. It is deleted when the
note has been there for an hour, in the very version that bears it: longer than a deploy takes that found none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object, Propagation
from k8s_pipeline_client.deploying import tokens
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.managers import MANAGER
from k8s_pipeline_client.domain.objects import annotation, is_terminating, pinned
from k8s_pipeline_client.domain.ownership import fields_of, part
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.errors import ConflictError

OLDER_THAN = 3600.0
_CONFIG_MAPS = f"{labels.LOOKUP_KEY},!{labels.PIPELINE},{labels.APP_COMPONENT} in (ca,launcher)"


def collect_unused(cluster: Cluster, *, older_than: float = OLDER_THAN) -> list[str]:
    """Delete what nothing has used for so many seconds; return its names, as ``ConfigMap/om-launcher-…``.

    To be called now and then, such as every ten minutes: a ConfigMap is only noted to be unused by the first call that
    finds it so. Where all is in use it takes two lists as a rule, however many pipelines there are.

    Raises:
        ClusterError: Something could not be read, or the API server refused.
    """
    before = cluster.list(Kind.SECRET, labels=labels.TOKEN)
    border = cluster.now() - timedelta(seconds=older_than)
    if any(_created(item) <= border for item in before):
        tokens.remove_unused(cluster, only=lambda item: _created(item) <= border)
    there = {item["metadata"]["name"] for item in cluster.list(Kind.SECRET, labels=labels.TOKEN)} if before else set()
    gone = [f"Secret/{name}" for item in before if (name := item["metadata"]["name"]) not in there]
    return [*gone, *_config_maps(cluster, border)]


def _config_maps(cluster: Cluster, border: datetime) -> Iterator[str]:
    # Read before those who use them: what is deleted is in the version that was read here.
    found = [item for item in cluster.list(Kind.CONFIG_MAP, labels=_CONFIG_MAPS) if _is_ours(item)]
    old = {item["metadata"]["name"]: item for item in found if _created(item) <= border}
    unused = _without_used(cluster, set(old))
    for name, item in old.items():
        since = annotation(item, labels.UNUSED_SINCE)
        try:
            if name not in unused:
                if since:
                    _note(cluster, item, "")
            elif not since:
                _note(cluster, item, rfc3339(cluster.now()))
            elif _moment(since, border) <= border:
                metadata = item["metadata"]
                version = {"uid": metadata["uid"], "version": metadata["resourceVersion"]}
                cluster.delete(Kind.CONFIG_MAP, name, Propagation.BACKGROUND, **version)
                yield f"ConfigMap/{name}"
        except ConflictError:
            continue  # somebody has just written it, and so has a use for it


def _note(cluster: Cluster, item: Object, since: str) -> None:
    """Mark an object as unused since a time, or remove the mark; its data stays."""
    manifest = part(item, fields_of(item, MANAGER))
    annotations = {**(manifest["metadata"].get("annotations") or {}), labels.UNUSED_SINCE: since}
    kept = {key: text for key, text in annotations.items() if text}
    manifest["metadata"] = {**manifest["metadata"], "annotations": kept}
    cluster.apply(pinned(manifest, item), manager=MANAGER)


def _without_used(cluster: Cluster, names: set[str]) -> set[str]:
    """Return which of the ConfigMaps neither a pipeline nor a run mounts.

    A run that has ended counts as long as its Job is there: it can be run again from that.
    """
    left = set(names)
    for kind in (Kind.CRONJOB, Kind.JOB):
        # A list that restarts half-way takes none of its users back.
        for page in cluster.pages(kind, labels=labels.PIPELINE, restart=_nothing) if left else ():
            left -= {name for item in page for name in _mounted(item)}
            if not left:
                break
    return left


def _mounted(item: Object) -> Iterator[str]:
    """Yield the names of the ConfigMaps of which the pods of a CronJob or Job mount a part."""
    path = ("jobTemplate", "spec") if item["kind"] == Kind.CRONJOB else ()
    spec = item["spec"]
    for key in (*path, "template", "spec"):
        spec = spec.get(key) or {}
    volumes: Sequence[Object] = spec.get("volumes") or ()
    for volume in volumes:
        for source in (volume.get("projected") or {}).get("sources") or ():
            if "configMap" in source:
                yield str(source["configMap"]["name"])


def _is_ours(item: Object) -> bool:
    """Return whether we have written it: what somebody has applied from rendered manifests is theirs to remove."""
    return "f:data" in fields_of(item, MANAGER) and not is_terminating(item)


def _created(item: Object) -> datetime:
    return datetime.fromisoformat(item["metadata"]["creationTimestamp"])


def _moment(text: str, otherwise: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return otherwise
    return found if found.tzinfo else otherwise


def _nothing() -> None:
    """Forget nothing."""
