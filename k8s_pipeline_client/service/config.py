"""How the service is reached, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MAX_BODY = 4 * 2**20
"""Bytes. What is deployed has to fit a Secret, which takes 1 MiB."""


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """How the service is reached, and by whom.

    Attributes:
        host: The address to listen on.
        port: 0 for any that is free.
        username_files: With user names, one a line; all of them are accepted.
        password_files: With passwords, one a line; all of them are accepted, so that one can follow another.
        tls_certificate: A PEM file with the certificate chain; plain HTTP if None.
        tls_key: A PEM file with its private key.
        metrics_port: Where the metrics are served to whoever asks; None for nowhere but ``/metrics``, with a login.
        docs: Serve the description of the API, at ``/docs`` and ``/openapi.json``.
        max_body: How many bytes a request may have.
        openmetadata_version: Of which version the ingestion image is, ``x.y.z``; as its tag says if empty.
        reporter: Have OpenMetadata know how runs end, as ``k8s-pipeline reconcile`` does.
        refresh: Render what is deployed again at start and each hour, as far as it would be rendered otherwise now.
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
