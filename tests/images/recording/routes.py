"""What each request gets as an answer, without HTTP: the part of the OpenMetadata API that a run uses."""

import base64
import binascii
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from .access import Access
from .deletion import Deletion, kind_of
from .driving import Driving
from .entities import Entities, Entity
from .jsonpatch import apply_patch
from .queued import PipelineService
from .rowcheck import holds_nul
from .runs import Runs
from .statuses import PIPELINES, Statuses
from .wire import Request, Response, already_exists, no_such_path, not_found, refused, uuid_of

WORKFLOWS = "automations/workflows"

# Collections whose path has more than one segment; every other one has a single segment.
_DEEP = ("services/", "automations/", "dataQuality/", "drives/", "dashboard/", "analytics/", "events/", "apps/")
_ENDS = (None, "Pending", "Successful", "Failed", "Running")
_INCLUDED = {"all": (True, False), "deleted": (True,), "non-deleted": (False,)}
_JSON = "application/json"
_JSON_PATCH = "application/json-patch+json"


def segments_of(raw_path: str) -> tuple[str, ...] | None:
    """The decoded segments below `/api/v1` (or `/v1`); None for any other path."""
    match = re.match(r"^(?:/api)?/v1/(.+?)/?$", raw_path)
    return None if match is None else tuple(unquote(part) for part in match.group(1).split("/"))


