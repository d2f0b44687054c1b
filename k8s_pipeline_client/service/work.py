"""Runs blocking work in threads, with a time limit whether it returns or not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from k8s_pipeline_client.errors import PipelineError, WaitTimeoutError
from k8s_pipeline_client.service.limits import THREADS, Limit
from k8s_pipeline_client.timelimit import time_limit

T = TypeVar("T")
_LEAST = 0.05


class Workers:
    """A thread pool of fixed size for each lane.

    anyio's limiter would not do: it lets go of a thread that is given up on while that still runs, and an API server
    that does not respond would have ever more of them.
    """

    def __init__(self) -> None:
        """Create the pools; threads start as they are needed."""
        self._pools = {
            lane: ThreadPoolExecutor(count, thread_name_prefix=f"service-{lane}") for lane, count in THREADS.items()
        }
        self._running: set[Future[Any]] = set()

    async def run(self, limit: Limit, work: Callable[[], T]) -> T:
        """Return what the work returns, or raise what it raises.

        Raises:
            WaitTimeoutError: The time for a response is over. What was begun ends soon, and stays as it is then; what
                was not, never begins.
        """
        begun = time.monotonic()
        future = self._pools[limit.lane].submit(partial(_bounded, limit, begun, work))
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        try:
            async with asyncio.timeout(limit.seconds):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise _time_over(limit, was_begun=not future.cancelled()) from None

    async def finish(self, seconds: float) -> None:
        """Wait for the work in progress, up to so many seconds; no more is accepted."""
        for pool in self._pools.values():
            pool.shutdown(wait=False)
        running = [asyncio.wrap_future(future) for future in tuple(self._running)]
        if running:
            await asyncio.wait(running, timeout=seconds)
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)


def _bounded(limit: Limit, begun: float, work: Callable[[], T]) -> T:
    waited = time.monotonic() - begun  # for a thread
    with time_limit(max(limit.work - waited, _LEAST)):
        return work()


def _time_over(limit: Limit, *, was_begun: bool) -> PipelineError:
    what, why = "did not start", "all workers are busy"
    if was_begun:
        what, why = "did not complete", "the cluster is slow to respond"
    return WaitTimeoutError(
        f"{limit.name} {what} within {limit.seconds:.0f} s: {why}",
        code="TimeOver",
        facts={"operation": limit.name, "seconds": limit.seconds},
        hint="try again in a minute",
    )
