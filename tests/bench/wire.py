"""Bare requests to the API server over connections that stay open: no retries, no checks, nothing but the request."""

from __future__ import annotations

import base64
import json
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3
import yaml

APPLY = "application/apply-patch+yaml"
JSON = "application/json"
_IDLE_SECONDS = 30.0
"""The API server closes connections that nobody uses, after 90 s."""

Send = Callable[..., Any]
"""``send(method, path, body=None, content_type=JSON)`` returns the answer, parsed; more than 399 is an error."""


@dataclass(frozen=True)
class Server:
    """Where the API server is, and how the Role's account logs in."""

    url: str
    token: str
    context: ssl.SSLContext

    @classmethod
    def of(cls, kubeconfig: Path) -> Server:
        """Read what `tests.cluster.support.space` has written: one cluster, one user with a token."""
        config = yaml.safe_load(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        data = cluster.get("certificate-authority-data")
        context = ssl.create_default_context(cadata=base64.b64decode(data).decode() if data else None)
        if cluster.get("insecure-skip-tls-verify"):
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return cls(cluster["server"].rstrip("/"), config["users"][0]["user"]["token"], context)

    def headers(self, content_type: str) -> dict[str, str]:
        """Return the headers of a request."""
        return {"Authorization": f"Bearer {self.token}", "Accept": JSON, "Content-Type": content_type}

    @contextmanager
    def connections(self, count: int) -> Iterator[list[Connection]]:
        """Open connections of the standard library, each for one thread; a loop does not pay for that."""
        with ExitStack() as stack:
            yield [stack.enter_context(closing(Connection(self))) for _ in range(count)]

    @contextmanager
    def urllib3(self, count: int) -> Iterator[list[Send]]:
        """Make a pool of urllib3 with so many connections, which as many threads share."""
        pool = urllib3.PoolManager(maxsize=count, ssl_context=self.context)

        def send(method: str, path: str, body: Any = None, content_type: str = JSON) -> Any:
            data = None if body is None else json.dumps(body).encode()
            answer = pool.request(method, self.url + path, body=data, headers=self.headers(content_type), retries=False)
            return _parsed(method, path, answer.status, answer.data)

        yield [send] * count
        pool.clear()


class Connection:
    """One connection of `http.client`; of one thread."""

    def __init__(self, server: Server) -> None:
        self._server = server
        parts = urlsplit(server.url)
        self._prefix = parts.path
        self._connection = HTTPSConnection(parts.hostname or "", parts.port or 443, context=server.context)
        self._connection.connect()
        self._used = time.monotonic()

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def __call__(self, method: str, path: str, body: Any = None, content_type: str = JSON) -> Any:
        """Send a request, and return the answer; see `Send`."""
        status, data = self.raw(method, path, body, content_type)
        return _parsed(method, path, status, data)

    def raw(self, method: str, path: str, body: Any = None, content_type: str = JSON) -> tuple[int, bytes]:
        """Send a request, and return status and bytes."""
        if time.monotonic() - self._used > _IDLE_SECONDS:
            self._connection.close()  # the next request opens it again
        data = None if body is None else json.dumps(body).encode()
        self._connection.request(method, self._prefix + path, data, self._server.headers(content_type))
        answer = self._connection.getresponse()
        found = answer.status, answer.read()
        self._used = time.monotonic()
        return found


def _parsed(method: str, path: str, status: int, data: bytes) -> Any:
    if status >= 400:
        raise RuntimeError(f"{method} {path}: {status} {data.decode('utf-8', 'replace')}")
    return json.loads(data)
