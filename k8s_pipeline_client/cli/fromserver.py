"""The OpenMetadata server of a command's options and the settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from k8s_pipeline_client.cli.options import Globals
from k8s_pipeline_client.errors import InputError

if TYPE_CHECKING:
    from k8s_pipeline_client.deploying.fetch import Fetcher, ServerPipeline
    from k8s_pipeline_client.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

_LOOPBACK = re.compile(r"localhost|127\.[0-9.]+|::1")


def server_options(command: F) -> F:
    """Add the options for OpenMetadata's URL and token."""
    token = click.option(
        "--server-token-file",
        type=click.Path(path_type=Path, dir_okay=False),
        help="File with the bot's token. [default: serverToken or serverTokenFile of the settings]",
    )
    address = click.option(
        "--server",
        metavar="URL",
        help="OpenMetadata's API, as https://…/api. [default: metadataApiEndpoint of the settings]",
    )
    return address(token(command))


@dataclass(frozen=True, slots=True)
class Connected:
    """A reachable OpenMetadata server.

    Attributes:
        version: Its version.
        instance: The OpenMetadata instance, for the cluster.
    """

    fetcher: Fetcher
    version: str
    instance: str

    def all(self, services: Sequence[str] = ()) -> list[ServerPipeline]:
        """Return all pipelines, or those of some services."""
        from k8s_pipeline_client.cli.output import progress

        title = "reading the pipelines of OpenMetadata"
        with progress(title) as say:
            documents = self.fetcher.listed(services, say=lambda count: say(f"{title}: {count}"))
            return list(self.fetcher.made(documents))

    def named(self, fqns: Sequence[str]) -> list[ServerPipeline]:
        """Return the pipelines with these fully qualified names."""
        from k8s_pipeline_client.cli.output import progress

        with progress("reading from OpenMetadata"):
            return list(self.fetcher.named(fqns))


@contextmanager
def connected(values: Globals, address: str | None, token_file: Path | None) -> Iterator[Connected]:
    """Connect to the server, and check its version.

    Args:
        values: The settings.
        address: ``--server``, above the settings.
        token_file: ``--server-token-file``, above the settings.

    Raises:
        InputError: URL or token are missing or invalid.
        OpenMetadataError: The request failed, or the response is not OpenMetadata's.
    """
    from k8s_pipeline_client.deploying.fetch import Fetcher
    from k8s_pipeline_client.domain.connection import instance_of
    from k8s_pipeline_client.openmetadata.client import HttpOpenMetadata
    from k8s_pipeline_client.openmetadata.server import trust
    from k8s_pipeline_client.settings.given import given_certificates, given_connection

    settings = values.settings()
    token = _token(settings, token_file)
    found = settings.metadata_api_endpoint if address is None else address
    if found is None:
        raise InputError(
            "the URL of the OpenMetadata server is missing",
            hint="use --server URL, or set metadataApiEndpoint, such as https://openmetadata.example.com/api",
        )
    verify = trust(settings.verify_ssl, given_certificates(settings))
    with HttpOpenMetadata(found, token, verify=verify) as server:
        connection = given_connection(_for_runs(settings, server.address, token))
        fetcher = Fetcher(server, connection=connection, now=datetime.now(UTC), instance=settings.instance)
        yield Connected(fetcher, server.version(), settings.instance or instance_of(connection))


def _token(settings: Settings, token_file: Path | None) -> str:
    from k8s_pipeline_client.settings.given import given_token, read_token

    token = given_token(settings) if token_file is None else read_token(token_file, "--server-token-file")
    if token is None:
        raise InputError(
            "the token for the OpenMetadata server is missing",
            hint="use --server-token-file; admins find it in OpenMetadata under Settings, Bots, ingestion-bot",
        )
    return token


def _for_runs(settings: Settings, address: str, token: str) -> Settings:
    """Return the settings with the URL of OpenMetadata for runs: from the settings, else the one used here."""
    from pydantic import SecretStr

    from k8s_pipeline_client.cli.output import warn

    if settings.metadata_api_endpoint is None and _LOOPBACK.fullmatch(urlsplit(address).hostname or ""):
        warn(f"runs reach OpenMetadata at {address}, which is their own pod: set metadataApiEndpoint")
    endpoint = settings.metadata_api_endpoint or address
    return settings.model_copy(update={"metadata_api_endpoint": endpoint, "server_token": SecretStr(token)})
