"""Stands in for an API server: answers every request with an empty list, and remembers as whom it was asked."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from tests.cluster.local.certificates import Authority, KeyPair

SERVER_NAME = "kubernetes.test"


class StandIn:
    """An API server on this machine.

    Attributes:
        seen: As whom it was asked, request by request; see `_who`.
        refused: So many of the next requests are answered with 401.
        answers: Until it is set, requests are taken and wait.
        asked: Set by a request.
    """

    def __init__(self, folder: Path, *, tls: bool = True, names: tuple[str, ...] = ("127.0.0.1", SERVER_NAME)) -> None:
        """Make its certificates, and begin to listen."""
        self.authority = Authority("stand-in authority")
        self.seen: list[str] = []
        self.refused = 0
        self.answers, self.asked = threading.Event(), threading.Event()
        self.answers.set()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._server.context = _context(folder, self.authority, names) if tls else None
        self.scheme = "https" if tls else "http"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @classmethod
    @contextmanager
    def open(cls, folder: Path, **options: Any) -> Iterator[StandIn]:
        """Listen until the end of the block."""
        found = cls(folder, **options)
        try:
            yield found
        finally:
            found.answers.set()
            found._server.shutdown()
            found._server.server_close()

    @property
    def address(self) -> str:
        """Its address, without a scheme."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def ca(self) -> str:
        """The certificate of its authority, PEM."""
        return self.authority.pair.certificate.decode()

    def client(self, name: str) -> KeyPair:
        """Return a client's certificate that it knows."""
        return self.authority.client(name)

    def who(self) -> str:
        """Return as whom it was asked since the last call; nobody asked gives an empty text."""
        found = ", then ".join(dict.fromkeys(self.seen))
        self.seen.clear()
        return found


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: StandIn
    context: ssl.SSLContext | None

    def finish_request(self, request: Any, client_address: Any) -> None:
        # In the thread of the connection: a client that says nothing holds up no other.
        with suppress(OSError):
            if self.context is not None:
                request = self.context.wrap_socket(request, server_side=True)
            with request:
                super().finish_request(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        owner = cast(_Server, self.server).owner
        owner.seen.append(_who(self))
        owner.asked.set()
        owner.answers.wait(60)
        status = 200
        body: dict[str, Any] = {"kind": "List", "apiVersion": "v1", "metadata": {}, "items": []}
        if owner.refused:
            owner.refused -= 1
            status = 401
            body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "Unauthorized", "code": 401}
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _who(request: _Handler) -> str:
    """Return the login of a request, such as ``certificate jane``, ``token x``, ``password joe:y``."""
    found = []
    connection = request.connection
    certificate = connection.getpeercert() if isinstance(connection, ssl.SSLSocket) else None
    for part in cast(Any, (certificate or {}).get("subject", ())):
        found += [f"certificate {value}" for name, value in part if name == "commonName"]
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Bearer":
        found.append(f"token {rest}")
    elif scheme:
        found.append(f"password {base64.b64decode(rest).decode()}")
    for name, value in sorted(request.headers.items()):
        if name.lower().startswith("impersonate-"):
            text = value.encode("latin-1").decode()
            found.append(f"{name.lower().removeprefix('impersonate-')}={text}")
    return " ".join(found) or "anonymous"


def _context(folder: Path, authority: Authority, names: tuple[str, ...]) -> ssl.SSLContext:
    authority.server("stand-in", names).write(folder, "standin")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "standin.crt", folder / "standin.key")
    context.load_verify_locations(cadata=authority.pair.certificate.decode())
    context.verify_mode = ssl.CERT_OPTIONAL
    return context
