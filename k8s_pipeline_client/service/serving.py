"""One request from its bytes to its response: read the body, do the work in a thread, respond in time."""

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
"""As nginx logs it; it is never sent."""


class Serving:
    """What the routes need."""

    def __init__(self, operations: Operations, health: HealthCheck, workers: Workers, *, max_body: int) -> None:
        """Take who does the work."""
        self.operations = operations
        self.health = health
        self.workers = workers
        self._max_body = max_body

    async def with_body(self, request: Request, limit: Limit, work: Callable[[bytes], Any]) -> Response:
        """Respond with what comes of a request's body."""
        try:
            body = await read_body(request, self._max_body)
        except PipelineError as error:
            return refused(error)
        except ClientDisconnect:
            return Response(status_code=_NOBODY_LISTENS)
        return await self.respond(limit, lambda: work(body))

    async def with_query(self, request: Request, limit: Limit, work: Callable[[bytes], Any]) -> Response:
        """Respond with what comes of a request's query."""
        query: bytes = request.scope["query_string"]
        return await self.respond(limit, lambda: work(query))

    async def respond(self, limit: Limit, work: Callable[[], Any]) -> Response:
        """Respond with what comes of work that blocks; of an error, with its status and its words."""
        try:
            found = await self.workers.run(limit, work)
            return found if isinstance(found, Response) else Json(found)
        except PipelineError as error:
            return refused(error)
