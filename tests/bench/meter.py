"""Counts what this process asks of the API server: requests by their kind, and the bytes of the answers.

At the bottom of the standard library, so that it holds for whatever is built above that, and costs next to nothing
while something is timed.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from unittest.mock import patch

_LISTED = ("cronjobs", "jobs", "secrets", "configmaps", "pods", "events")


@dataclass
class Count:
    """What was asked.

    Attributes:
        requests: Method and path, with the query.
        received: Bytes of the answers, decrypted, with their headers.
    """

    requests: list[tuple[str, str]] = field(default_factory=list)
    received: int = 0

    @property
    def lists(self) -> int:
        """How many were pages of lists."""
        return sum(method == "GET" and _path(url).rpartition("/")[2] in _LISTED for method, url in self.requests)

    @property
    def writes(self) -> int:
        """How many wrote; one that changes nothing is one, too."""
        return sum(method != "GET" for method, _ in self.requests)

    @property
    def log_reads(self) -> int:
        """How many read a log."""
        return sum(_path(url).endswith("/log") for _, url in self.requests)


@contextmanager
def metered() -> Iterator[Count]:
    """Count while the block runs, in all threads."""
    count, lock = Count(), threading.Lock()
    put, receive = HTTPConnection.putrequest, ssl.SSLSocket.recv_into

    def putrequest(self: HTTPConnection, method: str, url: str, *words: Any, **more: Any) -> None:
        count.requests.append((method, url))
        put(self, method, url, *words, **more)

    def recv_into(self: ssl.SSLSocket, *words: Any, **more: Any) -> int | None:
        got = receive(self, *words, **more)
        with lock:
            count.received += got or 0
        return got

    with patch.object(HTTPConnection, "putrequest", putrequest), patch.object(ssl.SSLSocket, "recv_into", recv_into):
        yield count


def _path(url: str) -> str:
    return url.partition("?")[0]
