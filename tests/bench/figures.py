"""What was measured, as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tests.bench.rounds import Times

OURS = "ours"


class Unit(StrEnum):
    """What a value is; it decides how it is written."""

    COUNT = "count"
    SECONDS = "seconds"
    RATE = "pipelines per second"
    BYTES = "bytes"
    SHARE = "share of a rate"
    TIMES = "times as long"


@dataclass(frozen=True)
class Figure:
    """One value.

    Attributes:
        row: What is measured.
        what: Of whom, or which part of it.
        size: How many pipelines the namespace has.
        ratio: Beside the contender that the row names; of rates, the share.
    """

    row: str
    what: str
    size: int
    value: float
    unit: Unit = Unit.COUNT
    ratio: float | None = None


def of_times(row: str, size: int, times: Times, to: str) -> Iterator[Figure]:
    """Yield each contender's median, and ratio to one of them."""
    for name in times.by_name:
        ratio = None if name == to else times.ratio(name, to)
        yield Figure(row, name, size, times.median(name), Unit.SECONDS, ratio)


def of_rates(row: str, size: int, times: Times, to: str, batch: int) -> Iterator[Figure]:
    """Yield each contender's pipelines per second, and its share of the rate of one of them."""
    for name in times.by_name:
        share = None if name == to else 1 / times.ratio(name, to)
        yield Figure(row, name, size, batch / times.median(name), Unit.RATE, share)
