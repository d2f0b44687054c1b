"""Reads the stream of a watch: one event a line, as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus

from k8s_pipeline_client.cluster.port import Kind, WatchEvent
from k8s_pipeline_client.errors import ApiError, UnreachableError

PATIENCE = 30
"""Seconds that the API server is given to end a watch itself; then the connection counts as dead."""
_CHANGES = frozenset({"ADDED", "MODIFIED", "DELETED"})


def query_of(seconds: int) -> dict[str, str]:
    """Return the query of a watch that begins with what is there, as the API server has it in memory."""
    return {"watch": "true", "resourceVersion": "0", "timeoutSeconds": str(seconds)}


def events(chunks: Iterable[bytes], kind: Kind, refusal: Callable[[int, bytes], ApiError]) -> Iterator[WatchEvent]:
    """Yield the changes of a watch.

    Args:
        chunks: The body as it arrives.
        kind: Of the objects.
        refusal: Returns the exception for a ``Status`` by which the API server ends the watch.

    Raises:
        ApiError: It has.
        UnreachableError: What arrives is no watch.
    """
    for line in _lines(chunks):
        try:
            event = json.loads(line)
            what, item = str(event["type"]), dict(event["object"])
        except (ValueError, RecursionError, KeyError, TypeError) as error:
            raise UnreachableError(f"the response to a watch of {kind}s is not from a Kubernetes API") from error
        if what == "ERROR":
            code = item.get("code")
            raise refusal(
                code if isinstance(code, int) else HTTPStatus.INTERNAL_SERVER_ERROR, json.dumps(item).encode()
            )
        if what in _CHANGES:
            yield WatchEvent(what, item)


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield whole lines; what the connection has cut off is none."""
    parts: list[bytes] = []
    for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        for line in whole:
            parts.append(line)
            if complete := b"".join(parts).strip():
                yield complete
            parts.clear()
        parts.append(rest)
