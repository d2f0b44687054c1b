"""Serves until SIGTERM, and then finishes the requests in progress."""

from __future__ import annotations

import asyncio
import logging
import signal
import ssl
from pathlib import Path
from typing import Any

import uvicorn
from prometheus_client import start_http_server
from starlette.types import ASGIApp

from k8s_pipeline_client.errors import InputError, SettingsError
from k8s_pipeline_client.service.config import ServiceConfig
from k8s_pipeline_client.service.metrics import Metrics

_LOG = logging.getLogger(__name__)
_GRACE_SECONDS = 30
_CERTIFICATE_SECONDS = 10.0
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
    server = uvicorn.Server(uvicorn_config(app, config))
    watch = None
    if config.tls_certificate is not None:
        server.config.load()
        watch = asyncio.create_task(_follow_certificate(server.config.ssl, config))
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
    if config.tls_certificate is not None:
        more = {"ssl_certfile": config.tls_certificate, "ssl_keyfile": config.tls_key or config.tls_certificate}
        _check(config)
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


def _check(config: ServiceConfig) -> None:
    try:
        _load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), config)
    except (OSError, ssl.SSLError) as error:
        # OpenSSL's own words are codes of its source.
        why = (
            "it or its key is no PEM file that OpenSSL can read" if isinstance(error, ssl.SSLError) else error.strerror
        )
        raise SettingsError(
            f"the certificate {config.tls_certificate} cannot be used: {why}",
            hint="a PEM file with the chain, and one with its private key, which has no passphrase",
        ) from None


def _load(context: ssl.SSLContext, config: ServiceConfig) -> None:
    assert config.tls_certificate is not None
    # Without a terminal nobody could type a passphrase, and OpenSSL would wait for it.
    context.load_cert_chain(config.tls_certificate, config.tls_key, password=lambda: "")


async def _follow_certificate(context: ssl.SSLContext | None, config: ServiceConfig) -> None:
    """Reload the certificate when its files change; new connections use it."""
    seen = _state(config)
    while context is not None:
        await asyncio.sleep(_CERTIFICATE_SECONDS)
        now = _state(config)
        if now == seen:
            continue
        try:
            await asyncio.to_thread(_load, context, config)
        except (OSError, ssl.SSLError) as error:  # half of it is there as yet, or it is broken: the old one goes on
            _LOG.warning("the certificate could not be reloaded: %s", error.strerror or type(error).__name__)
        else:
            seen = now
            _LOG.info("the certificate was reloaded")


def _state(config: ServiceConfig) -> list[object]:
    return [_stat(path) for path in (config.tls_certificate, config.tls_key) if path is not None]


def _stat(path: Path) -> object:
    try:
        found = path.stat()
    except OSError as error:
        return error.errno
    return found.st_ino, found.st_mtime_ns


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
