"""Several things at once, bounded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

PARALLEL = 8
"""So many runs are reported at once at most, and so many pipelines asked for."""

T = TypeVar("T")


def together(tasks: Sequence[Callable[[], T]], parallel: int, name: str) -> list[T]:
    """Return what tasks return, in their order.

    Args:
        tasks: Called in threads; in this one if there is a single task, or ``parallel`` is 1.
        parallel: So many at once at most.
        name: Of the threads.
    """
    if parallel < 2 or len(tasks) < 2:
        return [task() for task in tasks]
    with ThreadPoolExecutor(min(parallel, len(tasks)), thread_name_prefix=name) as pool:
        return list(pool.map(lambda task: task(), tasks))
