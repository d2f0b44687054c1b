"""Reads input files: up to a size limit, and with a timeout for pipes."""

from __future__ import annotations

import os
import select
import stat
from contextlib import suppress
from pathlib import Path

MAX_BYTES = 4 * 2**20
"""More than any usable file has: a Secret holds a quarter of it."""
TOO_LARGE = f"it is larger than {MAX_BYTES // 2**20} MiB"

_FIFO_SECONDS = 10.0
_CHUNK = 2**16
_OF_THIS_PROCESS = ("/dev/fd/", "/proc/self/fd/", "/dev/stdin", "/dev/tty")
"""Process substitution, as in `-f <(helm template …)`: it ends when the other program ends, however long that takes."""


class UnreadableError(Exception):
    """A file that cannot be read; ``str()`` says why, without the file's name."""


def read_limited(path: Path) -> bytes:
    """Return the content of a regular file, a FIFO with a writer, or a process substitution.

    Raises:
        UnreadableError: It cannot be read, is of another type, larger than `MAX_BYTES`, or nothing was written to it in
            time.
    """
    try:
        found = path.stat()
        if stat.S_ISREG(found.st_mode):
            data = _of_file(path, found.st_size)
        else:
            _check_kind(path, found)
            data = _of_stream(path, timeout=_timeout(path, found))
    except OSError as error:
        raise UnreadableError(error.strerror) from error
    except UnicodeEncodeError as error:
        raise UnreadableError("its name is not valid text") from error
    except ValueError as error:
        raise UnreadableError("its name contains a NUL character") from error
    if len(data) > MAX_BYTES:
        raise UnreadableError(TOO_LARGE)
    return data


def kind_of(mode: int) -> str:
    """Return the type of something that is not a regular file, in words."""
    kinds = {stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    return kinds.get(stat.S_IFMT(mode), "not a file")


def _is_of_this_process(path: Path) -> bool:
    return os.path.abspath(path).startswith(_OF_THIS_PROCESS)


def _check_kind(path: Path, found: os.stat_result) -> None:
    mode = found.st_mode
    is_device = stat.S_ISCHR(mode) or stat.S_ISBLK(mode)
    is_empty = stat.S_ISCHR(mode) and found.st_rdev == os.stat(os.devnull).st_rdev
    # Opening a device may have side effects; a terminal waits for input.
    if stat.S_ISSOCK(mode) or (is_device and not is_empty and not _is_of_this_process(path)):
        raise UnreadableError(f"it is {kind_of(mode)}")


def _timeout(path: Path, found: os.stat_result) -> float | None:
    return _FIFO_SECONDS if stat.S_ISFIFO(found.st_mode) and not _is_of_this_process(path) else None


def _of_file(path: Path, size: int) -> bytes:
    if size > MAX_BYTES:
        raise UnreadableError(TOO_LARGE)
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)  # it may have grown, or be below /proc, where sizes are 0


def _of_stream(path: Path, *, timeout: float | None) -> bytes:
    """Read to the end, or past the limit; the timeout in seconds is for each chunk."""
    # Not blocking: otherwise opening a FIFO waits for a writer without a limit.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    data = bytearray()
    try:
        while len(data) <= MAX_BYTES:
            if not select.select([descriptor], [], [], timeout)[0]:
                raise UnreadableError(f"it is a FIFO, and nothing was written to it for {timeout:g} s")
            with suppress(BlockingIOError):  # another reader was faster
                part = os.read(descriptor, _CHUNK)
                if not part:
                    break
                data += part
    finally:
        os.close(descriptor)
    return bytes(data)


def at_line(error: UnicodeDecodeError) -> str:
    """Return where a file is no UTF-8, such as ``, line 3``; empty for the first line, which of UTF-16 is all."""
    line = error.object[: error.start].count(b"\n") + 1
    return f", line {line}" if line > 1 else ""
