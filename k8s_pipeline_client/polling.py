"""Polling with increasing intervals, and what several waits may take together."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TypeVar

from k8s_pipeline_client.timelimit import is_over, wait_within

T = TypeVar("T")


class Countdown:
    """The time that several waits, one after the other, may take together; it begins at once."""

    def __init__(self, seconds: float | None) -> None:
        """Take the seconds; None where there is no such time."""
        self._end = None if seconds is None else time.monotonic() + seconds

    def left(self, otherwise: T) -> float | T:
        """Return the seconds that are left for the next wait, 0 if none are; ``otherwise`` where there is no time."""
        return otherwise if self._end is None else max(0.0, round(self._end - time.monotonic(), 2))


def after(seconds: float | None) -> str:
    """Return how long was waited, to follow a verb; empty if that was less than a second, as where no time was left."""
    return f" after {seconds:.0f} s" if seconds is not None and round(seconds) >= 1 else ""


def poll(timeout: float | None, *, first: float = 0.05, longest: float = 2.0) -> Iterator[float]:
    """Yield the elapsed seconds, at once and then after increasing intervals, until the timeout.

    The caller checks its condition in the loop's body and leaves the loop when it holds; the loop's ``else`` is the
    timeout. There is always a last iteration at the end of the timeout.

    Within a `time_limit` it is over with that, and a little sooner.

    Args:
        timeout: Seconds; None for no timeout.
        first: The first interval in seconds; each next one is 1.5 times as long.
        longest: The longest interval in seconds.
    """
    start = time.monotonic()
    timeout = wait_within(timeout)
    pause = first
    while True:
        elapsed = time.monotonic() - start
        yield elapsed
        if timeout is not None and elapsed >= timeout:
            return
        left = float("inf") if timeout is None else max(0.0, timeout - elapsed)
        time.sleep(min(pause, longest, left))
        if is_over():
            return  # there is no time to look once more
        pause *= 1.5
