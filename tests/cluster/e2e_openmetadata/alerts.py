"""Alerts of a real server, and who listens to them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.openmetadata_contract.servers import ADMIN_TOKEN, Document, Server

_ALERTS = "events/subscriptions"


class Listener:
    """Keeps what is posted to it."""

    def __init__(self, host: str) -> None:
        posted: list[Any] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                posted.append(json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.posted = posted
        self._server = ThreadingHTTPServer((host, 0), Handler)
        self.url = f"http://{host}:{self._server.server_port}/alerts"

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        thread = threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join(10)

    def text(self) -> str:
        """Return all that came."""
        return json.dumps(self.posted)


@contextmanager
def alerting(server: Server, states: list[str], listener: Listener) -> Iterator[Document]:
    """Have an alert on the states of runs until the end of the block; an admin makes it."""
    argument = {"name": "ingestionPipelineStateList", "input": states}
    action = {"name": "GetIngestionPipelineStatusUpdates", "effect": "include", "arguments": [argument]}
    create = {
        "name": f"{server.name}-alert",
        "alertType": "Observability",
        "resources": ["ingestionPipeline"],
        "trigger": {"triggerType": "RealTime"},
        "pollInterval": 1,
        "input": {"filters": [], "actions": [action]},
        "destinations": [{"category": "External", "type": "Webhook", "config": {"endpoint": listener.url}}],
    }
    answer = server.call("POST", _ALERTS, create, bearer=ADMIN_TOKEN)
    assert answer.status == 201, answer
    try:
        yield answer.body
    finally:
        server.call("DELETE", f"{_ALERTS}/{answer.body['id']}?hardDelete=true", bearer=ADMIN_TOKEN)
