"""The Secrets with bots' tokens: one for an OpenMetadata instance and bot, shared by its pipelines, without an owner.

A deploy writes one only where its token is the newer one, and never against another field manager: an External
Secrets operator, say. Every write names the version that was looked at. Which pipelines use it, their CronJobs say
with a label; one that nothing uses is removed.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object, Propagation
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.connection import why_not_newer
from k8s_pipeline_client.domain.managers import MANAGER
from k8s_pipeline_client.domain.objects import annotation, is_finished, is_terminating
from k8s_pipeline_client.domain.ownership import fields_of
from k8s_pipeline_client.errors import ApiError, ClusterError, ConflictError, WaitTimeoutError
from k8s_pipeline_client.inventory.lookup import get_or_none
from k8s_pipeline_client.polling import poll
from k8s_pipeline_client.render.token import token_of

_SETTLE_TIMEOUT = 120.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a token that a deploy brought.

    Attributes:
        before: The Secret as it was; None if it was not there.
        after: The Secret as it was written; None if it was left as it is.
        note: What a person should know about it; may be empty.
    """

    before: Object | None
    after: Object | None = None
    note: str = ""


def ensure(cluster: Cluster, manifest: Object, live: Object | None, *, dry_run: bool = False) -> Outcome:
    """Have the Secret hold the token, unless what it holds is newer or somebody else writes it.

    Args:
        cluster: Where.
        manifest: The Secret with the token.
        live: The Secret as it was read; None if it was not there.
        dry_run: Have the API server check the write, and keep nothing.

    Raises:
        ClusterError: The API server refused, for another reason than that.
    """
    name = manifest["metadata"]["name"]
    for attempt, _ in enumerate(poll(_SETTLE_TIMEOUT, longest=1.0)):
        live = read(cluster, name) if attempt else live
        if live is not None and is_terminating(live):
            continue
        current, wanted = token_of(live), token_of(manifest)
        if current == wanted:
            return Outcome(live)
        why = why_not_newer(current, wanted)
        if why:
            return Outcome(live, note=f"its token was not written to Secret {name}, which holds another one: {why}")
        try:
            written = write(cluster, live, manifest, dry_run=dry_run)
        except ConflictError as error:
            if changed_since(cluster, name, live):
                continue
            return Outcome(live, note=f"its token, which is newer, was not written to Secret {name}: {error.message}")
        said = f"its token is newer than the one of Secret {name}, and takes its place for all pipelines"
        return Outcome(live, written, said if current else "")
    raise unsettled(name)


def unsettled(name: str) -> WaitTimeoutError:
    """Return the error for a Secret that cannot be written, whatever is tried."""
    return WaitTimeoutError(
        f"Secret {name} keeps being changed by another process",
        hint=f"look for what does it: kubectl get secret {name} -o yaml, metadata.managedFields",
    )


def write(
    cluster: Cluster, live: Object | None, manifest: Object, *, dry_run: bool = False, force: bool = False
) -> Object:
    """Write a token's Secret, only if it still is as it was read; return it.

    Raises:
        ConflictError: It has changed, or another field manager writes it and ``force`` is not set.
    """
    created = None
    if live is None and not dry_run:
        # Server-side apply cannot tell to create from to overwrite; to create something empty can.
        bare = {key: manifest["metadata"][key] for key in ("name", "namespace", "labels")}
        live = created = cluster.create({**manifest, "metadata": bare, "data": {}})
    if live is not None:
        version = {"resourceVersion": live["metadata"]["resourceVersion"]}
        manifest = {**manifest, "metadata": {**manifest["metadata"], **version}}
    try:
        return cluster.apply(manifest, manager=MANAGER, force=force, dry_run=dry_run)
    except ApiError:
        if created is not None:
            _remove_empty(cluster, created["metadata"])
        raise


def _remove_empty(cluster: Cluster, metadata: Object) -> None:
    """Remove a Secret as it was created, unless somebody has written it since."""
    version = {"uid": metadata["uid"], "version": metadata["resourceVersion"]}
    with suppress(ClusterError):  # what was refused before is what has to be said
        cluster.delete(Kind.SECRET, metadata["name"], Propagation.BACKGROUND, **version)


