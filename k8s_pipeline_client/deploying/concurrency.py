"""How many requests of a batch are under way at once: as many as the API server takes well.

Additive increase, multiplicative decrease, as TCP does it: one more where things go well, half as many after a 429, and
fewer where answers take much longer than they did at best.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_FIRST = 4
_TOO_SLOW = 4.0
"""So many times the usual duration at best means that the API server is queueing our requests."""
_SMOOTHING = 0.2


class ConcurrencyLimit:
    """A gate through which as many threads pass at once as the API server takes well.

    Attributes:
        limit: How many may be at it at once, now.
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
        """Wait for a turn, and measure how long it takes; yields when it has begun, for `back_off`."""
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
        """Take half as many from now on: the API server has said that it is too many.

        Of what was under way at once, only the first counts that says so: they all met the same limit.

        Args:
            begun: When the turn had begun in which it said so.
        """
        with self._changed:
            if begun < self._backed_off_at:
                return
            self._backed_off_at = time.monotonic()
            self.limit = max(1, self.limit // 2)
            self._passed = 0

    def _measure(self, seconds: float) -> None:
        self._typical = seconds if self._typical is None else self._typical + _SMOOTHING * (seconds - self._typical)
        each = self._typical / self.limit  # what one costs; its duration alone grows with those beside it
        self._best = each if self._best is None else min(self._best, each)
        self._passed += 1
        if self._passed < self.limit:
            return  # once a round, so that its effect is seen before the next change
        self._passed = 0
        if each > _TOO_SLOW * self._best:
            self.limit = max(1, self.limit - 1)
        elif self.limit < self._at_most:
            self.limit += 1
