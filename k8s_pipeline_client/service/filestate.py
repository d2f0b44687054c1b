"""Whether files have changed that others write, such as those of a mounted Secret."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def state_of(paths: Iterable[Path]) -> tuple[object, ...]:
    """Return what differs once one of the files has been replaced, written, removed, or can be read again."""
    return tuple(map(_state, paths))


def _state(path: Path) -> object:
    try:
        found = path.stat()
    except OSError as error:
        return error.errno
    # The size as well: of two writes within a tick of the file system's clock the second has the time of the first.
    return found.st_ino, found.st_mtime_ns, found.st_size
