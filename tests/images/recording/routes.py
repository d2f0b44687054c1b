"""What each request gets as an answer, without HTTP: the part of the OpenMetadata API that a run uses."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from .entities import Entities, Entity
from .jsonpatch import apply_patch
from .runs import Runs

PIPELINES = "services/ingestionPipelines"

# Collections whose path has more than one segment; every other one has a single segment.
_DEEP = ("services/", "automations/", "dataQuality/", "drives/", "dashboard/", "analytics/", "events/", "apps/")


@dataclass(frozen=True)
class Request:
    """A request without its transport: `path` is decoded segment by segment, below `/v1`."""

    method: str
    segments: tuple[str, ...]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True)
class Response:
    """Status and JSON body; None is an empty body."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def segments_of(raw_path: str) -> tuple[str, ...] | None:
    """The decoded segments below `/api/v1` (or `/v1`); None for any other path."""
    match = re.match(r"^(?:/api)?/v1/(.+?)/?$", raw_path)
    return None if match is None else tuple(unquote(part) for part in match.group(1).split("/"))


def not_found(kind: str, name: str) -> Response:
    return Response(404, {"code": 404, "message": f"{kind} instance for {name} not found"})


class Api:
    """The state and the routes over it."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.entities = Entities()
        self.runs = Runs()

    def answer(self, request: Request) -> Response:
        collection, rest = _split_collection(request.segments)
        special: dict[str, Callable[[Request, tuple[str, ...]], Response | None]] = {
            "system": self._system,
            PIPELINES: self._pipelines,
            "services/testConnectionDefinitions": self._test_connection_definition,
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

    def _pipelines(self, request: Request, rest: tuple[str, ...]) -> Response | None:
        if len(rest) >= 3 and rest[0] == "logs":
            return self._logs(request, rest[1], rest[2], closing=rest[3:] == ("close",))
        if len(rest) >= 2 and rest[1] == "pipelineStatus":
            return self._pipeline_status(request, rest[0], rest[2] if len(rest) > 2 else None)
        return None

    def _logs(self, request: Request, fqn: str, run_id: str, *, closing: bool) -> Response:
        if request.method == "GET":
            return Response(200, {"ingestion_task": self.runs.log(fqn, run_id), "total": "1"})
        if closing:
            self.runs.close_log(fqn, run_id)
        else:
            self.runs.add_log(fqn, run_id, request.body if isinstance(request.body, dict) else {})
        return Response(200, {})

    def _pipeline_status(self, request: Request, fqn: str, run_id: str | None) -> Response:
        if self.entities.get(PIPELINES, fqn) is None:
            return not_found("ingestionPipeline", fqn)
        if request.method == "PUT":
            if not isinstance(request.body, dict) or not request.body.get("runId"):
                return Response(400, {"code": 400, "message": "a pipeline status needs a runId"})
            self.runs.put_status(fqn, request.body)
            return Response(200, request.body)
        if run_id is not None:
            row = self.runs.status(fqn, run_id)
            # The real server has no body for an unknown run, and no 404 either.
            return Response(204) if row is None else Response(200, row)
        start, end = (int(request.query.get(key, default)) for key, default in _RANGE)
        rows = self.runs.statuses(fqn, start, end)
        return Response(200, {"data": rows, "paging": {"total": len(rows)}})

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
            return Response(200 if method == "PUT" else 201, self.entities.put(collection, request.body))
        if not rest and method == "GET":
            return self._listing(collection, request.query)
        entity = self._find(collection, rest)
        if entity is None:
            return not_found(collection.rsplit("/", 1)[-1].removesuffix("s"), "/".join(rest[-1:]))
        if method == "GET":
            return Response(200, entity)
        if method == "DELETE":
            self.entities.delete(collection, entity)
            return Response(200, entity)
        if method == "PATCH" and isinstance(request.body, list):
            try:
                return Response(200, self.entities.put(collection, apply_patch(entity, request.body)))
            except ValueError as error:
                return Response(400, {"code": 400, "message": str(error)})
        # Profiles, sample data, followers, …: recorded, and answered with the entity as it stands.
        return Response(200, entity)

    def _bulk(self, collection: str, requests: list[Any]) -> Response:
        passed = [{"request": self.entities.put(collection, item), "status": 200} for item in requests]
        rows = {"numberOfRowsProcessed": len(passed), "numberOfRowsPassed": len(passed), "numberOfRowsFailed": 0}
        return Response(
            200, {"dryRun": False, "status": "success", **rows, "successRequest": passed, "failedRequest": []}
        )

    def _listing(self, collection: str, query: Mapping[str, str]) -> Response:
        found = self.entities.listed(collection)
        for key in ("service", "database", "databaseSchema"):
            if key in query:
                prefix = query[key] + "."
                found = [entity for entity in found if entity["fullyQualifiedName"].startswith(prefix)]
        return _page(found, query)

    def _find(self, collection: str, rest: tuple[str, ...]) -> Entity | None:
        if len(rest) >= 2 and rest[0] == "name":
            return self.entities.get(collection, rest[1])
        return self.entities.get_by_id(collection, rest[0]) if rest else None


def _page(found: list[Entity], query: Mapping[str, str]) -> Response:
    """A page by name and id, as the real server has them; the cursor says after which entity it begins."""
    found = sorted(found, key=_place)
    begin = 0
    if "after" in query:
        try:
            cursor = tuple(json.loads(base64.urlsafe_b64decode(query["after"])))
        except (binascii.Error, ValueError):
            return Response(400, {"code": 400, "message": "Invalid cursor"})
        begin = next((number for number, entity in enumerate(found) if _place(entity) > cursor), len(found))
    page = found[begin : begin + int(query.get("limit", "10"))]
    paging: dict[str, Any] = {"total": len(found)}
    if page and page[-1] is not found[-1]:
        paging["after"] = base64.urlsafe_b64encode(json.dumps(_place(page[-1])).encode()).decode()
    return Response(200, {"data": page, "paging": paging})


def _place(entity: Entity) -> tuple[str, str]:
    return str(entity.get("name", "")), str(entity["id"])


_RANGE = (("startTs", "0"), ("endTs", str(2**62)))


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
