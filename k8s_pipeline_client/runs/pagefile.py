"""One log on disk, in pages that are immutable once they are full."""

from __future__ import annotations

import codecs
import os
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from k8s_pipeline_client.runs.logpage import PAGE_CHARACTERS, LogPage


class ClosedPageFileError(Exception):
    """The file was closed, for example to make room for another one."""


class PageFile:
    """Stores a log as it is read, and returns its pages.

    The text is in an unnamed temporary file, which disappears with this process and cannot be opened by others. An
    incomplete multi-byte character waits for its rest. One thread may add while others read.
    """

    def __init__(self, *, folder: Path | None = None, size: int = PAGE_CHARACTERS) -> None:
        """Open the file.

        Args:
            folder: For the file; the system's folder for temporary files if None.
            size: Characters per page.

        Raises:
            OSError: It cannot be created.
        """
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - see `close`
        self._lock = threading.Lock()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._size = size
        self._starts = [0]  # the offset of each page, in bytes
        self._room = size  # the characters that still fit the last page
        self._length = 0
        self._is_complete = False

    @property
    def length(self) -> int:
        """Its size on disk, in bytes."""
        return self._length

    def has(self, number: int) -> bool:
        """Return whether a page is full, and it is known whether another one follows."""
        return self._is_complete or 0 <= number < len(self._starts) - 1

    def append(self, chunk: bytes) -> None:
        """Append to the log; invalid UTF-8 is replaced.

        Raises:
            OSError: The disk is full.
            ClosedPageFileError: It was closed.
        """
        self._write(self._decoder.decode(chunk))

    def complete(self) -> None:
        """Mark the log as complete.

        Raises:
            OSError: The disk is full.
            ClosedPageFileError: It was closed.
        """
        if not self._is_complete:
            self._write(self._decoder.decode(b"", final=True))
            self._is_complete = True

    def page(self, number: int) -> LogPage:
        """Return the current text of a page.

        Raises:
            ClosedPageFileError: It was closed.
        """
        with self._lock:
            total = len(self._starts)
            if not 0 <= number < total:
                return LogPage("", total)
            start = self._starts[number]
            end = self._starts[number + 1] if number + 1 < total else self._length
            self._check()
            self._file.seek(start)
            return LogPage(self._file.read(end - start).decode(), total)

    def close(self) -> None:
        """Close and so delete the file."""
        with self._lock, suppress(OSError):  # buffered data that a full disk rejected is not needed any more
            self._file.close()

    def _write(self, text: str) -> None:
        with self._lock:
            self._check()
            self._file.seek(0, os.SEEK_END)
            while text:
                if not self._room:
                    self._starts.append(self._length)
                    self._room = self._size
                piece, text = text[: self._room], text[self._room :]
                raw = piece.encode()
                self._file.write(raw)
                self._length += len(raw)
                self._room -= len(piece)
            self._file.flush()

    def _check(self) -> None:
        if self._file.closed:
            raise ClosedPageFileError
