"""Progress on stderr: stdout belongs to results, such as the kubeconfig's path."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_STARTED = time.monotonic()
_HEARTBEAT_SECONDS = 15.0


def say(message: str) -> None:
    """Print one progress line with the time since the start."""
    print(f"[{time.monotonic() - _STARTED:6.1f}s] {message}", file=sys.stderr, flush=True)


@contextmanager
def step(message: str, state: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Announce something long, and say now and then that it is still going on, and how far it is."""
    say(message)
    began = time.monotonic()
    done = threading.Event()

    def heartbeat() -> None:
        while not done.wait(_HEARTBEAT_SECONDS):
            how_far = state()
            say(f"{message} ... {time.monotonic() - began:.0f} s so far{how_far and ', ' + how_far}")

    thread = threading.Thread(target=heartbeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
