"""Redirects the file descriptors 1 and 2 through redaction to their original targets."""

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
_F_SETPIPE_SZ = 1031  # in fcntl since Python 3.10

# When the streams alternate: the maximum time, and the interval, to wait until written output has been read.
_READ_SECONDS = 0.05
_PAUSE_SECONDS = 0.001

_WITHHELD = b"launcher: output that cannot be redacted or written is discarded\n"


class Pump:
    """Redacts the output of this process and of its children.

    One thread handles both streams, to keep the order of their lines as far as it is known.

    Attributes:
        real_stderr: The original stderr.
    """

    def __init__(self, secrets: Collection[str], on_shown: Callable[[bytes], None]) -> None:
        """Redirect the descriptors.

        Args:
            secrets: The strings to redact.
            on_shown: Called with each chunk of redacted output.
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
        """Write all output so far, and stop, without waiting for children."""
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
        """Write the content of the two pipes.

        The order of writes to two pipes is not known. But what is in stdout's pipe after stderr's has been measured may
        be older, so it is written first; otherwise a traceback would appear above the lines that led to it. Later
        output to stderr waits for the next round, since there may be older lines in stdout's pipe again.
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
        """If the other stream has written something, wait until it is read before this one writes.

        The container runtime has a reader for each, and the log has the order of these.
        """
        if stream is not self._shown_last:
            self._shown_last.let_it_be_read()
            self._shown_last = stream


class _Stream:
    """One descriptor: the pipe that replaces it, and its original target for the redacted output.

    If a chunk cannot be redacted or written, the rest is read and discarded, so that writers do not block.
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
        with suppress(OSError):  # C code that holds the GIL would block for ever on a full pipe
            fcntl.fcntl(self._writer, _F_SETPIPE_SZ, _PIPE_SIZE)

    def divert(self) -> None:
        """Redirect the descriptor to the pipe."""
        os.dup2(self._writer, self._descriptor)
        os.close(self._writer)

    def waiting(self) -> int:
        """Return the number of bytes in the pipe."""
        return _bytes_in(self.reader) if self.is_open else 0

    def let_it_be_read(self) -> None:
        """Wait a moment until the written output has been read, if it goes to a pipe."""
        if stat.S_ISFIFO(os.fstat(self._target).st_mode):
            give_up = time.monotonic() + _READ_SECONDS
            while _bytes_in(self._target) and time.monotonic() < give_up:
                time.sleep(_PAUSE_SECONDS)
            time.sleep(_PAUSE_SECONDS)  # it has read, and needs a moment to write its log

    def carry(self, size: int) -> None:
        """Read this number of available bytes, and write them redacted."""
        while size > 0:
            data = os.read(self.reader, min(size, _CHUNK_SIZE))
            size -= len(data)
            self._show(data)

    def close(self) -> None:
        """Write output that was held back as a possible beginning of a secret, at the end of the stream."""
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
    size = fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))
    return int.from_bytes(size, sys.byteorder)
