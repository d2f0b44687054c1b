"""Removes the kubelet's own messages from a log: it writes them into the response, in place of or after the lines.

Such as ``unable to retrieve container logs for containerd://…``, or ``failed to create fsnotify watcher: too many open
files``. Every line of the log begins with a timestamp, as with ``timestamps=true``; a message does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

_LONGEST_STAMP = 64
_LONGEST_MESSAGE = 512
_STAMP = re.compile(rb"[0-9]{4}-[^ ]* ")
_CUT_STAMP = re.compile(rb"[0-9]{0,4}(-[^ ]*)?")
_MESSAGE = re.compile(
    rb"(?:unable to retrieve container logs for|failed to try resolving symlinks in path|"
    rb"failed to create fsnotify watcher|rpc error: code = )[^\n]*\n?"
)


def lines_only(chunks: Iterable[bytes], aside: Callable[[str], None]) -> Iterator[bytes]:
    """Yield the lines of a log with their timestamps; each message between them goes aside."""
    held, message, in_line = b"", b"", False
    for chunk in chunks:
        rest = held + chunk
        held = b""
        while rest:
            if in_line:
                line, newline, rest = rest.partition(b"\n")
                yield line + newline
                in_line = not newline
            elif message or not _may_be_line(rest):
                words, newline, rest = rest.partition(b"\n")
                message = (message + words)[:_LONGEST_MESSAGE]
                if newline:
                    aside(_text(message))
                    message = b""
            elif _STAMP.match(rest):
                in_line = True
            else:
                held, rest = rest, b""
    if message:
        aside(_text(message))


def is_message(log: bytes) -> bool:
    """Return whether the whole of a log without timestamps is a message."""
    return _MESSAGE.fullmatch(log) is not None


def _may_be_line(data: bytes) -> bool:
    """Return whether data is the beginning of a line, or too short to tell."""
    return bool(_STAMP.match(data) or (len(data) < _LONGEST_STAMP and _CUT_STAMP.fullmatch(data)))


def _text(message: bytes) -> str:
    return message.decode("utf-8", "replace").strip()
