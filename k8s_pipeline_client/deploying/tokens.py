"""The Secrets with bots' tokens: one per OpenMetadata instance and bot, shared by its pipelines, without an owner.

A deploy writes one only if its token is newer, and never over another field manager, such as an External Secrets
operator. Every write has a resourceVersion. The CronJobs that use a Secret have a label; unused Secrets are deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object, Propagation
from k8s_pipeline_client.deploying import acceptance
from k8s_pipeline_client.deploying.terminating import stuck
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.connection import why_not_newer
from k8s_pipeline_client.domain.managers import MANAGER
from k8s_pipeline_client.domain.objects import annotation, is_finished, is_terminating, pinned
from k8s_pipeline_client.domain.ownership import fields_of
from k8s_pipeline_client.errors import ConflictError, WaitTimeoutError
from k8s_pipeline_client.inventory.lookup import get_or_none
from k8s_pipeline_client.polling import poll
from k8s_pipeline_client.render.token import NEXT_TOKEN_KEY, TOKEN_KEY, next_token_of, token_of

_SETTLE_TIMEOUT = 120.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of writing a deploy's token.

    Attributes:
        before: The previous Secret; None if it did not exist.
        after: The written Secret; None if it was not written.
        note: A note for people; may be empty.
    """

    before: Object | None
    after: Object | None = None
    note: str = ""


def ensure(
    cluster: Cluster,
    manifest: Object,
    live: Object | None,
    *,
    dry_run: bool = False,
    accepted: acceptance.Accepted = acceptance.unasked,
) -> Outcome:
    """Write the token to the Secret, unless it has a newer one or somebody else writes it.

    Args:
        cluster: The cluster.
        manifest: The Secret with the token.
        live: The Secret as it was read; None if it was not there.
        dry_run: Have the API server check the write, and keep nothing.
        accepted: Asked whether OpenMetadata takes a token that is newer; else it waits, see `acceptance`.

    Raises:
        ClusterError: The write failed for another reason.
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
        waits = _waiting(cluster, manifest, live, accepted)
        if waits is not None and token_of(manifest) == next_token_of(live):
            return Outcome(live, note=_waits(name))
        wanted_now = waits or acceptance.keeping_newer(manifest, live)
        try:
            written = write(cluster, live, wanted_now, dry_run=dry_run)
        except ConflictError as error:
            if changed_since(cluster, name, live):
                continue
            return Outcome(live, note=f"its token, which is newer, was not written to Secret {name}: {error.message}")
        if waits is not None:
            return Outcome(live, written, _waits(name))
        said = f"its token is newer than the one in Secret {name}, and replaces it for all pipelines"
        return Outcome(live, written, said if current else "")
    raise unsettled(name, live)


def _waiting(cluster: Cluster, manifest: Object, live: Object | None, accepted: acceptance.Accepted) -> Object | None:
    """Return the Secret with the token under the second key, where it has to wait there; None where it has not."""
    if live is None or not acceptance.is_ours(live):
        return None
    if not acceptance.has_to_wait(manifest, live, accepted, cluster.now()):
        return None
    waiting = next_token_of(live)
    if waiting and why_not_newer(waiting, token_of(manifest)):
        return acceptance.with_waiting(live, {"data": {TOKEN_KEY: live["data"][NEXT_TOKEN_KEY]}})
    return acceptance.with_waiting(live, manifest)


def _waits(name: str) -> str:
    return (
        f"its token is newer than the one in Secret {name}, and is pending there until OpenMetadata accepts it, which "
        "takes two or three minutes: the reporter, the next deploy or a rotation to it then activates it"
    )


def unsettled(name: str, live: Object | None) -> WaitTimeoutError:
    """Return the error for a Secret that cannot be written, whatever is tried."""
    if live is not None and is_terminating(live):
        return stuck(live)
    return WaitTimeoutError(
        f"Secret {name} keeps being changed by another process",
        hint=f"check what changes it: kubectl get secret {name} -o yaml, metadata.managedFields",
    )


def write(
    cluster: Cluster, live: Object | None, manifest: Object, *, dry_run: bool = False, force: bool = False
) -> Object:
    """Write a token's Secret in the version that was read; return it.

    Raises:
        ConflictError: It has changed, or another field manager writes it and ``force`` is not set.
    """
    return cluster.apply(pinned(manifest, live), manager=MANAGER, force=force, dry_run=dry_run)


def changed_since(cluster: Cluster, name: str, seen: Object | None) -> bool:
    """Return whether a Secret has changed since it was read."""
    found = read(cluster, name)
    return _version(found) != _version(seen)


def read(cluster: Cluster, name: str) -> Object | None:
    """Return a Secret; None if it does not exist."""
    return get_or_none(cluster, Kind.SECRET, name)


def remove_unused(
    cluster: Cluster, *, selector: str = labels.TOKEN, only: Callable[[Object], bool] = lambda secret: True
) -> list[str]:
    """Remove the Secrets with tokens that neither a pipeline nor an active run uses any more.

    A concurrent deploy that starts to use one has either changed the Secret, so that the delete has a conflict; or
    written its CronJob, so that the second check finds it and the Secret is restored; or it checks after us, and
    writes the Secret itself.

    Args:
        cluster: Where.
        selector: Which of them to look at.
        only: Says of each whether to.

    Returns:
        The names of those that are kept only for active runs.
    """
    for_runs_alone = []
    for item in cluster.list(Kind.SECRET, labels=selector):
        metadata = item["metadata"]
        if not only(item) or not _is_only_ours(item) or _pipelines_use(cluster, metadata["name"]):
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
            continue  # just written, so it is in use
        if _pipelines_use(cluster, metadata["name"]) or _runs_use(cluster, metadata["name"]):
            kept = {key: metadata[key] for key in ("name", "namespace", "labels", "annotations") if key in metadata}
            ensure(cluster, {**item, "metadata": kept}, None)
    return sorted(for_runs_alone)


def bot_of_secret(secret: Object | None) -> str:
    """Return whose token a Secret has, by its annotation."""
    return annotation(secret, labels.BOT) if secret else ""


def _is_only_ours(secret: Object) -> bool:
    """Return whether no other field manager has written a Secret's data."""
    ours = fields_of(secret, MANAGER).get("f:data", {})
    return all(f"f:{key}" in ours for key in secret.get("data") or {})


