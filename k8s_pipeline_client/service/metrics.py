"""The service's metrics, for Prometheus."""

from __future__ import annotations

from http import HTTPStatus

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from k8s_pipeline_client.cluster.sent import Sent

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0)


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
            "Requests to the API server, by verb, resource and outcome; each page, retry and log counts.",
            ["verb", "resource", "outcome"],
            registry=self.registry,
        )
        self.call_seconds = Histogram(
            "k8s_pipeline_kubernetes_request_duration_seconds",
            "Duration of requests to the API server until the response begins, by verb.",
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

    def sent(self, sent: Sent) -> None:
        """Count a request to the API server."""
        is_ok = sent.status is not None and HTTPStatus.OK <= sent.status < HTTPStatus.MULTIPLE_CHOICES
        outcome = "ok" if is_ok else "error" if sent.status is None else str(sent.status)
        self.calls.labels(sent.verb, sent.resource, outcome).inc()
        self.call_seconds.labels(sent.verb).observe(sent.seconds)
