"""Adaptive concurrency of a batch's requests.

Additive increase, multiplicative decrease, as in TCP: one more on success, half as many after a 429, and fewer if
responses take much longer than the best ones: longer than the shortest, and longer than so many at once took at the
best throughput. A low limit alone is so never a reason for a lower one. What was best is forgotten slowly, so that no
limit is for good: the API server may have become a slower one, or the best have been something else than a deploy.
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
_FORGETTING = 0.02
"""How much of the way to the present duration the best ones go in each round."""


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
        self._shortest = math.inf
        self._cheapest = math.inf
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
        # The cost of one request: where the API server has no time left, durations grow with the concurrency.
        each = self._typical / self.limit
        self._shortest = min(self._shortest, self._typical)
        self._cheapest = min(self._cheapest, each)
        self._passed += 1
        if self._passed < self.limit:
            return  # once per round, so that its effect shows before the next change
        self._passed = 0
        expected = max(self._shortest, self._cheapest * self.limit)
        self._shortest += _FORGETTING * (self._typical - self._shortest)
        self._cheapest += _FORGETTING * (each - self._cheapest)
        if self._typical > _TOO_SLOW * expected:
            self.limit = max(1, self.limit - 1)
        elif self.limit < self._at_most:
            self.limit += 1