def _pipelines_use(cluster: Cluster, name: str) -> bool:
    """Return whether any CronJob uses a Secret; the cost does not depend on their number."""
    users = f"{labels.TOKEN}={name}"
    found = cluster.first(Kind.CRONJOB, labels=users)
    if found is None or not is_terminating(found):
        return found is not None
    pages = cluster.pages(Kind.CRONJOB, labels=users, restart=_nothing)
    return any(not is_terminating(item) for page in pages for item in page)


def _runs_use(cluster: Cluster, name: str) -> bool:
    """Return whether pods of active runs mount a Secret.

    A run needs the Secret that it started with: without it, a retry's pod could not start. Jobs of earlier versions
    have no label for it.
    """
    for users in (f"{labels.TOKEN}={name}", f"{labels.PIPELINE},!{labels.TOKEN}"):
        pages = cluster.pages(Kind.JOB, labels=users, restart=_nothing)
        if any(_is_active(job) and name in _mounted_secrets(job) for page in pages for job in page):
            return True
    return False


def _is_active(job: Object) -> bool:
    return not is_finished(job) and not is_terminating(job)


def _nothing() -> None:
    """Keep the result: it is still true when the list starts again."""


def _mounted_secrets(job: Object) -> set[str]:
    """Return the names of the Secrets that a run's pods mount."""
    volumes = job["spec"]["template"]["spec"].get("volumes") or ()
    sources = [source for volume in volumes for source in (volume.get("projected") or {}).get("sources") or ()]
    return {source["secret"]["name"] for source in sources if "secret" in source}


def _version(item: Object | None) -> str | None:
    return item["metadata"]["resourceVersion"] if item else None
