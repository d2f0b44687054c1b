"""The undo operations of the steps of a deploy, as data. Pure: `rollback` executes them.

A new pipeline is deleted. For an existing one, the fields that we had applied are restored, and nothing else: fields of
other managers are not changed.
"""

from __future__ import annotations

from dataclasses import dataclass

from k8s_pipeline_client.cluster.port import Object
from k8s_pipeline_client.deploying.steps import Apply, Claim, PutToken, Step, Suspend
from k8s_pipeline_client.domain.managers import MANAGER, SUSPEND_MANAGER
from k8s_pipeline_client.domain.ownership import fields_of, joined, part
from k8s_pipeline_client.render.plan import suspend_manifest

Key = tuple[str, str]
"""Kind and name of an object."""


def key_of(item: Object) -> Key:
    """Return kind and name of an object."""
    return str(item["kind"]), str(item["metadata"]["name"])


def by_key(*items: Object | None) -> dict[Key, Object]:
    """Return those of the objects that there are, by kind and name."""
    return {key_of(item): item for item in items if item is not None}


@dataclass(frozen=True, slots=True)
class Unclaim:
    """Delete the created CronJob, as we left it, with its dependents."""

    cronjob: Object

    @property
    def what(self) -> str:
        """The object."""
        return _title(self.cronjob)

    @property
    def key(self) -> Key:
        """Kind and name of the object."""
        return key_of(self.cronjob)


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete an object that did not exist before."""

    item: Object

    @property
    def what(self) -> str:
        """The object."""
        return _title(self.item)

    @property
    def key(self) -> Key:
        """Kind and name of the object."""
        return key_of(self.item)


@dataclass(frozen=True, slots=True)
class Restore:
    """Restore the fields that we had applied to an object."""

    manifest: Object
    manager: str
    what: str
    force: bool = False

    @property
    def key(self) -> Key:
        """Kind and name of the object."""
        return key_of(self.manifest)


@dataclass(frozen=True, slots=True)
class RemoveUnusedToken:
    """Delete the Secret of a token that did not exist before, unless others use it by now."""

    item: Object

    @property
    def what(self) -> str:
        """The object."""
        return _title(self.item)

    @property
    def key(self) -> Key:
        """Kind and name of the object."""
        return key_of(self.item)


Undo = Unclaim | Remove | Restore | RemoveUnusedToken


def undo_of(step: Step, written: Object | None) -> Undo | None:
    """Return the undo operation of an executed step; None if there is none.

    Args:
        step: The step.
        written: The object as the API server returned it; None if it was not written.
    """
    if written is None:
        return None
    match step:
        case Claim():
            return Unclaim(written)
        case Apply(is_shared=True):
            return None  # immutable, and others may use it by now
        case Apply(before=None):
            return Remove(written)
        case Apply(before=dict() as before) if before["metadata"]["resourceVersion"] != _version(written):
            return _restore(before, written)
        case Suspend(before=before, suspend=suspend) if bool(before["spec"].get("suspend")) != suspend:
            return _suspended_again(before)
        case PutToken(before=None):
            return RemoveUnusedToken(written)
    # A token that existed is not restored: a newer one is valid for all, whatever the result of this deploy.
    return None


def _restore(before: Object, after: Object) -> Restore:
    # Also fields that we own only now: with --force they may have been another manager's, whose value is restored.
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
