"""File locks, so that two runs of the tool at once do not collide."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.local.errors import ClusterError
from tests.cluster.local.progress import say


@contextmanager
def locked(path: Path, *, waiting_for: str) -> Iterator[None]:
    """Hold a lock; wait until it is free. The kernel frees it when its holder ends, however that happens."""
    try:
        lock = path.open("w")
    except OSError as error:
        raise ClusterError(f"cannot take the lock {path}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for {waiting_for}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
