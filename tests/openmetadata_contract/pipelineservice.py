"""A pipeline service that says what a test wants it to say of queued runs."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


class PipelineService:
    """Listens at a place, as the plugin of Airflow 3 does; notes for which pipelines queued runs are asked for.

    Attributes:
        queued: The elements that it responds with.
        status: With which status.
        asked: The names of the pipelines that it was asked for.
    """

    def __init__(self, place: str) -> None:
        host, _, port = place.rpartition(":")
        self.queued: list[Any] = []
        self.status = 200
        self.asked: list[str] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            # By HTTP/1.0: a connection that is kept would be served on, while another one listens.
            def say(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, body = service._response(self.path)
                payload = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            do_GET = do_POST = do_DELETE = say

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer((host, int(port)), Handler)
        self._server.daemon_threads = True
        self.address = f"http://{host}:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _response(self, path: str) -> tuple[int, Any]:
        parts = urlsplit(path)
        if parts.path.endswith("/status"):
            self.asked += parse_qs(parts.query)["dag_id"]
            return self.status, self.queued
        return 200, {"status": "healthy", "version": "1.12.6", "message": "ok"}
