"""Where the service listens, which logins it accepts, and what it does besides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MAX_BODY = 4 * 2**20
"""Bytes. What is deployed has to fit a Secret, which takes 1 MiB."""


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """Where the service listens, which logins it accepts, and what it does besides.

    Attributes:
        host: The address to listen on.
        port: 0 for any free one.
        username_files: With user names, one a line; all of them are accepted.
        password_files: With passwords, one a line; all of them are accepted, so that one can follow another.
        tls_certificate: A PEM file with the certificate chain; plain HTTP if None.
        tls_key: A PEM file with its private key.
        metrics_port: Serves ``/metrics`` without a login; None for no such port.
        docs: Serve OpenAPI at ``/docs`` and ``/openapi.json``.
        max_body: The maximum size of a request body, in bytes.
        openmetadata_version: The version that the ingestion image is made for, ``x.y.z``; that of its tag if empty.
        reporter: Report to OpenMetadata how runs end, as ``k8s-pipeline reconcile`` does.
        refresh: At start and every hour, update deployed pipelines that image, settings or version would render
            differently now.
    """

    host: str = "0.0.0.0"
    port: int = 8080
    username_files: tuple[Path, ...] = ()
    password_files: tuple[Path, ...] = ()
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    metrics_port: int | None = None
    docs: bool = False
    max_body: int = MAX_BODY
    openmetadata_version: str = ""
    reporter: bool = True
    refresh: bool = True
