"""What is measured, in the order of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from tests.bench.figures import Figure
from tests.bench.rows import creating, reading, redeploying, removing, requests, starting
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
    }
)
