"""Waiting for a condition, with ever longer pauses."""

from __future__ import annotations

import time
from collections.abc import Iterator


def poll(timeout: float | None, *, first: float = 0.05, longest: float = 2.0) -> Iterator[float]:
    """Yield the elapsed seconds, at once and then after ever longer pauses, until the time is over.

    The caller looks at its condition in the loop's body and leaves when it holds; the ``else`` of the loop is
    where time ran out. There is always a last look at the very end.

    Args:
        timeout: Seconds; None waits for ever.
        first: The first pause in seconds; each next one is half as long again.
        longest: The longest pause in seconds.
    """
    start = time.monotonic()
    pause = first
    while True:
        elapsed = time.monotonic() - start
        yield elapsed
        if timeout is not None and elapsed >= timeout:
            return
        left = float("inf") if timeout is None else max(0.0, timeout - elapsed)
        time.sleep(min(pause, longest, left))
        pause *= 1.5
