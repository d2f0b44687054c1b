"""A time limit for everything in a block, for callers that have to respond by then.

Within `time_limit` every request, every retry and every wait of this program ends with that time, however
deep below: those who wait need not hand a deadline down to those who ask. It holds for the thread (the context, as of
`contextvars`) that has set it, and for what `deploy_all` starts from there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from k8s_pipeline_client.errors import WaitTimeoutError


class _Limit(NamedTuple):
    """When it is over, by `time.monotonic`, and how long it was."""

    end: float
    seconds: float


_LIMIT: ContextVar[_Limit | None] = ContextVar("k8s_pipeline_client.time_limit", default=None)
_LAST = 0.1
_LAST_AT_MOST = 1.0
"""So much of the time, and so many seconds at most, waits leave for what is to be said or put back after them."""


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Limit everything in the block to so many seconds; None sets no limit.

    Of nested limits the earlier end counts. Completed writes are kept, as after a crash.

    Raises:
        WaitTimeoutError: From the block: a wait, or what would have come next, has no time left (code ``TimeLimit``).
        ClusterError: From the block: a request was not answered in time.
    """
    outer = _LIMIT.get()
    if seconds is None or (outer is not None and outer.end <= time.monotonic() + seconds):
        yield
        return
    reset = _LIMIT.set(_Limit(time.monotonic() + seconds, seconds))
    try:
        yield
    finally:
        _LIMIT.reset(reset)


def is_over() -> bool:
    """Return whether there is a limit, and its time is over."""
    limit = _LIMIT.get()
    return limit is not None and time.monotonic() >= limit.end


def end_within(seconds: float) -> float:
    """Return by when an operation of so many seconds has to end, by `time.monotonic`."""
    end = time.monotonic() + seconds
    limit = _LIMIT.get()
    return end if limit is None else min(end, limit.end)


def wait_within(seconds: float | None) -> float | None:
    """Return how long a wait of so many seconds may take, None for no limit; time is left for what comes after."""
    limit = _LIMIT.get()
    if limit is None:
        return seconds
    left = max(0.0, limit.end - time.monotonic() - min(_LAST_AT_MOST, limit.seconds * _LAST))
    return left if seconds is None else min(seconds, left)


def pause(seconds: float, why: str) -> None:
    """Sleep.

    Args:
        seconds: How long.
        why: What for, in a few words.

    Raises:
        WaitTimeoutError: There is less time left than that; then at once.
    """
    allowed = wait_within(seconds)
    if allowed is not None and allowed < seconds:
        raise over(f"{why}: longer than the time left", seconds=seconds)
    time.sleep(seconds)


def over(what: str, *, seconds: float | None = None) -> WaitTimeoutError:
    """Return the error for an operation without time left.

    Args:
        what: What was not done.
        seconds: How long to wait before it is tried again; the limit itself if None.
    """
    limit = _LIMIT.get()
    allowed = limit.seconds if limit is not None else 0.0
    return WaitTimeoutError(
        f"timed out after {allowed:g} s: {what}" if seconds is None else what,
        code="TimeLimit",
        facts={"seconds": allowed if seconds is None else seconds},
        hint="retry; completed writes are kept" if seconds is None else f"retry in {seconds:.0f} s",
    )
