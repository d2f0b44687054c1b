"""The operations of the contract, below each of its roots."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from k8s_pipeline_client.service import described, limits, wire
from k8s_pipeline_client.service.described import Message, PipelineStatus, body, query, responses
from k8s_pipeline_client.service.responses import Json
from k8s_pipeline_client.service.serving import Serving
from k8s_pipeline_client.version import __version__

_CSRF = {"csrf_token": "not-needed", "message": "this service needs no CSRF token, and accepts any"}
"""A constant: without a token OpenMetadata's server would fetch one before each POST and DELETE."""


def router(serving: Serving) -> APIRouter:
    """Return the operations, which are the same below each root."""
    found = APIRouter()
    _about(found, serving)
    _changes(found, serving)
    _questions(found, serving)
    _once(found, serving)
    return found


def _about(found: APIRouter, serving: Serving) -> None:
    @found.get("/health")
    async def health() -> Response:
        """Return that the service is alive, whatever the state of the cluster; needs no login."""
        return Json({"status": "healthy", "version": serving.health.known_version or __version__})

    @found.get("/health-auth", responses=responses(503))
    async def health_auth() -> Response:
        """Return whether pipelines can be deployed and run, and the version of OpenMetadata."""

        def look() -> Json:
            verdict = serving.health.check()
            if verdict.reason:
                return Json({"status": "unhealthy", "error": verdict.reason, "code": "Unhealthy"}, 503)
            return Json({"status": "healthy", "version": verdict.version})

        return await serving.respond(limits.HEALTH, look)

    @found.get("/csrf-token", responses=responses())
    async def csrf_token() -> Response:
        """Return a CSRF token, which is not checked."""
        return Json(_CSRF)

    @found.get("/ip", responses=responses(503))
    async def host_ip() -> Response:
        """Return the IP address from which runs reach their sources."""
        return await serving.respond(limits.HOST_IP, serving.operations.host_ip)


def _changes(found: APIRouter, serving: Serving) -> None:
    do = serving.operations

    @found.post(
        "/deploy",
        response_model=Message,
        responses=responses(400, 408, 409, 413, 503),
        openapi_extra=body(described.INGESTION_PIPELINE),
    )
    async def deploy(request: Request) -> Response:
        """Deploy a pipeline; idempotent."""
        return await serving.with_body(request, limits.DEPLOY, lambda sent: do.deploy(wire.document(sent)))

    @found.post(
        "/trigger",
        response_model=Message,
        responses=responses(400, 404, 408, 409, 413, 503),
        openapi_extra=body(wire.Trigger),
    )
    async def trigger(request: Request) -> Response:
        """Start a run of a deployed pipeline."""
        return await serving.with_body(request, limits.TRIGGER, lambda sent: do.trigger(wire.read(wire.Trigger, sent)))

    by_name: dict[str, Any] = {"response_model": Message, "responses": responses(400, 404, 408, 409, 413, 503)}

    @found.post("/enable", **by_name, openapi_extra=body(wire.DagId))
    async def enable(request: Request) -> Response:
        """Enable a pipeline's schedule."""
        return await serving.with_body(request, limits.ENABLE, lambda sent: do.enable(_name(sent)))

    @found.post("/disable", **by_name, openapi_extra=body(wire.DagId))
    async def disable(request: Request) -> Response:
        """Disable a pipeline's schedule."""
        return await serving.with_body(request, limits.DISABLE, lambda sent: do.disable(_name(sent)))

    @found.post("/kill", **by_name, openapi_extra=body(wire.DagId))
    async def kill(request: Request) -> Response:
        """Kill the active runs of a pipeline."""
        return await serving.with_body(request, limits.KILL, lambda sent: do.kill(_name(sent)))

    @found.delete(
        "/delete",
        response_model=Message,
        responses=responses(400, 409, 503),
        openapi_extra=query(dag_id=described.NAME),
    )
    async def delete(request: Request) -> Response:
        """Delete a pipeline with its runs; idempotent."""
        return await serving.with_query(request, limits.DELETE, lambda asked: do.delete(wire.name_of(asked)))


def _questions(found: APIRouter, serving: Serving) -> None:
    do = serving.operations

    @found.get(
        "/status",
        response_model=list[PipelineStatus],
        responses=responses(400, 404, 409, 503),
        openapi_extra=query(dag_id=described.NAME, only_queued=described.FLAG),
    )
    async def status(request: Request) -> Response:
        """Return the newest runs of a pipeline, or its queued ones."""
        return await serving.with_query(
            request,
            limits.STATUS,
            lambda asked: do.statuses(wire.name_of(asked), only_queued=wire.is_queued_only(asked)),
        )

    @found.get(
        "/last_dag_logs",
        response_model=dict[str, str | int],
        responses=responses(400, 404, 409, 503),
        openapi_extra=query(dag_id=described.NAME, task_id=described.TASK, after=described.PAGE),
    )
    async def last_dag_logs(request: Request) -> Response:
        """Return a page of the newest run's log, under the key of its task."""
        return await serving.with_query(request, limits.LOGS, lambda asked: do.logs(wire.log_query(asked)))


def _once(found: APIRouter, serving: Serving) -> None:
    do = serving.operations
    shape: dict[str, Any] = {"response_model": Message, "responses": responses(400, 408, 409, 413, 503)}

    @found.post("/run_automation", **shape, openapi_extra=body(described.AUTOMATION))
    async def run_automation(request: Request) -> Response:
        """Run an automation once, such as the test of a connection."""
        return await serving.with_body(
            request, limits.RUN_AUTOMATION, lambda sent: do.run_automation(wire.document(sent))
        )

    @found.post("/run_application", **shape, openapi_extra=body(described.APPLICATION))
    async def run_application(request: Request) -> Response:
        """Run an application once."""
        return await serving.with_body(
            request, limits.RUN_APPLICATION, lambda sent: do.run_application(wire.document(sent))
        )


def _name(sent: bytes) -> str:
    return wire.read(wire.DagId, sent).dag_id
