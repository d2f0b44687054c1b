"""Collects what OpenMetadata says, and the HTTP service."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from k8s_pipeline_client.cluster.port import Cluster, Kind
from k8s_pipeline_client.doctor.facts import Maybe, Probed, ServerFacts, ServiceFacts, Unknown
from k8s_pipeline_client.doctor.server import NEEDED
from k8s_pipeline_client.domain.connection import claims_of
from k8s_pipeline_client.errors import (
    NotFoundError,
    OpenMetadataError,
    PipelineError,
    RightMissingError,
    ServerResponseError,
)
from k8s_pipeline_client.openmetadata.client import HttpOpenMetadata
from k8s_pipeline_client.openmetadata.server import trust
from k8s_pipeline_client.openmetadata.service import ask_service
from k8s_pipeline_client.settings import Settings
from k8s_pipeline_client.settings.given import given_certificates, given_token

TIMEOUT = 10.0
"""Seconds for each question to OpenMetadata, retries included: a person waits."""
_NO_TOKEN = "not-a-token"  # the version needs none


@dataclass(frozen=True, slots=True)
class Service:
    """The HTTP service, and how OpenMetadata's server logs in to it."""

    url: str
    user: str = "admin"
    password: str = field(default="", repr=False)


def ask_server(
    settings: Settings,
    cluster: Cluster | None,
    address: str | None,
    token: str | None,
    probe: Callable[[], Maybe[Probed]] | None,
) -> ServerFacts:
    """Ask OpenMetadata.

    Args:
        settings: The settings.
        cluster: Where the token's Secret is; None if it cannot be read.
        address: Where it is reached from here; as the settings say if None.
        token: The bot's; as the settings say if None.
        probe: Has a pod look.

    Raises:
        InputError: The address or the token is invalid, or a file of the settings cannot be read.
    """
    endpoint, probed = settings.metadata_api_endpoint or address or "", None if probe is None else probe()
    found = token or _token(settings, cluster)
    text = found if isinstance(found, str) else ""
    claims = found if isinstance(found, Unknown) else claims_of(found)
    where = address or settings.metadata_api_endpoint
    if where is None:
        return ServerFacts(token=claims, endpoint=endpoint, probed=probed)
    verify = trust(settings.verify_ssl, given_certificates(settings))
    with HttpOpenMetadata(where, text or _NO_TOKEN, verify=verify, total_timeout=TIMEOUT) as server:
        version = _version(server)
        silent = isinstance(version, PipelineError)
        accepted = Unknown("it does not respond") if silent or not text else _accepted(server)
        return ServerFacts(
            address=server.address,
            version=version,
            token=claims,
            accepted=accepted,
            allowed=_allowed(server) if accepted is True else Unknown("it was not asked"),
            endpoint=endpoint,
            probed=probed,
        )


def ask(service: Service, settings: Settings) -> ServiceFacts:
    """Ask the HTTP service for its health, with the password."""
    verify = trust(settings.verify_ssl, given_certificates(settings))
    status, said = ask_service(service.url, service.user, service.password, verify=verify)
    return ServiceFacts(service.url, status, said)


def _version(server: HttpOpenMetadata) -> str | PipelineError:
    try:
        return server.version()
    except OpenMetadataError as error:
        return error


def _accepted(server: HttpOpenMetadata) -> bool | PipelineError:
    try:
        return server.accepts_token()
    except OpenMetadataError as error:
        return error


def _allowed(server: HttpOpenMetadata) -> Maybe[Mapping[str, frozenset[str]]]:
    try:
        return {resource: server.allowed(resource) for resource in NEEDED}
    except RightMissingError:
        return {}
    except ServerResponseError as error:
        return Unknown(f"the server does not say ({error.status})")
    except OpenMetadataError as error:
        return Unknown(error.message)


def _token(settings: Settings, cluster: Cluster | None) -> Maybe[str]:
    token = given_token(settings)
    if token:
        return token
    source = settings.token_secret
    if source is None:
        return Unknown("none is set")
    if cluster is None:
        return Unknown(f"Secret {source.name} could not be read")
    try:
        data = cluster.get(Kind.SECRET, source.name).get("data") or {}
        return base64.b64decode(data[source.key], validate=True).decode().strip() or Unknown("it is empty")
    except NotFoundError:
        return Unknown(f"Secret {source.name}, which tokenSecret names, does not exist")
    except (KeyError, binascii.Error, UnicodeDecodeError):
        return Unknown(f"Secret {source.name} has no token under {source.key}")
    except PipelineError as error:
        return Unknown(error.message)
