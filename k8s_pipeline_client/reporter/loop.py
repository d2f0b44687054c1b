"""Passes one after the other, until stopped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from k8s_pipeline_client.domain.redaction import redacted_traceback
from k8s_pipeline_client.errors import PipelineError
from k8s_pipeline_client.reporter.report import Report

_LOG = logging.getLogger(__name__)

_LONGEST_PAUSE = 120.0
_GAP = 3.0
"""Seconds from one pass to the next before the interval is over: a storm of events makes no passes back to back."""
_MOMENT = 1.0
"""Seconds from the event to the pass: what belongs together happens within a moment, a pod's end and its Job's."""


@dataclass(frozen=True, slots=True)
class Loop:
    """Makes passes.

    Attributes:
        make_pass: Makes one.
        interval: Seconds from the beginning of one to that of the next; twice as many after each that failed, up to
            two minutes.
        stop: Set to end it.
        on_pass: Called with what each has done.
        on_error: Called with what kept one from being made.
        wake: Set where a pass is worth being made before the interval is over, and with ``stop``; None if nobody
            sets it.
    """

    make_pass: Callable[[], Report]
    interval: float
    stop: threading.Event
    on_pass: Callable[[Report], None]
    on_error: Callable[[PipelineError], None]
    wake: threading.Event | None = None

    def run(self) -> None:
        """Go on until told to stop."""
        failures = 0
        while not self.stop.is_set():
            begin = time.monotonic()
            if self.wake is not None:
                self.wake.clear()
            again = None
            try:
                report = self.make_pass()
            except PipelineError as error:
                failures += 1
                _LOG.warning("reconcile failed, will retry: %s", error)
                self.on_error(error)
            except Exception as error:  # a fault of ours must not end the reports of all runs
                failures += 1
                _LOG.error("reconcile failed, will retry: %s", redacted_traceback(error))
                self.on_error(PipelineError(f"unexpected: {type(error).__name__}", code="Unexpected"))
            else:
                failures, again = 0, report.again_after
                _say(report)
                self.on_pass(report)
            pause = min(self.interval * 2 ** min(failures, 10), max(self.interval, _LONGEST_PAUSE))
            if self.wake is None or failures:
                self.stop.wait(max(0.0, pause - (time.monotonic() - begin)))
            else:
                self._wait(self.wake, begin, pause, again)

    def _wait(self, wake: threading.Event, begin: float, pause: float, again: float | None) -> None:
        """Wait for the next pass, or to be woken: not at once, and after a long pass for half as long as it took.

        Args:
            wake: Set to be woken.
            begin: When the pass began.
            pause: Seconds from then to the next one, if nothing happens.
            again: Seconds from now after which there is something to do in any case, though not sooner than a woken
                pass; None for nothing.
        """
        now = time.monotonic()
        took, left = now - begin, max(0.0, begin + pause - now)
        least = max(_GAP - took, took / 2)
        if again is not None:
            left = min(left, max(again, least))
        rest = min(least, left)
        if self.stop.wait(rest):
            return
        if wake.wait(max(0.0, left - rest)):
            self.stop.wait(min(_MOMENT, self.interval))


def _say(report: Report) -> None:
    for text in report.warnings:
        _LOG.warning("%s", text)
    for run in report.unexplained:
        _LOG.warning("cannot report run %s of %s yet: %s", run.run_id, run.fqn or run.pipeline, run.error)
