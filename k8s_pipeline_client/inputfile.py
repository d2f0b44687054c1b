"""Files that people name: read up to a limit, and never waited for without end."""

from __future__ import annotations

import os
import select
import stat
from contextlib import suppress
from pathlib import Path

MAX_BYTES = 4 * 2**20
"""More than any file has that is of use here: a Secret holds a quarter of it."""
TOO_LARGE = f"it holds more than {MAX_BYTES // 2**20} MiB, the most that is read at once"

_FIFO_SECONDS = 10.0
_CHUNK = 2**16
_OF_THIS_PROCESS = ("/dev/fd/", "/proc/self/fd/", "/dev/stdin", "/dev/tty")
"""What a shell hands over, as in `-f <(helm template …)`: it ends with the program at the other end, however long."""


class UnreadableError(Exception):
    """A file that is not read; ``str()`` says why, and names no file."""


def read_limited(path: Path) -> bytes:
    """Return what a file holds: a regular one, a FIFO that somebody writes to, or what a shell hands over.

    Raises:
        UnreadableError: It cannot be read, is of another kind, holds more than `MAX_BYTES`, or is silent.
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
        raise UnreadableError("its name is no text") from error
    except ValueError as error:
        raise UnreadableError("its name holds a NUL character") from error
    if len(data) > MAX_BYTES:
        raise UnreadableError(TOO_LARGE)
    return data


def kind_of(mode: int) -> str:
    """Return what a thing that is no regular file is, for people."""
    kinds = {stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    return kinds.get(stat.S_IFMT(mode), "not a file")


def _is_of_this_process(path: Path) -> bool:
    return os.path.abspath(path).startswith(_OF_THIS_PROCESS)


def _check_kind(path: Path, found: os.stat_result) -> None:
    mode = found.st_mode
    is_device = stat.S_ISCHR(mode) or stat.S_ISBLK(mode)
    is_empty = stat.S_ISCHR(mode) and found.st_rdev == os.stat(os.devnull).st_rdev
    # To open a device may already do something; a terminal is typed at.
    if stat.S_ISSOCK(mode) or (is_device and not is_empty and not _is_of_this_process(path)):
        raise UnreadableError(f"it is {kind_of(mode)}")


def _timeout(path: Path, found: os.stat_result) -> float | None:
    return _FIFO_SECONDS if stat.S_ISFIFO(found.st_mode) and not _is_of_this_process(path) else None


def _of_file(path: Path, size: int) -> bytes:
    if size > MAX_BYTES:
        raise UnreadableError(TOO_LARGE)
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)  # it may have grown, or be one of /proc, which have no size


def _of_stream(path: Path, *, timeout: float | None) -> bytes:
    """Read to the end, or to beyond the limit; where there is a timeout, wait so many seconds for each piece."""
    # Not to wait here, without a limit, for who opens a FIFO's other end.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    data = bytearray()
    try:
        while len(data) <= MAX_BYTES:
            if not select.select([descriptor], [], [], timeout)[0]:
                raise UnreadableError(f"it is a FIFO, and nobody wrote to it for {timeout:g} s")
            with suppress(BlockingIOError):  # another reader was quicker
                part = os.read(descriptor, _CHUNK)
                if not part:
                    break
                data += part
    finally:
        os.close(descriptor)
    return bytes(data)
