"""A proxy in front of the real API server that loses, delays and breaks answers where a test asks for it.

The client under test comes by plain HTTP, to which it gives no login; the proxy speaks TLS to the API server, with the
account's token, as `kubectl proxy` does. What it forwards is really done; what it breaks is broken on the wire.
"""

from __future__ import annotations

import base64
import json
import re
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPResponse, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.cluster.support.program import Program
from tests.cluster.support.space import until

WRITES = "POST|PATCH|PUT|DELETE"
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "accept-encoding"}


@dataclass
class Request:
    """What came in.

    Attributes:
        status: What was answered; 0 where there was no whole answer.
    """

    method: str
    path: str
    status: int = 0

    @property
    def is_write(self) -> bool:
        """Whether it changes something."""
        return re.fullmatch(WRITES, self.method) is not None


Effect = Callable[["_Handler"], None]
"""Answers a request in place of the API server, well or badly."""


@dataclass
class Rule:
    """A fault, and which requests it hits.

    Attributes:
        hit: Set once it has struck.
    """

    effect: Effect
    method: str
    path: str
    nth: int
    times: int | None
    seen: int = 0
    hit: threading.Event = field(default_factory=threading.Event)

    def strikes(self, method: str, path: str) -> bool:
        """Count a request, and return whether it is hit."""
        if not re.fullmatch(self.method, method) or not re.search(self.path, path):
            return False
        self.seen += 1
        struck = self.seen >= self.nth and (self.times is None or self.seen < self.nth + self.times)
        if struck:
            self.hit.set()
        return struck


def answer(status: int, *, message: str = "made up by the test", **headers: str) -> Effect:
    """Response with a Kubernetes Status, without asking the API server; headers as `retry_after="1"`."""

    def effect(handler: _Handler) -> None:
        reasons = {410: "Expired", 429: "TooManyRequests", 403: "Forbidden", 422: "Invalid", 409: "Conflict"}
        body = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reasons.get(status, "InternalError"),
            "code": status,
        }
        handler.reply(status, json.dumps(body).encode(), {key.replace("_", "-"): text for key, text in headers.items()})

    return effect


def garbage(body: bytes, status: int = 200) -> Effect:
    """Response with something that no API server says."""

    def effect(handler: _Handler) -> None:
        handler.reply(status, body, {})

    return effect


def reset_before(handler: _Handler) -> None:
    """Reset the connection; the API server never hears of the request."""
    handler.reset()


def reset_after(handler: _Handler) -> None:
    """Have the API server do it, and reset the connection in place of the answer."""
    handler.forward().read()
    handler.reset()


