"""Middleware of all requests: normalizes slashes, checks the login, logs, counts, and catches unexpected errors.

Plain ASGI: FastAPI's own middleware would log the traceback of an unexpected error, which may hold a secret.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from k8s_pipeline_client.domain.redaction import redacted_traceback
from k8s_pipeline_client.errors import InputError
from k8s_pipeline_client.jsonlog import FACTS
from k8s_pipeline_client.service.auth import Credentials
from k8s_pipeline_client.service.metrics import Metrics
from k8s_pipeline_client.service.responses import Json, refused
from k8s_pipeline_client.service.roots import is_open, operation_of, plain

_LOG = logging.getLogger(__name__)
_SHOWN = 256


class Front:
    """Checks the login of each request, passes it on, and logs and counts the response."""

    def __init__(self, app: ASGIApp, credentials: Credentials, metrics: Metrics) -> None:
        """Take the application behind it."""
        self._app = app
        self._credentials = credentials
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a request; pass on what is none, such as the server's start and end."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # no client uses web sockets
            await send({"type": "websocket.close", "code": 1000})
            return
        path = plain(scope["path"])
        scope = {**scope, "path": path, "raw_path": path.encode("utf-8", "surrogateescape"), "root_path": ""}
        seen = _Seen(send)
        begun = time.monotonic()
        with self._metrics.in_progress.track_inprogress():
            await self._answer(scope, receive, seen)
        seconds = time.monotonic() - begun
        operation = operation_of(path)
        self._metrics.respond(operation, seen.status, seconds)
        _LOG.log(
            logging.DEBUG if operation in ("health", "metrics") and seen.status == 200 else logging.INFO,
            "%s %s returned %d",
            scope["method"],
            operation,
            seen.status,
            extra={
                FACTS: {
                    "method": scope["method"],
                    "path": path[:_SHOWN],  # a query may hold anything, and is not shown
                    "status": seen.status,
                    "milliseconds": round(seconds * 1000, 1),
                    "client": (scope.get("client") or ("", 0))[0],
                }
            },
        )

    async def _answer(self, scope: Scope, receive: Receive, send: _Seen) -> None:
        if not is_open(scope["path"]) and not self._credentials.accepts(_header(scope, b"authorization")):
            error = InputError(
                "invalid user name or password",
                code="NotLoggedIn",
                hint="set username and password in pipelineServiceClientConfiguration.parameters of OpenMetadata's "
                "server to those of the pipeline service",
            )
            answer = refused(error, {"WWW-Authenticate": 'Basic realm="k8s-pipeline", charset="UTF-8"'})
            await answer(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            # Not its text, which may quote anything.
            _LOG.error(
                "unexpected %s: a bug of this program",
                type(error).__name__,
                extra={FACTS: {"traceback": redacted_traceback(error)}},
            )
            if not send.status:
                await _fault()(scope, receive, send)


class _Seen:
    """Sends, and remembers the status."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)


def _fault() -> Json:
    return Json(
        {"error": "the pipeline service failed: a bug of its own — report it with its log", "code": "Unexpected"}, 500
    )


def _header(scope: Scope, name: bytes) -> str | None:
    found: list[Any] = [value for key, value in scope["headers"] if key == name]
    return found[0].decode("latin-1") if len(found) == 1 else None