class Api:
    """The state and the routes over it."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.entities = Entities()
        self.runs = Runs()
        self.service = PipelineService()
        self.statuses = Statuses(self.entities, self.runs, self.service)
        self.driving = Driving(self.entities, self.service, version)
        self.deletion = Deletion(self.entities, self.statuses.rows, self.driving.deleted)
        self.access = Access()

    def answer(self, request: Request) -> Response:
        if request.query.get("include", "all") not in _INCLUDED:
            return refused(400, f"query param include must be one of {[*_INCLUDED]}")
        if request.method in ("POST", "PUT") and request.body is not None and request.content_type != _JSON:
            return refused(415, "HTTP 415 Unsupported Media Type")
        return self.access.refusal(request) or self._routed(request)

    def _routed(self, request: Request) -> Response:
        collection, rest = _split_collection(request.segments)
        special: dict[str, Callable[[Request, tuple[str, ...]], Response | None]] = {
            "system": self._system,
            PIPELINES: self._pipelines,
            WORKFLOWS: self._workflows,
            "services/testConnectionDefinitions": self._test_connection_definition,
            "permissions": self._permissions,
            "usage": lambda _request, _rest: Response(200, {}),
            "search": lambda _request, _rest: Response(200, {"hits": {"hits": [], "total": {"value": 0}}}),
        }
        if collection in special and (answer := special[collection](request, rest)) is not None:
            return answer
        return self._collection(request, collection, rest)

    def _system(self, _request: Request, rest: tuple[str, ...]) -> Response | None:
        if rest == ("version",):
            return Response(200, {"version": self.version, "revision": "stand-in", "timestamp": 0})
        if rest == ("status",):
            return Response(200, {"status": "stand-in"})
        if rest == ("settings", "profilerConfiguration"):
            value: Entity = {"metricConfiguration": []}
            return Response(200, {"config_type": "profilerConfiguration", "config_value": value})
        return not_found("settings", "/".join(rest))

    def _permissions(self, request: Request, rest: tuple[str, ...]) -> Response | None:
        """What the bearer may do, as the real server lists it: bots may do what bots do, people look."""
        if len(rest) != 1 or request.method != "GET":
            return None
        return Response(200, {"resource": rest[0], "permissions": self.access.permissions(request, rest[0])})

    def _workflows(self, request: Request, rest: tuple[str, ...]) -> Response | None:
        if request.method != "POST" or rest[:1] != ("trigger",):
            return None
        found = self.entities.get_by_id(WORKFLOWS, rest[1])
        return not_found("workflow", rest[1]) if found is None else self.driving.run_automation(found)

    def _pipelines(self, request: Request, rest: tuple[str, ...]) -> Response | None:
        if self.service.address and (pressed := self.driving.answer(request, rest)) is not None:
            return pressed
        if len(rest) >= 3 and rest[0] == "logs":
            return self._logs(request, rest[1], rest[2], closing=rest[3:] == ("close",))
        if len(rest) in (2, 3) and rest[1] == "pipelineStatus":
            return self.statuses.answer(request, rest[0], rest[2] if len(rest) > 2 else None)
        return None

    def _logs(self, request: Request, fqn: str, run_id: str, *, closing: bool) -> Response:
        if uuid_of(run_id) is None:
            return no_such_path()
        if request.method == "GET":
            return Response(200, {"ingestion_task": self.runs.log(fqn, run_id), "total": "1"})
        if closing:
            self.runs.close_log(fqn, run_id)
            return Response(200, {"message": "Log stream closed successfully"})
        self.runs.add_log(fqn, run_id, request.body if isinstance(request.body, dict) else {})
        return Response(200)

    def _test_connection_definition(self, request: Request, rest: tuple[str, ...]) -> Response | None:
        if request.method != "GET" or len(rest) != 2:
            return None
        known = self.entities.get("services/testConnectionDefinitions", rest[1])
        return Response(200, known or _definition(rest[1]))

    def _collection(self, request: Request, collection: str, rest: tuple[str, ...]) -> Response:
        method = request.method
        if rest == ("bulk",) and method == "PUT" and isinstance(request.body, list):
            return self._bulk(collection, request.body)
        if not rest and method in ("PUT", "POST") and isinstance(request.body, dict):
            return self._written(request, collection)
        if not rest and method == "GET":
            return self._listing(collection, request.query)
        if rest == ("restore",) and method == "PUT":
            return self.deletion.restore(collection, str((request.body or {}).get("id")))
        # What was deleted so that it can be restored can still be deleted for good.
        for_good = method == "DELETE" and request.query.get("hardDelete") == "true"
        entity = self._find(collection, rest, {**request.query, **({"include": "all"} if for_good else {})})
        if entity is None:
            return not_found(kind_of(collection), "/".join(rest[-1:]))
        if method == "GET":
            return Response(200, self._with_fields(entity, request.query))
        if method == "DELETE":
            return self.deletion.delete(collection, entity, request.query)
        if method == "PATCH":
            return self._patched(request, collection, entity)
        # Profiles, sample data, followers, …: recorded, and answered with the entity as it stands.
        return Response(200, entity)

    def _written(self, request: Request, collection: str) -> Response:
        entity, is_new = self.entities.put_or_find(collection, request.body, replaces=request.method == "PUT")
        return already_exists() if entity is None else Response(201 if is_new else 200, entity)

    def _patched(self, request: Request, collection: str, entity: Entity) -> Response:
        if request.content_type != _JSON_PATCH:
            return refused(415, "HTTP 415 Unsupported Media Type")
        if not isinstance(request.body, list):
            return refused(400, "Unable to process JSON")
        try:
            patched = apply_patch(entity, request.body)
        except ValueError as error:
            return refused(500, str(error))
        if collection == WORKFLOWS and patched.get("status") not in _ENDS:
            return refused(500, "Failed to convert JsonValue to target class")
        if holds_nul(patched):
            return refused(500, "unsupported Unicode escape sequence: \\u0000 cannot be converted to text")
        if collection == PIPELINES and patched != entity:
            patched["updatedAt"] = int(time.time() * 1000)
            if (refusal := self.driving.changed(entity, patched)) is not None:
                return refusal
        kept = self.entities.put(collection, patched)
        if collection == PIPELINES and patched != entity:
            self.driving.overtaken(entity, kept)
        return Response(200, kept)

    def _with_fields(self, entity: Entity, query: Mapping[str, str]) -> Entity:
        if "pipelineStatuses" in query.get("fields", "").split(","):
            latest = self.statuses.latest(entity["fullyQualifiedName"])
            return {**entity, **({"pipelineStatuses": latest} if latest else {})}
        return entity

    def _bulk(self, collection: str, requests: list[Any]) -> Response:
        passed = [{"request": self.entities.put(collection, item), "status": 200} for item in requests]
        rows = {"numberOfRowsProcessed": len(passed), "numberOfRowsPassed": len(passed), "numberOfRowsFailed": 0}
        return Response(
            200, {"dryRun": False, "status": "success", **rows, "successRequest": passed, "failedRequest": []}
        )

    def _listing(self, collection: str, query: Mapping[str, str]) -> Response:
        wanted = _INCLUDED[query.get("include", "non-deleted")]
        found = [entity for entity in self.entities.listed(collection) if entity["deleted"] in wanted]
        for key in ("service", "database", "databaseSchema"):
            if key in query:
                prefix = query[key] + "."
                found = [entity for entity in found if entity["fullyQualifiedName"].startswith(prefix)]
        return _page(found, query)

    def _find(self, collection: str, rest: tuple[str, ...], query: Mapping[str, str]) -> Entity | None:
        found = None
        if len(rest) >= 2 and rest[0] == "name":
            found = self.entities.get(collection, rest[1])
        elif rest:
            found = self.entities.get_by_id(collection, rest[0])
        wanted = _INCLUDED[query.get("include", "non-deleted")]
        return found if found is not None and found["deleted"] in wanted else None


def _page(found: list[Entity], query: Mapping[str, str]) -> Response:
    """A page by name and id, as the real server has them; the cursor says after which entity it begins."""
    found = sorted(found, key=_place)
    begin = 0
    if "after" in query:
        try:
            cursor = tuple(json.loads(base64.urlsafe_b64decode(query["after"])))
        except (binascii.Error, ValueError):
            return refused(400, "Invalid cursor")
        begin = next((number for number, entity in enumerate(found) if _place(entity) > cursor), len(found))
    page = found[begin : begin + int(query.get("limit", "10"))]
    paging: dict[str, Any] = {"total": len(found)}
    if page and page[-1] is not found[-1]:
        paging["after"] = base64.urlsafe_b64encode(json.dumps(_place(page[-1])).encode()).decode()
    return Response(200, {"data": page, "paging": paging})


def _place(entity: Entity) -> tuple[str, str]:
    return str(entity.get("name", "")), str(entity["id"])


def _split_collection(segments: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    depth = 2 if len(segments) > 1 and f"{segments[0]}/" in _DEEP else 1
    if segments[0] == "apps" and segments[1:2] != ("marketplace",):
        depth = 1
    return "/".join(segments[:depth]), segments[depth:]


def _definition(name: str) -> Entity:
    """The steps of a connection test: the one that every connector has, and for Postgres what it lists."""
    steps = [_step("CheckAccess", mandatory=True)]
    if name.startswith("Postgres."):
        steps += [_step("GetSchemas", mandatory=True), _step("GetTables", mandatory=True)]
        steps += [_step("GetViews", mandatory=False)]
    return {
        "id": "00000000-0000-4000-8000-000000000001",
        "name": name.removesuffix(".testConnectionDefinition"),
        "fullyQualifiedName": name,
        "steps": steps,
    }


def _step(name: str, *, mandatory: bool) -> Entity:
    return {
        "name": name,
        "description": f"Stand-in definition of {name}.",
        "mandatory": mandatory,
        "shortCircuit": name == "CheckAccess",
    }
