"""What the service does beside its requests, in threads of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable

_PATIENCE = 10.0
"""Seconds for which what has begun may go on once the service ends."""


class Daemon:
    """Runs something until told to stop.

    Its thread is a daemon: what hangs must not keep the process from its end, and all that is done there can be cut at
    any point.

    Attributes:
        stopping: Set once it is to end.
    """

    def __init__(self, run: Callable[[], None], *, name: str) -> None:
        """Take what goes on until `stopping` is set, and what the thread is called."""
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after what has begun; or without that, if it takes long."""
        self.stopping.set()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE)
