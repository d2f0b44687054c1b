"""Entities by collection and fully qualified name, made out of the requests that create them."""

import copy
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any

Entity = dict[str, Any]

# A create request names its parent by FQN; the first of these keys that it has is the parent.
_PARENTS = ("databaseSchema", "database", "classification", "glossary", "service")

_PARENT_COLLECTIONS = {
    "databaseSchema": "databaseSchemas",
    "database": "databases",
    "classification": "classifications",
    "glossary": "glossaries",
}

# In a create request these are FQNs, in the entity references: nothing here needs them, so they go.
_CREATE_ONLY = ("domains", "dataProducts", "reviewers")

# What an entity says of its forebears beyond its parent; clients refuse a schema without its service.
_INHERITED = ("service", "database")

_SERVICES = ("databaseServices", "dashboardServices", "messagingServices", "pipelineServices")


def quote_name(name: str) -> str:
    """A name as it stands inside an FQN: quoted when it holds a dot or a quote."""
    if "." in name or '"' in name:
        return '"' + name.replace('"', '""') + '"'
    return name


class Entities:
    """The store; ids are derived from collection and FQN, so they outlive a restart."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._by_fqn: dict[str, dict[str, Entity]] = {}

    def get(self, collection: str, fqn: str) -> Entity | None:
        with self._lock:
            return copy.deepcopy(self._by_fqn.get(collection, {}).get(fqn))

    def get_by_id(self, collection: str, entity_id: str) -> Entity | None:
        return next((e for e in self.listed(collection) if e.get("id") == entity_id), None)

    def listed(self, collection: str) -> list[Entity]:
        with self._lock:
            return copy.deepcopy(list(self._by_fqn.get(collection, {}).values()))

    def summary(self) -> dict[str, list[str]]:
        """FQNs by collection."""
        with self._lock:
            return {name: sorted(found) for name, found in sorted(self._by_fqn.items()) if found}

    def put(self, collection: str, request: Mapping[str, Any]) -> Entity:
        """Create or replace, from a create request or from a whole entity."""
        with self._lock:
            entity = self._complete(collection, request)
            self._by_fqn.setdefault(collection, {})[entity["fullyQualifiedName"]] = entity
            return copy.deepcopy(entity)

    def put_or_find(self, collection: str, request: Mapping[str, Any], *, replaces: bool) -> tuple[Entity | None, bool]:
        """Create, or replace where that is wanted, which restores what was deleted. Also whether it is new.

        None where the name is taken.
        """
        with self._lock:
            fqn = self._complete(collection, request)["fullyQualifiedName"]
            known = self._by_fqn.get(collection, {}).get(fqn)
            if known is not None and not replaces:
                return None, False
            return self.put(collection, request), known is None

    def delete(self, collection: str, entity: Entity) -> None:
        with self._lock:
            self._by_fqn.get(collection, {}).pop(entity["fullyQualifiedName"], None)

    def clear(self) -> None:
        with self._lock:
            self._by_fqn.clear()

    def _complete(self, collection: str, request: Mapping[str, Any]) -> Entity:
        entity = {key: value for key, value in request.items() if value is not None}
        for key in _CREATE_ONLY:
            entity.pop(key, None)
        parent = self._resolve_parent(entity)
        name = str(entity.get("name", ""))
        fqn = entity.get("fullyQualifiedName") or (f"{parent}.{quote_name(name)}" if parent else quote_name(name))
        known = self._by_fqn.get(collection, {}).get(fqn, {})
        entity["fullyQualifiedName"] = fqn
        entity.setdefault("id", known.get("id") or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{collection}/{fqn}")))
        entity.setdefault("version", 0.1)
        entity.setdefault("updatedAt", int(time.time() * 1000))
        entity.setdefault("updatedBy", "ingestion-bot")
        entity.setdefault("deleted", False)
        return entity

    def _resolve_parent(self, entity: Entity) -> str | None:
        for key in _PARENTS:
            if key not in entity:
                continue
            reference = self._reference(key, entity[key])
            entity[key] = reference
            parent = self._by_fqn.get(_PARENT_COLLECTIONS.get(key, ""), {}).get(
                str(reference.get("fullyQualifiedName")), {}
            )
            for inherited in _INHERITED:
                if inherited in parent:
                    entity.setdefault(inherited, copy.deepcopy(parent[inherited]))
            fqn = reference.get("fullyQualifiedName") or reference.get("name")
            return None if fqn is None else str(fqn)
        return None

    def _reference(self, key: str, given: Any) -> Entity:
        """An entity reference out of an FQN, or out of a reference that says only the id."""
        if isinstance(given, str):
            given = {"fullyQualifiedName": given}
        reference = dict(given)
        collections = [f"services/{name}" for name in _SERVICES] if key == "service" else [_PARENT_COLLECTIONS[key]]
        for name in collections:
            for candidate in self._by_fqn.get(name, {}).values():
                if reference.get("id") == candidate["id"] or (
                    reference.get("fullyQualifiedName") == candidate["fullyQualifiedName"]
                ):
                    reference.update(id=candidate["id"], fullyQualifiedName=candidate["fullyQualifiedName"])
                    reference.setdefault("type", name.rsplit("/", 1)[-1].removesuffix("s"))
        if "fullyQualifiedName" not in reference and "name" in reference:
            reference["fullyQualifiedName"] = reference["name"]
        reference.setdefault("type", "databaseService" if key == "service" else key)
        seed = f"{collections[0]}/{reference.get('fullyQualifiedName')}"
        reference.setdefault("id", str(uuid.uuid5(uuid.NAMESPACE_URL, seed)))
        return reference
