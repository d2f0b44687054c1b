"""Detects parts of a log that Kubernetes has rotated away, and notes them in the log itself.

The kubelet serves only the newest of a container's log files, and does not tell whether there were others. But the
launcher begins every log with a line of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from k8s_pipeline_client.domain.objects import MAIN_CONTAINER, Object
from k8s_pipeline_client.errors import PipelineError
from k8s_pipeline_client.launcher.beginning import SEARCHED_BYTES, has_first_line
from k8s_pipeline_client.render.config import ANNOUNCE_OPTION
from k8s_pipeline_client.runs.attempts import has_ended, has_message
from k8s_pipeline_client.runs.logstream import Resumable

ROTATED = (
    "the beginning of this log is missing: Kubernetes keeps only the newest part of a long log"
    " (containerLogMaxSize of the kubelet, 10Mi by default)"
)
GAP = "lines may be missing here: Kubernetes rotated the log before they were read"


def lacks_beginning(head: bytes, pod: Object) -> bool:
    """Return whether the beginning of a log is missing.

    Args:
        head: The beginning of the log.
        pod: Its pod; for one of an earlier version, without the launcher's line, this cannot be detected.
    """
    if not _announces(pod) or has_first_line(head):
        return False
    if has_ended(pod):  # without the launcher's message it never started: no Python, or not enough memory
        return has_message(pod)
    return b"\n" in head


def what_is_missing_told(stream: Resumable, response: Iterable[bytes], pod: Object) -> Iterator[bytes]:
    """Yield the new part of a response, in blocks, with lines where something is missing."""
    is_first, was_in_line = stream.since is None, stream.is_in_line
    blocks = in_blocks(stream.feed(response))
    head = next(blocks, b"")
    if is_first and lacks_beginning(head, pod):
        yield _line(ROTATED)
    elif stream.has_gap:
        yield b"\n" * was_in_line + _line(GAP)
    yield head
    yield from blocks


def in_blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same in blocks of at least `SEARCHED_BYTES`, except the last; raise errors after all of it."""
    held: list[bytes] = []
    length = 0
    try:
        for piece in pieces:
            held.append(piece)
            length += len(piece)
            if length >= SEARCHED_BYTES:
                block, held, length = b"".join(held), [], 0
                yield block
    except PipelineError:
        yield b"".join(held)
        raise
    yield b"".join(held)


def _announces(pod: Object) -> bool:
    containers = (pod.get("spec") or {}).get("containers") or []
    return any(item["name"] == MAIN_CONTAINER and ANNOUNCE_OPTION in (item.get("args") or ()) for item in containers)


def _line(text: str) -> bytes:
    return f"k8s-pipeline: {text}\n".encode()