def truncated(handler: _Handler) -> None:
    """Have the API server do it, and send half of the answer under the length of the whole."""
    found = handler.forward()
    body = found.read()
    handler.reply(found.status, body[: len(body) // 2], {}, length=len(body))
    handler.close_connection = True


def hang(handler: _Handler) -> None:
    """Keep the connection open and say nothing, until the proxy is closed."""
    handler.proxy.closed.wait()
    handler.reset()


def hang_after(handler: _Handler) -> None:
    """Have the API server do it, and say nothing until the proxy is closed."""
    handler.forward().read()
    hang(handler)


def slow(seconds: float) -> Effect:
    """Response truly, but late."""

    def effect(handler: _Handler) -> None:
        handler.proxy.closed.wait(seconds)
        handler.passed_on()

    return effect


def trickle(pause: float) -> Effect:
    """Response truly, a byte at a time."""

    def effect(handler: _Handler) -> None:
        found = handler.forward()
        body = found.read()
        handler.reply(found.status, b"", {}, length=len(body))
        for byte in body:
            if handler.proxy.closed.wait(pause):
                break
            handler.wfile.write(bytes([byte]))

    return effect


class FaultProxy:
    """Runs the proxy on a port of the loopback interface."""

    def __init__(self, kubeconfig: Path) -> None:
        """Take the kubeconfig that names the real API server."""
        config = yaml.safe_load(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        self._config = config
        self.upstream = urlsplit(cluster["server"])
        self.login = {"Authorization": f"Bearer {config['users'][0]['user']['token']}"}
        self.tls = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        self.closed = threading.Event()
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._requests: list[Request] = []
        self._connections: set[socket.socket] = set()
        self._port = 0
        self._server: _Server | None = None
        self.listen()

    @property
    def requests(self) -> list[Request]:
        """All that came in so far, in that order."""
        with self._lock:
            return list(self._requests)

    @property
    def connections(self) -> int:
        """How many connections are open."""
        with self._lock:
            return len(self._connections)

    def fault(self, effect: Effect, *, method: str = ".*", path: str = "", nth: int = 1, times: int | None = 1) -> Rule:
        """Have requests hit: the nth that fits and those after it, ``times`` in all; None is forever."""
        rule = Rule(effect, method, path, nth, times)
        with self._lock:
            self._rules.append(rule)
        return rule

    def mend(self) -> None:
        """Forget all faults and requests."""
        with self._lock:
            self._rules.clear()
            self._requests.clear()

    def kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig that leads through the proxy."""
        config = {**self._config}
        config["clusters"] = [
            {"name": item["name"], "cluster": {"server": f"http://127.0.0.1:{self._port}"}}
            for item in config["clusters"]
        ]
        path.write_text(yaml.safe_dump(config))
        return path

    def listen(self) -> None:
        """Take connections, at the same port as before."""
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()

    def refuse(self) -> None:
        """Break all connections and refuse new ones, as an API server does that has been killed."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            break_off(connection)

    def close(self) -> None:
        """Stop for good."""
        self.closed.set()
        self.refuse()

    def struck(self, method: str, path: str) -> Rule | None:
        """Return the first fault that hits a request."""
        with self._lock:
            hits = [rule for rule in self._rules if rule.strikes(method, path)]
        return hits[0] if hits else None

    def record(self, request: Request) -> None:
        """Note that a request came in."""
        with self._lock:
            self._requests.append(request)

    def hold(self, connection: socket.socket) -> None:
        """Remember a connection."""
        with self._lock:
            self._connections.add(connection)

    def forget(self, connection: socket.socket) -> None:
        """Forget a connection."""
        with self._lock:
            self._connections.discard(connection)


def killed_at(program: Program, proxy: FaultProxy, write: int, *words: str) -> bool:
    """Start a command and kill it at its nth write, which does not happen; False if it ends before."""
    rule = proxy.fault(hang, method=WRITES, nth=write, times=None)
    process = program.start(*words)
    until(lambda: rule.hit.is_set() or process.poll() is not None, "the write, or the end")
    reached = rule.hit.is_set()
    process.kill()
    output = process.communicate()[0]
    assert reached or process.returncode == 0, output
    return reached


def break_off(connection: socket.socket) -> None:
    """Reset a connection: RST, not FIN."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)
        connection.close()
    except OSError:
        return  # it is broken already


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], proxy: FaultProxy) -> None:
        self.proxy = proxy
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError | ValueError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    @property
    def proxy(self) -> FaultProxy:
        return self.server.proxy

    def setup(self) -> None:
        super().setup()
        self.proxy.hold(self.connection)

    def finish(self) -> None:
        self.proxy.forget(self.connection)
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the tests read `requests`."""

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self._body = self.rfile.read(length)
        if len(self._body) < length:  # broken off in the midst of it: no API server would take it for a request
            self.close_connection = True
            return
        rule = self.proxy.struck(self.command, self.path)
        self._request = Request(self.command, self.path)
        self.proxy.record(self._request)
        if rule:
            rule.effect(self)
        else:
            self.passed_on()

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _handle

    def forward(self) -> HTTPResponse:
        """Have the API server answer."""
        upstream = self.proxy.upstream
        connection = HTTPSConnection(upstream.hostname or "", upstream.port, timeout=60, context=self.proxy.tls)
        headers = {key: text for key, text in self.headers.items() if key.lower() not in _HOP_BY_HOP}
        headers |= {"Connection": "close", **self.proxy.login}
        connection.request(self.command, self.path, self._body or None, headers)
        return connection.getresponse()

    def passed_on(self) -> None:
        """Response as the API server does."""
        found = self.forward()
        if found.headers.get("Content-Length") is None and "/log" in self.path:
            self._streamed(found)
            return
        kept = {key: text for key, text in found.headers.items() if key.lower() not in _HOP_BY_HOP}
        self.reply(found.status, found.read(), kept)

    def reply(self, status: int, body: bytes, headers: dict[str, str], *, length: int | None = None) -> None:
        """Response; with a length that is not the body's, a lie."""
        self._request.status = status if length is None else 0
        self.send_response_only(status)
        for key, text in {"Content-Type": "application/json", **headers}.items():
            self.send_header(key, text)
        if "Date" not in headers:
            self.send_header("Date", self.date_time_string())
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def reset(self) -> None:
        """Reset the connection."""
        self.close_connection = True
        break_off(self.connection)

    def _streamed(self, found: HTTPResponse) -> None:
        self._request.status = found.status
        self.send_response_only(found.status)
        self.send_header("Connection", "close")
        self.end_headers()
        while chunk := found.read1(65536):
            self.wfile.write(chunk)
        self.close_connection = True
