"""What the server was asked, in order."""

import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .access import claims_of


@dataclass(frozen=True)
class Recorded:
    """One request as it arrived, with the answer that it got."""

    seq: int
    time: float
    method: str
    path: str
    query: dict[str, str]
    body: Any
    auth: dict[str, Any]
    status: int

    def as_json(self) -> dict[str, Any]:
        return dict(self.__dict__)


class Journal:
    """Every request, numbered from 1; reading says where to read on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Recorded] = []
        self._last = 0

    def record(
        self,
        *,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Any,
        auth: Mapping[str, Any],
        status: int,
    ) -> None:
        with self._lock:
            # The number goes on after clear(), so that a reader's `since` never points at other requests.
            self._last += 1
            entry = Recorded(self._last, round(time.time(), 3), method, path, dict(query), body, dict(auth), status)
            self._entries.append(entry)

    def since(self, seq: int = 0) -> list[Recorded]:
        with self._lock:
            return [entry for entry in self._entries if entry.seq > seq]

    @property
    def last(self) -> int:
        with self._lock:
            return self._last

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


def describe_auth(header: str | None) -> dict[str, Any]:
    """Who asked, without the token: scheme, the JWT's subject and a digest that tells tokens apart."""
    if not header:
        return {"present": False}
    scheme, _, token = header.partition(" ")
    return {
        "present": True,
        "scheme": scheme,
        "subject": _subject(token),
        "tokenSha256": token_digest(token),
    }


def token_digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _subject(token: str) -> str | None:
    subject = (claims_of(token) or {}).get("sub")
    return subject if isinstance(subject, str) else None
