"""Background threads of the service."""

from __future__ import annotations

import threading
from collections.abc import Callable

_PATIENCE = 10.0
"""How many seconds a pass in progress may take at shutdown."""


class Daemon:
    """Runs something in a thread until it is stopped.

    Its thread is a daemon: what hangs must not keep the process from its end, and all that is done there can be cut at
    any point.

    Attributes:
        stopping: Set by `stop`.
    """

    def __init__(self, run: Callable[[], None], *, name: str) -> None:
        """Take what runs until `stopping` is set, and the thread's name."""
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the pass in progress, or without it if that takes longer than 10 s."""
        self.stopping.set()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE)
