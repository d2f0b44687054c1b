"""Finds the most relevant error in the log of a failed run.

The final exception of an ingestion often names only the step that failed; the reason was logged before.
"""

from __future__ import annotations

import re
from collections import deque

from k8s_pipeline_client.launcher.visible import visible

KEPT_BYTES = 512 * 1024
"""The number of bytes at the end of the log to search."""

MAX_ERROR_BYTES = 600

_MAX_PIECES = 8192  # each has an overhead, and a program may write byte by byte
_MAX_LINES = 20  # of one record

_LEVEL = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)"
_ERRORS = {"ERROR", "CRITICAL", "FATAL"}
# The first line of a record: it begins with the level, or with a time, perhaps a name, and the level.
#   [2026-01-31 12:00:00] ERROR    {metadata.Ingestion:workflow:10} - text
#   2026-01-31 12:00:00,000 - name - ERROR - text
#   ERROR:root:text
_RECORD = rf"""
    (?: [\[(]? \d{{2,4}} [-/.:] \d\d  (?: (?! \b{_LEVEL}\b ) . ){{0,120}} )?
    [\[(<]? \b(?P<level>{_LEVEL})\b [\])>]? (?= [\s:|,-] | $)
    [\s:|,-]*
    (?: \{{ [^{{}}]* \}} [\s-]* )?
    (?P<text> .*)
    """
_GOT_OVER = "trying to update Ingestion Pipeline status"
"""Logged by the ingestion where OpenMetadata does not accept a report; it goes on, so no run fails of it."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_NAMES_EXCEPTION = re.compile(r"\b\w*(?:Error|Exception)\b|\bFATAL\b")


class ErrorLog:
    """Keeps the end of a log, cheaply: it is searched only when a run has failed."""

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._size = 0

    def feed(self, piece: bytes) -> None:
        """Append the next chunk."""
        self._pieces.append(piece)
        self._size += len(piece)
        while self._size > KEPT_BYTES or len(self._pieces) > _MAX_PIECES:
            self._size -= len(self._pieces.popleft())

    def last_error(self) -> str:
        """Return the last error with an exception, else the last error, in one line; empty if there is none."""
        # A copy: if the pump could not be drained in time, it still writes.
        errors = errors_in(b"".join(self._pieces.copy()).decode(errors="replace"))
        telling = [error for error in errors if _NAMES_EXCEPTION.search(error)]
        chosen = (telling or errors or [""])[-1]
        return _shortened(chosen)


def errors_in(log: str) -> list[str]:
    """Return the texts of the records from level ERROR on, each in one line, without time, level and place.

    A multi-line record ends at the next record, an empty line, or a traceback. Failures to report the run's own status
    are left out: the ingestion goes on after them.
    """
    first_line = re.compile(_RECORD, re.VERBOSE)  # compiled here: it is slow, and most runs do not need it
    errors: list[list[str]] = []
    lines: list[str] = []
    for line in _COLOUR.sub("", log).splitlines():
        record = first_line.match(line)
        if record:
            lines = [record["text"]]
            if record["level"] in _ERRORS:
                errors.append(lines)
        elif not line.strip() or line.startswith("Traceback "):
            lines = []
        elif len(lines) < _MAX_LINES:
            lines.append(line)
    return [text for text in map(_in_one_line, errors) if text and _GOT_OVER not in text]


def _in_one_line(lines: list[str]) -> str:
    return visible(" ".join(" ".join(lines).split()))


def _shortened(text: str) -> str:
    raw = text.encode(errors="replace")
    if len(raw) <= MAX_ERROR_BYTES:
        return raw.decode()
    room = MAX_ERROR_BYTES - len("…".encode())
    return raw[:room].decode(errors="ignore") + "…"
