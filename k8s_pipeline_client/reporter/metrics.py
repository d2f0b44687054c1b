"""Prometheus metrics of the passes; the library is an extra, and imported here alone."""

from __future__ import annotations

from collections import Counter as Count
from typing import Any

from k8s_pipeline_client.errors import InputError, PipelineError
from k8s_pipeline_client.reporter.report import Report

_LAGS = (5, 10, 15, 20, 25, 30, 45, 60, 120, 300, 900, 3600)


class Metrics:
    """Counts passes, runs and failures, and shows them over HTTP until it is closed."""

    def __init__(self, port: int | None, registry: Any = None) -> None:
        """Listen on a port, on all addresses; 0 chooses one.

        Args:
            port: None for none: then the registry's owner exposes the metrics.
            registry: Of the library, for the metrics; a new one if None.

        Raises:
            InputError: The library is not installed, or the port is taken.
        """
        try:
            import prometheus_client as library
        except ImportError as error:
            raise InputError(
                "metrics need the package prometheus-client, which is not installed",
                code="ExtraMissing",
                facts={"extra": "metrics"},
                hint="install k8s-pipeline-client[metrics]",
            ) from error
        registry = library.CollectorRegistry() if registry is None else registry
        made: dict[str, Any] = {"registry": registry, "namespace": "k8s_pipeline_reporter"}
        self._passes = library.Counter("passes", "Passes, by result.", ["result"], **made)
        self._seconds = library.Histogram("pass_seconds", "How long passes took.", **made)
        self._runs = library.Gauge("runs", "Runs that are not finally reported, by state.", ["state"], **made)
        self._reports = library.Counter("reports", "Actions on runs, by action.", ["action"], **made)
        self._failures = library.Counter("report_failures", "Reports that failed, by reason.", ["reason"], **made)
        self._lag = library.Histogram(
            "lag_seconds", "From the end of a run to its first report.", buckets=_LAGS, **made
        )
        self._last = library.Gauge("last_pass_timestamp_seconds", "Time of the last successful pass.", **made)
        self._states: set[str] = set()
        self._server: Any = None
        if port is None:
            return
        try:
            self._server, self._thread = library.start_http_server(port, registry=registry)
        except OSError as error:
            raise InputError(
                f"cannot serve metrics on port {port}: {error.strerror}", hint="name another port"
            ) from error

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_port)

    def close(self) -> None:
        """Stop listening."""
        if self._server is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def passed(self, report: Report) -> None:
        """Count a pass."""
        self._passes.labels("made").inc()
        self._seconds.observe(report.seconds)
        self._last.set_to_current_time()
        by_state = Count(run.state or "unknown" for run in report.runs)
        for state in self._states | set(by_state):
            self._runs.labels(state).set(by_state[state])
        self._states |= set(by_state)
        for run in report.runs:
            self._reports.labels(str(run.action)).inc()
            if run.error_code:
                self._failures.labels(run.error_code).inc()
            if run.lag_seconds is not None:
                self._lag.observe(run.lag_seconds)

    def failed(self, error: PipelineError) -> None:
        """Count a pass that could not be made."""
        self._passes.labels("failed").inc()
        self._failures.labels(error.code).inc()
