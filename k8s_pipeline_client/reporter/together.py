"""Several things at once, bounded; none of them holds up the end of the process."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from typing import TypeVar

PARALLEL = 8
"""So many runs are reported at once at most, and so many pipelines asked for."""

T = TypeVar("T")


def begin(task: Callable[[], T], name: str) -> Future[T]:
    """Call something in a thread of its own, which may end at any point; return what comes of it.

    The threads of an executor would be waited for at the end of the process, for as long as a response takes.
    """
    found: Future[T] = Future()

    def work() -> None:
        try:
            found.set_result(task())
        except BaseException as error:
            found.set_exception(error)

    threading.Thread(target=work, name=name, daemon=True).start()
    return found


def together(tasks: Sequence[Callable[[], T]], parallel: int, name: str) -> list[T]:
    """Return what tasks return, in their order.

    Args:
        tasks: Called in threads; in this one if there is a single task, or ``parallel`` is 1.
        parallel: So many at once at most.
        name: Of the threads.
    """
    if parallel < 2 or len(tasks) < 2:
        return [task() for task in tasks]
    waiting = deque(enumerate(tasks))
    found: dict[int, T] = {}

    def work() -> None:
        while True:
            try:
                place, task = waiting.popleft()
            except IndexError:
                return
            found[place] = task()

    threads: list[Future[None]] = []
    try:
        for number in range(min(parallel, len(tasks))):
            threads.append(begin(work, f"{name}_{number}"))
        wait(threads, return_when=FIRST_EXCEPTION)
    finally:
        waiting.clear()
        wait(threads)
    for thread in threads:
        thread.result()
    return [found[place] for place in range(len(tasks))]
