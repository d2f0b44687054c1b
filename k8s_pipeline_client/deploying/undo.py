"""What undoes each step of a deploy, as data. Pure: `rollback` carries it out.

A pipeline that the deploy has created is removed. One that was there gets back what we had applied to it, and nothing
else: fields of other managers are none of ours, whether they changed meanwhile or not.
"""

from __future__ import annotations

from dataclasses import dataclass

from k8s_pipeline_client.cluster.port import Object
from k8s_pipeline_client.deploying.steps import Apply, Claim, PutToken, Step, Suspend
from k8s_pipeline_client.domain.managers import MANAGER, SUSPEND_MANAGER
from k8s_pipeline_client.domain.ownership import fields_of, joined, part
from k8s_pipeline_client.render.plan import suspend_manifest


@dataclass(frozen=True, slots=True)
class Unclaim:
    """Remove the CronJob that was created, in the version in which it was left; with it goes all that it owns."""

    cronjob: Object

    @property
    def what(self) -> str:
        """What it is about."""
        return _title(self.cronjob)


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove an object that was not there."""

    item: Object

    @property
    def what(self) -> str:
        """What it is about."""
        return _title(self.item)


@dataclass(frozen=True, slots=True)
class Restore:
    """Apply what we had applied to an object before."""

    manifest: Object
    manager: str
    what: str
    force: bool = False


@dataclass(frozen=True, slots=True)
class RemoveUnusedToken:
    """Remove the Secret of a token that was not there, unless others use it by now."""

    item: Object

    @property
    def what(self) -> str:
        """What it is about."""
        return _title(self.item)


Undo = Unclaim | Remove | Restore | RemoveUnusedToken


def undo_of(step: Step, answer: Object | None) -> Undo | None:
    """Return what undoes a step that was carried out; None if there is nothing to undo, or it has to stay.

    Args:
        step: What was done.
        answer: The object as the API server returned it; None if it was left as it is.
    """
    if answer is None:
        return None
    match step:
        case Claim():
            return Unclaim(answer)
        case Apply(is_shared=True):
            return None  # others may use it by now, and it never changes
        case Apply(before=None):
            return Remove(answer)
        case Apply(before=dict() as before) if before["metadata"]["resourceVersion"] != _version(answer):
            return _restore(before, answer)
        case Suspend(before=before, suspend=suspend) if bool(before["spec"].get("suspend")) != suspend:
            return _suspended_again(before)
        case PutToken(before=None):
            return RemoveUnusedToken(answer)
    # A token that was there stays as it is now: a newer one is right for all, whatever becomes of this deploy.
    return None


def _restore(before: Object, after: Object) -> Restore:
    # Also what we own only now: with --force we may have taken it from somebody, and it has its old value back.
    fields = joined(fields_of(before, MANAGER), fields_of(after, MANAGER))
    manifest = part(before, fields)
    manifest["metadata"]["uid"] = before["metadata"]["uid"]
    return Restore(manifest, MANAGER, _title(before))


def _suspended_again(before: Object) -> Restore:
    metadata = before["metadata"]
    manifest = suspend_manifest(metadata["name"], metadata["namespace"], bool(before["spec"].get("suspend")))
    manifest["metadata"]["uid"] = metadata["uid"]
    return Restore(manifest, SUSPEND_MANAGER, f"spec.suspend of {_title(before)}", force=True)


def _version(item: Object) -> str:
    return str(item["metadata"]["resourceVersion"])


def _title(item: Object) -> str:
    return f"{item['kind']} {item['metadata']['name']}"
