"""What is measured, in the order of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from tests.bench.figures import Figure
from tests.bench.rows import creating, reading, redeploying, removing, requests, serving, starting
from tests.bench.scene import Scene

Row = Callable[[Scene, int], Iterator[Figure]]
"""Measures in a namespace that has so many pipelines, and leaves as many behind."""

ROWS: Mapping[str, Row] = MappingProxyType(
    {
        "requests of a deploy": requests.measure,
        "pipelines created": creating.measure,
        "all deployed again, unchanged": redeploying.measure,
        "runs started": starting.measure,
        "one pipeline read": reading.measure_one,
        "a log in pages": reading.measure_pages,
        "pipelines removed": removing.measure,
        "service: runs started": serving.measure_triggers,
        "service: deploys in a row": serving.measure_deploys,
        "service: memory": serving.measure_memory,
    }
)

ALSO_AT: Mapping[str, int] = MappingProxyType({"service: runs started": 10})
"""Rows that are measured at a smaller size, too, where the namespace has no more yet."""


def chosen(words: Sequence[str]) -> Mapping[str, Row]:
    """Return the rows in whose names one of the words occurs; all of them if there are no words.

    Raises:
        ValueError: A word occurs in none.
    """
    for word in words:
        if not any(word in name for name in ROWS):
            raise ValueError(f"no row has {word!r} in its name; there are: {'; '.join(ROWS)}")
    return {name: row for name, row in ROWS.items() if not words or any(word in name for word in words)}
