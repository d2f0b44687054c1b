"""Entities that are deleted so that they can be restored, those that are deleted for good, and services with theirs."""

from collections.abc import Callable, Mapping

from .entities import Entities, Entity
from .rows import Rows
from .statuses import PIPELINES
from .wire import Response, not_found, refused


def kind_of(collection: str) -> str:
    return collection.rsplit("/", 1)[-1].removesuffix("s")


class Deletion:
    """Deletes and restores; whichever it is, the rows of a pipeline are gone."""

    def __init__(self, entities: Entities, rows: Rows, tell: Callable[[Entity], None]) -> None:
        self._entities = entities
        self._rows = rows
        self._tell = tell  # of each pipeline that goes

    def delete(self, collection: str, entity: Entity, query: Mapping[str, str]) -> Response:
        children = self._pipelines_of(collection, entity)
        if any(not child["deleted"] for child in children) and query.get("recursive") != "true":
            return refused(400, f"{kind_of(collection)} is not empty")
        is_hard = query.get("hardDelete") == "true"
        for child in children:
            self._delete(PIPELINES, child, is_hard=is_hard)
        return Response(200, self._delete(collection, entity, is_hard=is_hard))

    def restore(self, collection: str, identity: str) -> Response:
        entity = self._entities.get_by_id(collection, identity)
        if entity is None:
            return not_found(kind_of(collection), identity)
        if not entity["deleted"]:
            return refused(500, 'Cannot invoke "RestUtil$PutResponse.getEntity()" because "response" is null')
        for child in self._pipelines_of(collection, entity):
            self._entities.put(PIPELINES, {**child, "deleted": False})
        return Response(200, self._entities.put(collection, {**entity, "deleted": False}))

    def _delete(self, collection: str, entity: Entity, *, is_hard: bool) -> Entity:
        if collection == PIPELINES:
            self._rows.delete(entity["fullyQualifiedName"])
        if is_hard:
            self._entities.delete(collection, entity)
            found = entity
        else:
            found = self._entities.put(collection, {**entity, "deleted": True})
        if collection == PIPELINES:
            # By now the entity says that it is gone: the service asks for it before it answers.
            self._tell(entity)
        return found

    def _pipelines_of(self, collection: str, entity: Entity) -> list[Entity]:
        if not collection.startswith("services/") or collection == PIPELINES:
            return []
        return [
            each for each in self._entities.listed(PIPELINES) if (each.get("service") or {}).get("id") == entity["id"]
        ]
