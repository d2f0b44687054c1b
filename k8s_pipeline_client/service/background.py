"""The reporter within the service: it tells OpenMetadata how runs end, while the service has them started."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from k8s_pipeline_client.errors import PipelineError
from k8s_pipeline_client.reporter import Report, Reporter

_LOG = logging.getLogger(__name__)
_INTERVAL = 10.0
_PATIENCE = 10.0


class Background:
    """Makes the reporter's passes in a thread of its own; one beside it, or in another process, is harmless."""

    def __init__(
        self,
        reporter: Reporter,
        *,
        on_pass: Callable[[Report], None] = lambda report: None,
        on_error: Callable[[PipelineError], None] = lambda error: None,
        interval: float = _INTERVAL,
    ) -> None:
        """Take the reporter, which is closed with this object.

        Args:
            reporter: Makes the passes.
            on_pass: Called with what each has done.
            on_error: Called with what kept one from being made.
            interval: Seconds between two.
        """
        self._reporter = reporter
        self._on_pass = on_pass
        self._on_error = on_error
        self._interval = interval
        self._stop = threading.Event()
        # A daemon: a pass that hangs must not keep the process from its end, and it can be cut at any point.
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the pass that is being made; or without that, if it takes long."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE)
        self._reporter.close()

    def _run(self) -> None:
        self._reporter.run(interval=self._interval, stop=self._stop, on_pass=self._passed, on_error=self._on_error)

    def _passed(self, report: Report) -> None:
        self._on_pass(report)
        for text in report.warnings:
            _LOG.warning("%s", text)
        for run in report.unexplained:
            _LOG.warning("run %s of %s is not reported as yet: %s", run.run_id, run.fqn or run.pipeline, run.error)
