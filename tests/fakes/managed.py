"""Who owns which fields: ``metadata.managedFields``, and what an apply and an update make of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from k8s_pipeline_client.cluster.port import Object
from tests.fakes.copies import copied
from tests.fakes.fieldsets import Difference, Paths, applied, difference, from_tree, in_order, shown, to_tree
from tests.fakes.merging import merged, without
from tests.fakes.schema import Field

_OF_THE_SERVER = ("name", "namespace", "creationTimestamp", "uid", "generation", "managedFields", "resourceVersion")
_RESET = ("status",)
_METADATA = ("f:metadata",)
"""Is nobody's, for every object has it."""


class Manager(NamedTuple):
    """What tells one field manager from another."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""

    def __str__(self) -> str:
        """As the API server's messages show it."""
        text = f'"{self.name}"' + (f' with subresource "{self.subresource}"' if self.subresource else "")
        return f"{text} using {self.api_version}" if self.operation == "Update" else text


@dataclass(frozen=True, slots=True)
class Owned:
    """The fields of a manager, and when it last changed something."""

    paths: Paths
    time: str | None


Managers = dict[Manager, Owned]


class FieldConflictError(Exception):
    """Fields that an apply would change are others'; the text is the API server's.

    Attributes:
        conflicts: The manager and the path of each.
    """

    def __init__(self, conflicts: list[tuple[str, str]]) -> None:
        super().__init__(_message(conflicts))
        self.conflicts = conflicts


def of(item: Object) -> Managers:
    """Return the managers of an object."""
    return {
        Manager(entry["manager"], entry["operation"], entry["apiVersion"], entry.get("subresource", "")): Owned(
            from_tree(entry["fieldsV1"]), entry.get("time")
        )
        for entry in item["metadata"].get("managedFields") or ()
    }


def entries(managers: Managers) -> list[Object]:
    """Return ``metadata.managedFields``."""

    def order(manager: Manager) -> tuple[str, str, Manager]:
        return manager.operation, managers[manager].time or "", manager

    return [
        {
            "manager": manager.name,
            "operation": manager.operation,
            "apiVersion": manager.api_version,
            **({"time": owned.time} if owned.time else {}),
            "fieldsType": "FieldsV1",
            "fieldsV1": to_tree(owned.paths),
            **({"subresource": manager.subresource} if manager.subresource else {}),
        }
        for manager, owned in ((each, managers[each]) for each in sorted(managers, key=order))
        if owned.paths
    ]


def content(item: Object, *, status: bool = False) -> Object:
    """Return the part of an object that has owners."""
    left_out = ("apiVersion", "kind", "metadata", *(() if status else _RESET))
    kept = {key: value for key, value in item.items() if key not in left_out}
    metadata = {key: value for key, value in item["metadata"].items() if key not in _OF_THE_SERVER}
    return {**kept, "metadata": metadata} if metadata else kept


def apply(live: Object, manifest: Object, field: Field, name: str, *, force: bool, now: str) -> tuple[Object, Managers]:
    """Apply a manifest as a manager; return what comes of it, without defaults, and who owns it then.

    Raises:
        FieldConflictError: Others own what would change, and ``force`` is not set.
    """
    managers, us = of(live), Manager(name, "Apply", manifest["apiVersion"])
    before, wanted = content(live), content(manifest)
    earlier = managers.get(us, Owned(frozenset(), None))
    paths = applied(wanted, field)
    others = frozenset().union(*(owned.paths for manager, owned in managers.items() if manager != us))
    after = without(merged(before, wanted, field), field, _given_up(earlier.paths, paths, others))
    change = difference(before, after, field)
    left = _taken(managers, us, change, force=force)
    left[us] = Owned(paths, now if change else earlier.time)
    return _joined(live, after), left


def update(live: Object, new: Object, field: Field, name: str, *, subresource: str = "", now: str) -> Managers:
    """Return who owns what after an object was changed by a manager, which owns what it has changed."""
    managers, us = of(live), Manager(name, "Update", new["apiVersion"], subresource)
    with_status = bool(subresource)
    change = difference(content(live, status=with_status), content(new, status=with_status), field)
    left = _taken(managers, us, change, force=True)
    earlier = managers.get(us, Owned(frozenset(), None))
    paths = ((earlier.paths - change.removed) | change.modified | change.added) - {_METADATA}
    left[us] = Owned(paths, now if change else earlier.time)
    return left


def _given_up(earlier: Paths, now: Paths, others: Paths) -> Paths:
    """Return what a manager has applied before, applies no more, and nobody else owns or owns a part of."""
    kept = now | others
    return frozenset(path for path in earlier - kept if not any(other[: len(path)] == path for other in kept))


def _taken(managers: Managers, us: Manager, change: Difference, *, force: bool) -> Managers:
    """Take what changes from all others."""
    theirs = {manager: owned for manager, owned in managers.items() if manager != us}
    conflicts = {manager: owned.paths & (change.modified | change.added) for manager, owned in theirs.items()}
    conflicts = {manager: paths for manager, paths in conflicts.items() if paths}
    if conflicts and not force:
        raise FieldConflictError(
            [
                (str(manager), shown(path))
                for manager in sorted(conflicts, key=str)
                for path in in_order(conflicts[manager])
            ]
        )
    gone = change.modified | change.added | change.removed
    return {manager: replace(owned, paths=owned.paths - gone) for manager, owned in theirs.items()}


def _message(conflicts: list[tuple[str, str]]) -> str:
    if len(conflicts) == 1:
        return f"Apply failed with 1 conflict: conflict with {conflicts[0][0]}: {conflicts[0][1]}"
    lines: list[str] = []
    for manager, path in conflicts:
        title = f"conflicts with {manager}:"
        lines += [*([] if title in lines else [title]), f"- {path}"]
    return f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)


def _joined(live: Object, after: Object) -> Object:
    """Put what is the server's to say back to what has owners."""
    ours: dict[str, Any] = {key: live[key] for key in ("apiVersion", "kind", *_RESET) if key in live}
    servers = {key: live["metadata"][key] for key in _OF_THE_SERVER if key in live["metadata"]}
    return copied({**ours, **after, "metadata": {**after.get("metadata", {}), **servers}})
