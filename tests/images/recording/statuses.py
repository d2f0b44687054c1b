"""The routes of status rows: `{fqn}/pipelineStatus`, and `{id}/pipelineStatus` to delete them."""

from typing import Any

from .entities import Entities, Entity
from .queued import PipelineService, QueuedError
from .rowcheck import InvalidRowError, checked, holds_nul
from .rows import Row, Rows, TakenError
from .runs import Runs
from .wire import Request, Response, already_exists, no_such_path, not_found, refused, uuid_of

PIPELINES = "services/ingestionPipelines"
_KIND = "ingestionPipeline"
_FEW = 5  # of a list without bounds


class Statuses:
    """Answers for the rows of runs; what was accepted is kept beside them in order."""

    def __init__(self, entities: Entities, runs: Runs, service: PipelineService) -> None:
        self.rows = Rows()
        self._entities = entities
        self._runs = runs
        self._service = service

    def answer(self, request: Request, pipeline: str, run_id: str | None) -> Response | None:
        if request.method == "PUT" and run_id is None:
            return self._put(request, pipeline)
        if request.method == "DELETE":
            return self._delete(pipeline, run_id)
        if request.method == "GET":
            return self._listed(request, pipeline) if run_id is None else self._get(pipeline, run_id)
        return None

    def latest(self, fqn: str) -> Row | None:
        """What the field `pipelineStatuses` of a pipeline shows."""
        return next(iter(self.rows.listed(fqn)), None)

    def seed(self, fqn: str, row: dict[str, Any]) -> None:
        """Put a row that was there before the test; those without a timestamp get one after the other."""
        self._runs.note_status(fqn, row)
        self.rows.put(fqn, {"timestamp": 1 + len(self.rows.listed(fqn)), "status": [], **row}, lambda: None)

    def _put(self, request: Request, fqn: str) -> Response:
        if request.body is None:
            return refused(500, "Cannot invoke PipelineStatus.getRunId() because pipelineStatus is null")
        try:
            row = checked(request.body)
        except InvalidRowError as error:
            return refused(400, str(error))
        pipeline = self._pipeline(fqn)
        if pipeline is None:
            return not_found(_KIND, fqn)
        if "timestamp" not in row:
            return refused(500, 'null value in column "timestamp" violates not-null constraint')
        if holds_nul(request.body):
            return refused(500, "unsupported Unicode escape sequence: \\u0000 cannot be converted to text")
        before = self.rows.of_run(fqn, row.get("runId"))
        try:
            self.rows.put(fqn, row, request.between)
        except TakenError:
            return already_exists()
        self._runs.note_status(fqn, request.body)
        return Response(201, _change_event(pipeline, row, before))

    def _get(self, fqn: str, run_id: str) -> Response:
        wanted = uuid_of(run_id)
        if wanted is None:
            return no_such_path()
        if self._pipeline(fqn) is None:
            return not_found(_KIND, fqn)
        row = self.rows.of_run(fqn, wanted)
        # The real server has no body for an unknown run, and no 404 either.
        return Response(204) if row is None else Response(200, row)

    def _listed(self, request: Request, fqn: str) -> Response:
        pipeline = self._pipeline(fqn)
        if pipeline is None:
            return not_found(_KIND, fqn)
        try:
            numbers = {key: int(request.query[key]) for key in ("startTs", "endTs", "limit") if key in request.query}
        except ValueError:
            return no_such_path()
        if numbers.get("limit", 1) < 1:
            return refused(400, "[query param limit must be greater than or equal to 1]")
        limit = numbers.pop("limit", None if numbers else _FEW)
        rows = self.rows.listed(fqn, numbers.get("startTs", -(2**63)), numbers.get("endTs", 2**63))
        try:
            rows = sorted([*self._service.queued(pipeline), *rows[:limit]], key=_newest_first)
        except QueuedError as error:
            return refused(error.status, str(error))
        except InvalidRowError as error:
            return refused(500, str(error))
        return Response(200, {"data": rows[:limit], "paging": {"total": len(rows[:limit])}})

    def _delete(self, identity: str, run_id: str | None) -> Response:
        wanted = None if run_id is None else uuid_of(run_id)
        if uuid_of(identity) is None or (run_id is not None and wanted is None):
            return no_such_path()
        pipeline = self._entities.get_by_id(PIPELINES, identity)
        if pipeline is None or pipeline["deleted"]:
            return not_found(_KIND, identity)
        self.rows.delete(pipeline["fullyQualifiedName"], wanted)
        return Response(200, pipeline) if wanted is None else Response(204)

    def _pipeline(self, fqn: str) -> Entity | None:
        found = self._entities.get(PIPELINES, fqn)
        return None if found is None or found["deleted"] else found


def _newest_first(row: Row) -> tuple[bool, int]:
    return "timestamp" not in row, -int(row.get("timestamp", 0))


def _change_event(pipeline: Entity, row: Row, before: Row | None) -> dict[str, Any]:
    change = {"name": "pipelineStatus", "newValue": row, **({} if before is None else {"oldValue": before})}
    return {
        "eventType": "entityUpdated",
        "entityType": _KIND,
        "entityId": pipeline["id"],
        "entityFullyQualifiedName": pipeline["fullyQualifiedName"],
        "currentVersion": pipeline["version"],
        "changeDescription": {"fieldsAdded": [], "fieldsUpdated": [change], "fieldsDeleted": []},
        "entity": {**pipeline, "pipelineStatuses": row},
    }