def changed_since(cluster: Cluster, name: str, seen: Object | None) -> bool:
    """Return whether a Secret is not what it was when it was read."""
    found = read(cluster, name)
    return _version(found) != _version(seen)


def read(cluster: Cluster, name: str) -> Object | None:
    """Return a Secret; None if it is not there."""
    return get_or_none(cluster, Kind.SECRET, name)


def remove_unused(cluster: Cluster, *, selector: str = labels.TOKEN) -> list[str]:
    """Remove the Secrets with tokens that neither a pipeline nor an active run uses any more.

    A deploy that begins to use one at this moment has either changed the Secret, so that it is not deleted; or
    written its CronJob, so that the second look finds it and the Secret is put back; or it looks after us, and
    writes the Secret itself.

    Args:
        cluster: Where.
        selector: Which of them to look at.

    Returns:
        The names of those that stay for active runs alone.
    """
    for_runs_alone = []
    for item in cluster.list(Kind.SECRET, labels=selector):
        metadata = item["metadata"]
        if not _is_only_ours(item) or _pipelines_use(cluster, metadata["name"]):
            continue
        if _runs_use(cluster, metadata["name"]):
            for_runs_alone.append(str(metadata["name"]))
            continue
        try:
            cluster.delete(
                Kind.SECRET,
                metadata["name"],
                Propagation.BACKGROUND,
                uid=metadata["uid"],
                version=metadata["resourceVersion"],
            )
        except ConflictError:
            continue  # somebody has just written it, and so has a use for it
        if _pipelines_use(cluster, metadata["name"]) or _runs_use(cluster, metadata["name"]):
            kept = {key: metadata[key] for key in ("name", "namespace", "labels", "annotations") if key in metadata}
            ensure(cluster, {**item, "metadata": kept}, None)
    return sorted(for_runs_alone)


def bot_of_secret(secret: Object | None) -> str:
    """Return whose token a Secret holds, as far as its annotation says."""
    return annotation(secret, labels.BOT) if secret else ""


def _is_only_ours(secret: Object) -> bool:
    """Tell whether nobody else has put anything into a Secret."""
    ours = fields_of(secret, MANAGER).get("f:data", {})
    return all(f"f:{key}" in ours for key in secret.get("data") or {})


def _pipelines_use(cluster: Cluster, name: str) -> bool:
    """Return whether the CronJob of any pipeline uses a Secret; how many do makes no difference to the cost."""
    users = f"{labels.TOKEN}={name}"
    found = cluster.first(Kind.CRONJOB, labels=users)
    if found is None or not is_terminating(found):
        return found is not None
    pages = cluster.pages(Kind.CRONJOB, labels=users, restart=_nothing)
    return any(not is_terminating(item) for page in pages for item in page)


def _runs_use(cluster: Cluster, name: str) -> bool:
    """Return whether pods of active runs mount a Secret.

    A run goes on with the Secret that it began with: without it, a pod that is yet to come could not start. Jobs that
    an earlier version has made bear no label that says which.
    """
    for users in (f"{labels.TOKEN}={name}", f"{labels.PIPELINE},!{labels.TOKEN}"):
        pages = cluster.pages(Kind.JOB, labels=users, restart=_nothing)
        if any(_is_active(job) and name in _mounted_secrets(job) for page in pages for job in page):
            return True
    return False


def _is_active(job: Object) -> bool:
    return not is_finished(job) and not is_terminating(job)


def _nothing() -> None:
    """Forget nothing: that there is one user is as true where the list begins anew."""


def _mounted_secrets(job: Object) -> set[str]:
    """Return the names of the Secrets of which a run's pods mount a part."""
    volumes = job["spec"]["template"]["spec"].get("volumes") or ()
    sources = [source for volume in volumes for source in (volume.get("projected") or {}).get("sources") or ()]
    return {source["secret"]["name"] for source in sources if "secret" in source}


def _version(item: Object | None) -> str | None:
    return item["metadata"]["resourceVersion"] if item else None
