"""The reporter as a thread of the service: reports to OpenMetadata how runs end."""

from __future__ import annotations

from collections.abc import Callable

from k8s_pipeline_client.errors import PipelineError
from k8s_pipeline_client.reporter import Report, Reporter
from k8s_pipeline_client.service.daemon import Daemon

_INTERVAL = 10.0


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
        self._daemon = Daemon(self._run, name="reporter")

    def start(self) -> None:
        """Start the thread."""
        self._daemon.start()

    def stop(self) -> None:
        """Stop after the pass in progress, or without it if that takes longer than 10 s; close the reporter."""
        self._daemon.stop()
        self._reporter.close()

    def _run(self) -> None:
        stop = self._daemon.stopping
        self._reporter.run(interval=self._interval, stop=stop, on_pass=self._on_pass, on_error=self._on_error)
