"""Rounds in which all contenders take turns, so that a slow minute of the machine is everybody's."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

Contenders = Mapping[str, Callable[[], float]]
"""By name, what is timed; each returns seconds, so that what it sets up and clears away does not count."""


@dataclass(frozen=True)
class Times:
    """Seconds by contender, one of each round."""

    by_name: Mapping[str, tuple[float, ...]]

    @property
    def rounds(self) -> int:
        """How many rounds there were."""
        return max(map(len, self.by_name.values()))

    def median(self, name: str) -> float:
        """Return a contender's median."""
        return median(self.by_name[name])

    def ratio(self, name: str, to: str) -> float:
        """Return the median of the rounds' ratios: within a round the machine is most nearly the same."""
        return median(one / other for one, other in zip(self.by_name[name], self.by_name[to], strict=False))


def take_turns(contenders: Contenders, *, rounds: int, seconds: float, first_only: Contenders | None = None) -> Times:
    """Have every contender run in every round, each round in another order.

    Args:
        contenders: Who takes part.
        rounds: How many rounds.
        seconds: After so long no further round is begun.
        first_only: Who takes part in the first round only, for it takes too long.
    """
    everybody = {**contenders, **(first_only or {})}
    found: dict[str, list[float]] = {name: [] for name in everybody}
    end = time.monotonic() + seconds
    for number in range(rounds):
        names = list(contenders if number else everybody)
        start = number % len(names)
        for name in names[start:] + names[:start]:
            found[name].append(everybody[name]())
        if time.monotonic() > end:
            break
    return Times({name: tuple(values) for name, values in found.items()})


def timed(action: Callable[[], object]) -> float:
    """Return how many seconds something takes."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun
