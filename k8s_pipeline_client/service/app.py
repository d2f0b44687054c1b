"""The application: routes, what stands before them, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Response
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp

from k8s_pipeline_client.cluster.port import Cluster
from k8s_pipeline_client.openmetadata.port import OpenMetadata
from k8s_pipeline_client.openmetadata.server import api_address
from k8s_pipeline_client.reporter import Reporter
from k8s_pipeline_client.reporter import metrics as reporting
from k8s_pipeline_client.reporter.destination import Connect, Way, connected
from k8s_pipeline_client.service.auth import Credentials
from k8s_pipeline_client.service.background import Background
from k8s_pipeline_client.service.config import ServiceConfig
from k8s_pipeline_client.service.directory import Directory, Open
from k8s_pipeline_client.service.front import Front
from k8s_pipeline_client.service.health import HealthCheck
from k8s_pipeline_client.service.metrics import Metrics
from k8s_pipeline_client.service.operations import Operations
from k8s_pipeline_client.service.refreshing import Refresher
from k8s_pipeline_client.service.refusals import Refusals
from k8s_pipeline_client.service.responses import Json
from k8s_pipeline_client.service.roots import ROOTS
from k8s_pipeline_client.service.routes import router
from k8s_pipeline_client.service.serving import Serving
from k8s_pipeline_client.service.standing import Standings
from k8s_pipeline_client.service.work import Workers
from k8s_pipeline_client.settings import Settings
from k8s_pipeline_client.settings.given import given_certificates
from k8s_pipeline_client.version import __version__

_FINISH_SECONDS = 15.0
"""How long requests in progress may take at shutdown: the longest time limit of an operation."""
_METRICS = "text/plain; version=0.0.4; charset=utf-8"


def create_app(
    cluster: Cluster,
    settings: Settings,
    credentials: Credentials,
    config: ServiceConfig,
    *,
    metrics: Metrics | None = None,
    open_server: Open | None = None,
) -> ASGIApp:
    """Return the service as an ASGI application; it closes the cluster when it ends.

    Args:
        cluster: Where pipelines are deployed.
        settings: How runs are made.
        credentials: The accepted logins.
        config: Where it listens, and what it does besides.
        metrics: Counts requests; new ones if None.
        open_server: Connects to OpenMetadata; over HTTP if None.
    """
    counted = metrics or Metrics()
    cluster.observe(counted.sent)
    directory = Directory(settings, open_server)
    connect = _connect(settings, open_server)
    standings, refusals = Standings(cluster, settings, connect), Refusals(cluster, settings, connect)
    operations = Operations(cluster, settings, directory, standings, refusals)
    health = HealthCheck(cluster, directory, image=settings.ingestion_image, version=config.openmetadata_version)
    workers = Workers()
    reporter = _reporter(cluster, settings, connect, counted) if config.reporter else None
    refresher = Refresher(operations.refresh) if config.refresh else None

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if reporter is not None:
            reporter.start()
        if refresher is not None:
            refresher.start()
        yield
        if refresher is not None:
            await asyncio.to_thread(refresher.stop)
        if reporter is not None:
            await asyncio.to_thread(reporter.stop)
        await workers.finish(_FINISH_SECONDS)
        operations.close()

    app = _application(config, lifespan)
    routes = router(Serving(operations, health, workers, max_body=config.max_body))
    for root in ROOTS:
        app.include_router(routes, prefix=root)

    @app.get("/metrics", include_in_schema=False)
    async def show_metrics() -> Response:
        return Response(counted.text(), media_type=_METRICS)

    return Front(app, credentials, counted)


def _connect(settings: Settings, open_server: Open | None) -> Connect:
    """Return what connects to the OpenMetadata of a document: at the address in the settings, if there is one.

    Runs may reach it at another address than this service.
    """

    def connect(way: Way) -> OpenMetadata:
        endpoint = settings.metadata_api_endpoint
        if endpoint is not None:
            certificates = given_certificates(settings)
            way = Way(api_address(endpoint), way.token, settings.verify_ssl, certificates)
        return connected(way) if open_server is None else open_server(way.address, way.token).__enter__()

    return connect


def _reporter(cluster: Cluster, settings: Settings, connect: Connect, metrics: Metrics) -> Background:
    told = reporting.Metrics(None, metrics.registry)
    return Background(Reporter(cluster, settings, connect), on_pass=told.passed, on_error=told.failed)


def _application(config: ServiceConfig, lifespan: Any) -> FastAPI:
    app = FastAPI(
        title="OpenMetadata's pipeline service on Kubernetes",
        version=__version__,
        description="What an OpenMetadata server asks of whatever runs its pipelines.",
        docs_url="/docs" if config.docs else None,
        redoc_url=None,
        openapi_url="/openapi.json" if config.docs else None,
        lifespan=lifespan,
        redirect_slashes=False,
    )

    plain = app.openapi

    def with_login() -> dict[str, Any]:
        described = plain()
        described.setdefault("components", {})["securitySchemes"] = {"login": {"type": "http", "scheme": "basic"}}
        return {**described, "security": [{"login": []}]}

    app.openapi = with_login  # type: ignore[method-assign]

    @app.exception_handler(HTTPException)
    async def say_why(_request: Request, error: HTTPException) -> Response:
        """Respond to what is not routed as to all else: JSON with the key `error`."""
        text = {404: "there is no such path", 405: "the path does not support this method"}
        said = text.get(error.status_code, str(error.detail))
        return Json({"error": said, "code": "NoSuchOperation"}, error.status_code, dict(error.headers or {}))

    return app
