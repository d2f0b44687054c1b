"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass

FULL_SIZES = (100, 1000, 3000)


@dataclass(frozen=True)
class Scale:
    """How much.

    Attributes:
        sizes: How many pipelines the namespace has, one measurement after the other; they grow.
        batch: How many more are created at once.
        removed: How many are deleted in one go.
        rounds: Of what takes seconds.
        samples: Of what takes milliseconds.
        log_mib: Length of the log that is read in pages.
        seconds: How long one row may begin new rounds.
        minutes: After so long no further row is begun; what is left out is said.
    """

    sizes: tuple[int, ...] = FULL_SIZES
    batch: int = 500
    removed: int = 10
    rounds: int = 3
    samples: int = 300
    log_mib: float = 2
    seconds: float = 90
    minutes: float = 45

    @classmethod
    def of(cls, sizes: tuple[int, ...], *, minutes: float) -> Scale:
        """Return the full scale; a smaller one where the largest size is not that of the page."""
        if sizes[-1] >= FULL_SIZES[-1]:
            return cls(sizes, minutes=minutes)
        return cls(sizes, batch=min(cls.batch, sizes[-1]), samples=50, minutes=minutes)

    @property
    def is_full(self) -> bool:
        """Whether it is what the page of figures shows."""
        return self.sizes == FULL_SIZES
