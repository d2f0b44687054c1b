"""Adaptive concurrency of a batch's requests.

Additive increase, multiplicative decrease, as in TCP: one more on success, half as many after a 429, and fewer if
responses take much longer than the best ones.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_FIRST = 4
_TOO_SLOW = 4.0
"""The factor over the best duration from which the API server is considered to queue our requests."""
_SMOOTHING = 0.2


class ConcurrencyLimit:
    """A semaphore with an adaptive limit.

    Attributes:
        limit: The current limit.
    """

    def __init__(self, at_most: int) -> None:
        """Take the upper bound."""
        self._at_most = at_most
        self.limit = min(_FIRST, at_most)
        self._active = 0
        self._passed = 0
        self._typical: float | None = None
        self._best: float | None = None
        self._backed_off_at = -math.inf
        self._changed = threading.Condition()

    @contextmanager
    def slot(self) -> Iterator[float]:
        """Wait for a slot, and measure the duration; yields the start time, for `back_off`."""
        with self._changed:
            self._changed.wait_for(lambda: self._active < self.limit)
            self._active += 1
        begun = time.monotonic()
        try:
            yield begun
        finally:
            with self._changed:
                self._active -= 1
                self._measure(time.monotonic() - begun)
                # As many as there is room for: to wake all that wait, each time, costs more than it looks.
                self._changed.notify(max(0, self.limit - self._active))

    def back_off(self, begun: float) -> None:
        """Halve the limit, after a 429.

        Of concurrent requests, only the first 429 counts: they all met the same limit.

        Args:
            begun: The start time of the request.
        """
        with self._changed:
            if begun < self._backed_off_at:
                return
            self._backed_off_at = time.monotonic()
            self.limit = max(1, self.limit // 2)
            self._passed = 0

    def _measure(self, seconds: float) -> None:
        self._typical = seconds if self._typical is None else self._typical + _SMOOTHING * (seconds - self._typical)
        each = self._typical / self.limit  # the cost of one request; its duration alone grows with the concurrency
        self._best = each if self._best is None else min(self._best, each)
        self._passed += 1
        if self._passed < self.limit:
            return  # once per round, so that its effect shows before the next change
        self._passed = 0
        if each > _TOO_SLOW * self._best:
            self.limit = max(1, self.limit - 1)
        elif self.limit < self._at_most:
            self.limit += 1
