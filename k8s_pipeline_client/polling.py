"""Polling with increasing intervals."""

from __future__ import annotations

import time
from collections.abc import Iterator

from k8s_pipeline_client.timelimit import is_over, wait_within


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
