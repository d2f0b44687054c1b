"""One log on disk, in pages that do not change once they are full."""

from __future__ import annotations

import codecs
import os
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from k8s_pipeline_client.runs.logpage import PAGE_CHARACTERS, LogPage


class ClosedPageFileError(Exception):
    """The file was closed, as to make room for another."""


class PageFile:
    """Takes a log as it is read, and gives its pages.

    The text lies in a file without a name, which is gone with this process however that ends, and which nobody else
    can open. What has no end yet of a character that takes several bytes waits for the rest. One thread may add while
    others read.
    """

    def __init__(self, *, folder: Path | None = None, size: int = PAGE_CHARACTERS) -> None:
        """Open the file.

        Args:
            folder: On which disk; the system's folder for temporary files if None.
            size: How many characters a page has.

        Raises:
            OSError: There is no place for it.
        """
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - see `close`
        self._lock = threading.Lock()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._size = size
        self._starts = [0]  # where each page starts, in bytes
        self._room = size  # how many characters the last page still takes
        self._length = 0
        self._is_complete = False

    @property
    def length(self) -> int:
        """How many bytes it takes on disk."""
        return self._length

    def has(self, number: int) -> bool:
        """Tell whether a page is as it will always be, and whether another follows is known."""
        return self._is_complete or 0 <= number < len(self._starts) - 1

    def append(self, chunk: bytes) -> None:
        """Add to the log; what is not UTF-8 is replaced.

        Raises:
            OSError: The disk is full.
            ClosedPageFileError: It was closed.
        """
        self._write(self._decoder.decode(chunk))

    def complete(self) -> None:
        """Take what was added for the whole log.

        Raises:
            OSError: The disk is full.
            ClosedPageFileError: It was closed.
        """
        if not self._is_complete:
            self._write(self._decoder.decode(b"", final=True))
            self._is_complete = True

    def page(self, number: int) -> LogPage:
        """Return a page as far as it is known.

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
        """Give the disk back."""
        with self._lock, suppress(OSError):  # what a full disk did not take is of no use any more
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
