"""What makes the server call its pipeline service: buttons, changes and deletes; as the plain generation does it."""

import contextlib
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from .entities import Entities, Entity
from .queued import PipelineService, QueuedError, Said
from .statuses import PIPELINES
from .wire import Request, Response, not_found, refused

_TASKS = {"profiler": "profiler_task", "lineage": "lineage_task", "usage": "usage_task", "dbt": "dbt_task"}
_SOON_MILLISECONDS = 2000
_HIDDEN = "fernet:"


class Driving:
    """Drives the pipeline service, where the server has one."""

    def __init__(self, entities: Entities, service: PipelineService, version: str) -> None:
        self._entities = entities
        self._service = service
        self._version = version

    def answer(self, request: Request, rest: tuple[str, ...]) -> Response | None:
        """Answer for a button of a pipeline; None for what is none."""
        if rest == ("status",) and request.method == "GET":
            return self._health()
        buttons: dict[tuple[str, str], Callable[[Request, Entity], Response]] = {
            ("POST", "deploy"): self._deploy,
            ("POST", "trigger"): self._trigger,
            ("POST", "toggleIngestion"): self._toggle,
            ("POST", "kill"): self._kill,
            ("GET", "logs"): self._logs,
        }
        button = buttons.get((request.method, rest[0])) if rest else None
        if button is None or (rest[0] == "logs" and rest[2:] != ("last",)):
            return None
        pipeline = self._entities.get_by_id(PIPELINES, rest[1])
        if pipeline is None or pipeline["deleted"]:
            return not_found("ingestionPipeline", rest[1])
        try:
            return button(request, pipeline)
        except QueuedError as error:
            return refused(error.status, str(error))

    def _health(self) -> Response:
        said = self._service.call("GET", "health-auth")
        theirs = json.loads(said.text).get("version", "") if said.status == 200 else ""
        if theirs.split(".")[:2] != self._version.split(".")[:2]:
            return Response(200, {"code": 500, "reason": f"Ingestion version {theirs!r}", "platform": "Airflow"})
        return Response(200, {"code": 200, "version": theirs, "platform": "Airflow"})

    def changed(self, before: Entity, after: Entity) -> Response | None:
        """Deploy a change of a deployed pipeline, twice; a refusal, where the change is not to be kept."""
        if not self._service.address or not before.get("deployed"):
            return None
        try:
            for _ in range(2):
                said = self._send(after)
        except QueuedError as error:
            return refused(error.status, str(error))
        return None if said.status == 200 else refused(400, said.text)

    def overtaken(self, before: Entity, after: Entity) -> None:
        """Deploy the state before a change once more, where that follows another change at once."""
        soon = int(after["updatedAt"]) - int(before["updatedAt"]) < _SOON_MILLISECONDS
        if self._service.address and before.get("deployed") and soon:
            with contextlib.suppress(QueuedError):
                self._send(before)

    def deleted(self, pipeline: Entity) -> None:
        """Tell of a delete; whatever comes of it, the entity goes."""
        if self._service.address:
            try:
                self._service.change("DELETE", "delete?" + urlencode({"dag_id": pipeline["name"]}))
            except QueuedError:
                return

    def run_automation(self, workflow: Entity) -> Response:
        """Post a workflow with what is secret in it encrypted, which the service cannot use."""
        hidden = {**_encrypted(workflow), "openMetadataServerConnection": self._service.connection()}
        try:
            return self._told(self._service.change("POST", "run_automation", hidden))
        except QueuedError as error:
            return refused(error.status, str(error))

    def _send(self, pipeline: Entity) -> Said:
        body = {**pipeline, "openMetadataServerConnection": self._service.connection()}
        return self._service.change("POST", "deploy", body)

    def _deploy(self, _request: Request, pipeline: Entity) -> Response:
        said = self._send(pipeline)
        if said.status == 200:
            self._entities.put(PIPELINES, {**pipeline, "deployed": True})
        return self._told(said)

    def _trigger(self, _request: Request, pipeline: Entity) -> Response:
        said = self._service.change("POST", "trigger", {"dag_id": pipeline["name"]})
        # Why it was refused is lost on the way.
        return self._told(said) if said.status == 200 else refused(400, "Failed to trigger IngestionPipeline")

    def _toggle(self, _request: Request, pipeline: Entity) -> Response:
        enabled = not pipeline.get("enabled", True)
        said = self._service.change("POST", "enable" if enabled else "disable", {"dag_id": pipeline["name"]})
        if said.status == 404:
            return Response(200, self._entities.put(PIPELINES, {**pipeline, "deployed": False}))
        toggled = {**pipeline, "enabled": enabled, "updatedAt": int(time.time() * 1000)}
        for _ in range(2):
            self._send(toggled)
        return Response(200, self._entities.put(PIPELINES, toggled))

    def _kill(self, _request: Request, pipeline: Entity) -> Response:
        return self._told(self._service.change("POST", "kill", {"dag_id": pipeline["name"]}))

    def _logs(self, request: Request, pipeline: Entity) -> Response:
        task = _TASKS.get(str(pipeline.get("pipelineType")), "ingestion_task")
        after = {"after": request.query["after"]} if "after" in request.query else {}
        query = urlencode({**after, "dag_id": pipeline["name"], "task_id": task})
        said = self._service.call("GET", f"last_dag_logs?{query}")
        return Response(200, json.loads(said.text)) if said.status == 200 else refused(400, said.text)

    def _told(self, said: Said) -> Response:
        if said.status != 200:
            return refused(400, said.text)
        return Response(200, {"code": 200, "reason": said.text, "platform": "Airflow"})


def _encrypted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: f"{_HIDDEN}{key}" if key == "password" else _encrypted(each) for key, each in value.items()}
    return [_encrypted(each) for each in value] if isinstance(value, list) else value
