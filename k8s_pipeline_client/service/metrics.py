"""The service's metrics, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from k8s_pipeline_client.cluster.port import Cluster
from k8s_pipeline_client.errors import ApiError

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0)
_CALLS = frozenset({"apply", "create", "delete", "first", "get", "list", "may", "merge", "version"})
"""The methods of a cluster that are one request each; logs are streams, and pages are read lazily."""


class Metrics:
    """The metrics of one service."""

    def __init__(self) -> None:
        """Create them, all zero."""
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "k8s_pipeline_http_requests",
            "Requests of OpenMetadata's server, by operation and HTTP status.",
            ["operation", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "k8s_pipeline_http_request_duration_seconds",
            "Duration of requests, by operation.",
            ["operation"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.in_progress = Gauge(
            "k8s_pipeline_http_requests_in_progress", "Requests in progress.", registry=self.registry
        )
        self.calls = Counter(
            "k8s_pipeline_kubernetes_requests",
            "Requests to the API server, by verb, kind and outcome; with its retries a request counts once.",
            ["verb", "kind", "outcome"],
            registry=self.registry,
        )
        self.call_seconds = Histogram(
            "k8s_pipeline_kubernetes_request_duration_seconds",
            "Duration of requests to the API server, with their retries, by verb.",
            ["verb"],
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def respond(self, operation: str, status: int, seconds: float) -> None:
        """Count a response."""
        self.requests.labels(operation, str(status)).inc()
        self.seconds.labels(operation).observe(seconds)

    def measured(self, cluster: Cluster) -> Cluster:
        """Return the cluster with its requests counted."""
        return cast(Cluster, _Measured(cluster, self))


class _Measured:
    """Delegates to a cluster, and counts its requests."""

    def __init__(self, cluster: Cluster, metrics: Metrics) -> None:
        self._cluster = cluster
        self._metrics = metrics

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._cluster, name)
        return self._counted(name, found) if name in _CALLS else found

    def _counted(self, verb: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def counted(*args: Any, **kwargs: Any) -> Any:
            begun = time.monotonic()
            outcome = "error"
            try:
                answer = call(*args, **kwargs)
                outcome = "ok"
                return answer
            except ApiError as error:
                outcome = str(error.status)
                raise
            finally:
                self._metrics.calls.labels(verb, _kind(args), outcome).inc()
                self._metrics.call_seconds.labels(verb).observe(time.monotonic() - begun)

        return counted


def _kind(args: tuple[Any, ...]) -> str:
    first = args[0] if args else ""
    return str(first.get("kind", "")) if isinstance(first, dict) else str(first)
