"""Carries what is written to the descriptors 1 and 2 to where they led before, masked."""

from __future__ import annotations

import fcntl
import os
import select
import stat
import sys
import termios
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress

from k8s_pipeline_client.launcher.redact import Masker

_PIPE_SIZE = 1 << 20
_CHUNK_SIZE = 1 << 16
_F_SETPIPE_SZ = 1031  # fcntl has the name from Python 3.10 on

# When the streams take turns: how long at most, and in which steps, what one has shown may take to be read.
_READ_SECONDS = 0.05
_PAUSE_SECONDS = 0.001

_WITHHELD = b"launcher: output that cannot be masked or written is withheld\n"


class Pump:
    """Masks the output of this process and of its children, whoever writes it, as it passes.

    One thread carries both streams, so that their lines keep their order as far as it can be known.

    Attributes:
        real_stderr: Where stderr led before.
    """

    def __init__(self, secrets: Collection[str], on_shown: Callable[[bytes], None]) -> None:
        """Put it in place.

        Args:
            secrets: What is struck out.
            on_shown: Is told what was shown, piece by piece.
        """
        self.real_stderr = os.dup(2)
        self._stop, self._stopper = os.pipe()
        self._stdout = _Stream(1, os.dup(1), Masker(secrets), on_shown, self.real_stderr)
        self._stderr = _Stream(2, self.real_stderr, Masker(secrets), on_shown, self.real_stderr)
        self._shown_last = self._stdout
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._stdout.divert()
        self._stderr.divert()

    def drain(self, timeout: float) -> None:
        """Show all that was written up to now, and end: what children still write is not waited for."""
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.write(self._stopper, b".")
        self._thread.join(timeout)

    def _run(self) -> None:
        streams = (self._stdout, self._stderr)
        is_stopped = False
        while not is_stopped and any(stream.is_open for stream in streams):
            readers = [stream.reader for stream in streams if stream.is_open]
            readable = select.select([*readers, self._stop], [], [])[0]
            is_stopped = self._stop in readable
            self._carry(readable)
        for stream in streams:
            stream.close()

    def _carry(self, readable: list[int]) -> None:
        """Show what the two pipes hold.

        Nothing tells which of two pipes was written to first. But what is in stdout's pipe once stderr's has been
        measured may be older than that, so it goes first; the other way round, a traceback would stand above the
        lines that led to it. What comes into stderr's pipe after the measure waits for the next round, for there
        may be lines in stdout's pipe again that are older.
        """
        of_stderr = self._stderr.waiting()
        of_stdout = self._stdout.waiting()
        for stream, size in ((self._stdout, of_stdout), (self._stderr, of_stderr)):
            if size:
                self._give_way_to(stream)
                stream.carry(size)
            elif stream.reader in readable:
                stream.close()

    def _give_way_to(self, stream: _Stream) -> None:
        """Where the other stream has shown something, have it read before this one shows more.

        The container runtime has a reader for each, and whichever is quicker comes first in its log.
        """
        if stream is not self._shown_last:
            self._shown_last.let_it_be_read()
            self._shown_last = stream


class _Stream:
    """One descriptor: the pipe that takes what is written to it, and where that goes, masked.

    Where a piece cannot be masked or written, the rest is read and thrown away: neither shown nor left to block.
    """

    def __init__(
        self,
        descriptor: int,
        target: int,
        masker: Masker,
        on_shown: Callable[[bytes], None],
        real_stderr: int,
    ) -> None:
        self.is_open = True
        self.reader, self._writer = os.pipe()
        self._descriptor = descriptor
        self._target = target
        self._masker = masker
        self._on_shown = on_shown
        self._real_stderr = real_stderr
        self._is_withheld = False
        os.set_blocking(target, True)
        with suppress(OSError):  # C code that holds the GIL and writes more than fits in would wait for ever
            fcntl.fcntl(self._writer, _F_SETPIPE_SZ, _PIPE_SIZE)

    def divert(self) -> None:
        """Let the descriptor lead into the pipe."""
        os.dup2(self._writer, self._descriptor)
        os.close(self._writer)

    def waiting(self) -> int:
        """Return how many bytes are in the pipe."""
        return _bytes_in(self.reader) if self.is_open else 0

    def let_it_be_read(self) -> None:
        """Wait a moment for the reader of what was shown, if there is one."""
        if stat.S_ISFIFO(os.fstat(self._target).st_mode):
            give_up = time.monotonic() + _READ_SECONDS
            while _bytes_in(self._target) and time.monotonic() < give_up:
                time.sleep(_PAUSE_SECONDS)
            time.sleep(_PAUSE_SECONDS)  # it has read, and needs a moment to write that down

    def carry(self, size: int) -> None:
        """Read so many bytes, which are there, and show them."""
        while size > 0:
            data = os.read(self.reader, min(size, _CHUNK_SIZE))
            size -= len(data)
            self._show(data)

    def close(self) -> None:
        """Show what has been held back as the beginning of a secret; nothing more will come."""
        if self.is_open:
            self.is_open = False
            self._show(b"", last=True)

    def _show(self, data: bytes, *, last: bool = False) -> None:
        if self._is_withheld:
            return
        try:
            masked = self._masker.feed(data, last=last)
            left = masked
            while left:
                left = left[os.write(self._target, left) :]
            self._on_shown(masked)
        except Exception:
            self._is_withheld = True
            with suppress(OSError):
                os.write(self._real_stderr, _WITHHELD)


def _bytes_in(pipe: int) -> int:
    answer = fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))
    return int.from_bytes(answer, sys.byteorder)
