"""Handles one request: reads the body, does the work in a thread, responds within the time limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from k8s_pipeline_client.errors import PipelineError
from k8s_pipeline_client.service.bodies import read_body
from k8s_pipeline_client.service.health import HealthCheck
from k8s_pipeline_client.service.limits import Limit
from k8s_pipeline_client.service.operations import Operations
from k8s_pipeline_client.service.responses import Json, refused
from k8s_pipeline_client.service.work import Workers

_NOBODY_LISTENS = 499
"""nginx's status for a client that has disconnected; logged, never sent."""


class Serving:
    """What the routes need."""

    def __init__(self, operations: Operations, health: HealthCheck, workers: Workers, *, max_body: int) -> None:
        """Take what does the work, and the maximum size of a body in bytes."""
        self.operations = operations
        self.health = health
        self.workers = workers
        self._max_body = max_body

    async def with_body(self, request: Request, limit: Limit, work: Callable[[bytes], Any]) -> Response:
        """Return the response to a request, by its body."""
        try:
            body = await read_body(request, self._max_body)
        except PipelineError as error:
            return refused(error)
        except ClientDisconnect:
            return Response(status_code=_NOBODY_LISTENS)
        return await self.respond(limit, lambda: work(body))

    async def with_query(self, request: Request, limit: Limit, work: Callable[[bytes], Any]) -> Response:
        """Return the response to a request, by its query."""
        query: bytes = request.scope["query_string"]
        return await self.respond(limit, lambda: work(query))

    async def respond(self, limit: Limit, work: Callable[[], Any]) -> Response:
        """Return the response with the result of blocking work, or with the status and message of its error."""
        try:
            found = await self.workers.run(limit, work)
            return found if isinstance(found, Response) else Json(found)
        except PipelineError as error:
            return refused(error)
