"""Serves until SIGTERM, and then finishes the requests in progress."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import Any

import uvicorn
from prometheus_client import start_http_server
from starlette.types import ASGIApp

from k8s_pipeline_client.errors import InputError
from k8s_pipeline_client.service.certificate import Certificate
from k8s_pipeline_client.service.config import ServiceConfig
from k8s_pipeline_client.service.metrics import Metrics

_GRACE_SECONDS = 30
_MOST_CONNECTIONS = 1000
_KEEP_ALIVE_SECONDS = 75
"""Longer than clients keep idle connections, which could otherwise send a request while it is being closed."""


def serve(app: ASGIApp, config: ServiceConfig, metrics: Metrics) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        app: See `create_app`.
        config: Where to listen.
        metrics: Served on a port of their own where the configuration names one.

    Raises:
        InputError: The address is taken, or is none of this machine's.
        SettingsError: The certificate cannot be used.
    """
    # uvicorn raises the signal that has stopped it again, and its default action would end the process.
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        asyncio.run(_serve(app, config, metrics))
    finally:
        signal.signal(signal.SIGTERM, before)


async def _serve(app: ASGIApp, config: ServiceConfig, metrics: Metrics) -> None:
    certificate = _certificate(config)
    server = uvicorn.Server(uvicorn_config(app, config))
    watch = None
    if certificate is not None:
        server.config.load()
        assert server.config.ssl is not None
        watch = asyncio.create_task(certificate.follow(server.config.ssl))
    shown = _serve_metrics(config, metrics)
    try:
        await server.serve()
    except SystemExit as error:  # so uvicorn ends where it cannot listen; it has logged why
        raise InputError(
            f"cannot listen on {config.host}:{config.port}", hint="name another address or port"
        ) from error
    finally:
        if watch is not None:
            watch.cancel()
        if shown is not None:
            shown.shutdown()
            shown.server_close()


def uvicorn_config(app: ASGIApp, config: ServiceConfig) -> uvicorn.Config:
    """Return the configuration of uvicorn.

    Raises:
        SettingsError: The certificate cannot be used.
    """
    more: dict[str, Any] = {}
    certificate = _certificate(config)
    if certificate is not None:
        certificate.check()
        more = {"ssl_certfile": config.tls_certificate, "ssl_keyfile": config.tls_key or config.tls_certificate}
    logging.getLogger("uvicorn.access").disabled = True  # its lines hold whole queries; ours do not
    return uvicorn.Config(
        app,
        host=config.host,
        port=config.port,
        http="h11",  # the other one takes the double slash at a path's beginning for a host's name
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        limit_concurrency=_MOST_CONNECTIONS,
        **more,
    )


def _certificate(config: ServiceConfig) -> Certificate | None:
    return None if config.tls_certificate is None else Certificate(config.tls_certificate, config.tls_key)


def _serve_metrics(config: ServiceConfig, metrics: Metrics) -> Any:
    if config.metrics_port is None:
        return None
    try:
        server, _thread = start_http_server(config.metrics_port, addr=config.host, registry=metrics.registry)
    except OSError as error:
        raise InputError(
            f"cannot listen on {config.host}:{config.metrics_port}: {error.strerror}",
            hint="name another port for the metrics",
        ) from error
    return server
