"""Stands for the HTTP service as far as its health is asked for."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

_PATH = "/pluginsv2/api/v2/openmetadata/health-auth"


class Service:
    """Answers on a port of this machine.

    Attributes:
        reason: Why it is not well; it is if empty.
    """

    password = "the-password-of-the-service"

    def __init__(self) -> None:
        self.reason = ""
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = service._answer(self.path, self.headers.get("Authorization", ""))
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """Without a path."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, path: str, authorization: str) -> tuple[int, dict[str, str]]:
        if path != _PATH:
            return 404, {"error": "no such path"}
        if authorization != f"Basic {base64.b64encode(f'admin:{self.password}'.encode()).decode()}":
            return 401, {"error": "wrong user or password"}
        if self.reason:
            return 503, {"status": "unhealthy", "reason": self.reason}
        return 200, {"status": "healthy", "version": "1.12.14"}
