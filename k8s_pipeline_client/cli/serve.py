"""serve: the pipeline service of an OpenMetadata server, over HTTP."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from k8s_pipeline_client.cli.options import Globals, common_options, pass_globals
from k8s_pipeline_client.errors import InputError, SettingsError

if TYPE_CHECKING:
    from k8s_pipeline_client.cluster.port import Cluster
    from k8s_pipeline_client.service import ServiceConfig
    from k8s_pipeline_client.service.auth import Credentials

_FILE = click.Path(path_type=Path, dir_okay=False)
_PORT = click.IntRange(0, 65535)


@click.command("serve")
@click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")
@click.option("--port", type=_PORT, default=8080, show_default=True, help="Port; 0 for any free one.")
@click.option("--username-file", multiple=True, type=_FILE, help="File with user names, one per line. May be repeated.")
@click.option("--password-file", multiple=True, type=_FILE, help="File with passwords, one per line. May be repeated.")
@click.option("--tls-certificate", type=_FILE, help="PEM file with the certificate chain, for https.")
@click.option("--tls-key", type=_FILE, help="PEM file with its private key.")
@click.option("--metrics-port", type=_PORT, help="Also serve /metrics on this port, without authentication.")
@click.option(
    "--openmetadata-version",
    metavar="X.Y.Z",
    help="OpenMetadata version of the ingestion image. [default: from its tag]",
)
@click.option("--no-reporter", is_flag=True, help="Do not report how runs end: `reconcile` does it elsewhere.")
@click.option("--no-refresh", is_flag=True, help="Do not update what is deployed when image or settings change.")
@click.option("--docs/--no-docs", default=False, help="Serve the description of the API at /docs.")
@common_options
@pass_globals
def serve_command(
    values: Globals,
    host: str,
    port: int,
    username_file: tuple[Path, ...],
    password_file: tuple[Path, ...],
    tls_certificate: Path | None,
    tls_key: Path | None,
    metrics_port: int | None,
    openmetadata_version: str | None,
    no_reporter: bool,
    no_refresh: bool,
    docs: bool,
) -> None:
    """Serve OpenMetadata's pipeline service API until SIGTERM.

    An OpenMetadata server whose className is its Airflow REST client, and whose apiEndpoint is this service, has its
    pipelines deployed and run here. It logs in with a user name and a password: from files, such as a mounted Secret,
    or as the server's own settings (--config) say. The log is one JSON object per line, on standard error.
    """
    try:
        from k8s_pipeline_client import service
    except ModuleNotFoundError as error:
        raise InputError(
            f"serve needs {error.name}, which is not installed",
            code="ExtraMissing",
            facts={"extra": "serve"},
            hint="install k8s-pipeline-client[serve]",
        ) from error
    from k8s_pipeline_client.client.connecting import connect

    config = service.ServiceConfig(
        host=host,
        port=port,
        username_files=username_file,
        password_files=password_file,
        tls_certificate=tls_certificate,
        tls_key=tls_key,
        metrics_port=metrics_port,
        openmetadata_version=_version(openmetadata_version),
        reporter=not no_reporter,
        refresh=not no_refresh,
        docs=docs,
    )
    _check(config)
    values.log_json()
    settings = values.settings()
    if settings.is_noop:
        raise SettingsError("the pipeline service is disabled by the setting enabled: false", hint="set enabled: true")
    cluster = connect(settings, kubeconfig=values.kubeconfig, context=values.context)
    credentials = _credentials(config, values, cluster)
    metrics = service.Metrics()
    app = service.create_app(cluster, settings, credentials, config, metrics=metrics)
    service.serve(app, config, metrics)


def _check(config: ServiceConfig) -> None:
    if bool(config.username_files) != bool(config.password_files):
        raise InputError("--username-file and --password-file must be given together", hint="give both, or neither")
    if config.tls_key is not None and config.tls_certificate is None:
        raise InputError("--tls-certificate and --tls-key must be given together", hint="give both")


def _version(text: str | None) -> str:
    from k8s_pipeline_client.domain.image import version_in

    if text is None:
        return ""
    found = version_in(text)
    if not found:
        raise InputError(f"--openmetadata-version {text!r} is not a version", hint="give one such as 1.12.14")
    return found


def _credentials(config: ServiceConfig, values: Globals, cluster: Cluster) -> Credentials:
    """Return who may ask: as the files say, else as the server's own settings do."""
    from k8s_pipeline_client.service import auth
    from k8s_pipeline_client.settings.login import read_login

    if config.username_files:
        names = auth.FileValues(config.username_files, "user name")
        return auth.Credentials(names, auth.FileValues(config.password_files, "password"))
    login = read_login(values.config, os.environ)
    if login.username is None or (login.password is None and login.secret is None):
        raise InputError(
            "nobody could log in: no user name and password are given",
            hint="give --username-file and --password-file, or the server's own settings with --config",
        )
    names_ = auth.fixed([login.username], "user name")
    if login.secret is not None:
        return auth.Credentials(names_, auth.SecretValues(cluster, login.secret, login.key))
    assert login.password is not None
    return auth.Credentials(names_, auth.fixed([login.password], "password"))
