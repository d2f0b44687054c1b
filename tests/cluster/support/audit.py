"""The audit log of the local cluster: who asked for what, among everybody who uses the cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Request:
    """One request that was answered.

    Attributes:
        verb: As in a Role; that of HTTP, in small letters, for what is no resource.
        uri: What was asked for.
        namespace: Where; empty for what is in none.
        resource: The plural; empty for what is no resource, such as ``/version``.
        subresource: Empty if the object itself was meant.
        code: The HTTP status; None if the request never got one.
    """

    verb: str
    uri: str
    namespace: str
    resource: str
    subresource: str
    code: int | None


def requests_of(account: str, log: Path) -> Iterator[Request]:
    """Yield the requests of one account, oldest first, out of a log that is being written meanwhile.

    Others' entries need not have anything but JSON: a login that was refused has no user name.

    Args:
        account: The whole user name, such as ``system:serviceaccount:NAMESPACE:NAME``.
        log: The newest file; those that were rotated lie beside it.
    """
    # The API server puts a time that sorts into the name of a file that it rotates.
    rotated = sorted(log.parent.glob(f"{log.stem}-*{log.suffix}"))
    for path in (*rotated, log):
        with path.open(encoding="utf-8", errors="replace") as lines:
            yield from (_read(entry) for entry in _entries(lines, account))


def _entries(lines: Iterator[str], account: str) -> Iterator[dict[str, Any]]:
    for line in lines:
        if account not in line:
            continue  # most of a long log; it is not worth being parsed
        try:
            entry = json.loads(line)
        except ValueError:
            continue  # the last line, half of which is written
        if isinstance(entry, dict) and (entry.get("user") or {}).get("username") == account:
            yield entry


def _read(entry: dict[str, Any]) -> Request:
    about = entry.get("objectRef") or {}
    return Request(
        verb=entry.get("verb", ""),
        uri=entry.get("requestURI", ""),
        namespace=about.get("namespace", ""),
        resource=about.get("resource", ""),
        subresource=about.get("subresource", ""),
        code=(entry.get("responseStatus") or {}).get("code"),
    )
