"""Reads from OpenMetadata what the deploy of a pipeline or automation needs and its server does not send.

With the token of the entity: the service needs none of its own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from k8s_pipeline_client.domain.entities import Document, EntityReference
from k8s_pipeline_client.errors import DefinitionError, InputError, OpenMetadataError, ServerResponseError
from k8s_pipeline_client.openmetadata.client import HttpOpenMetadata
from k8s_pipeline_client.openmetadata.port import OpenMetadata
from k8s_pipeline_client.openmetadata.server import trust
from k8s_pipeline_client.settings import Settings
from k8s_pipeline_client.settings.given import given_certificates, given_token

_LOG = logging.getLogger(__name__)

CONNECTION = "openMetadataServerConnection"
_PATIENCE = 4.0
"""The timeout of a request with its retries, in seconds: the deploy waits for it."""
_KEPT_SECONDS = 600.0
_KEPT = 1000
_NOT_ASKED = 200
"""The status of a `ServerResponseError` that no refusal of the server stands behind: the reference leads nowhere."""
Open = Callable[[str, str], AbstractContextManager[OpenMetadata]]
"""Opens an OpenMetadata, given its address and a token."""

_ANYBODY = "none"
"""In place of a token, for what needs none."""


class Directory:
    """Reads from OpenMetadata, and caches services for 10 min; thread-safe."""

    def __init__(
        self, settings: Settings, open_server: Open | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the settings: their address and certificates take precedence over those of entities.

        Args:
            settings: See `load_settings`.
            open_server: Connects to it; over HTTP if None.
            clock: Returns the time, in seconds.
        """
        self._settings = settings
        self._open = open_server or self._over_http
        self._clock = clock
        self._lock = threading.Lock()
        self._services: OrderedDict[str, tuple[float, Document]] = OrderedDict()
        self._address = settings.metadata_api_endpoint

    def service(self, reference: EntityReference, entity: Mapping[str, Any]) -> Document:
        """Return the service that a pipeline belongs to, without its connection.

        Args:
            reference: The pipeline's to it.
            entity: The pipeline, with its connection to OpenMetadata.

        Raises:
            EntityNotFoundError: There is none.
            OpenMetadataError: OpenMetadata could not be asked.
        """
        address, token = self._way(entity)
        key = f"{address} {reference.type}/{reference.id or reference.fully_qualified_name or reference.name}"
        found = self._kept(key)
        if found is None:
            with self._open(address, token) as server:
                found = _read(server, reference)
            self._keep(key, found)
        return found

    def updated_at(self, entity: Mapping[str, Any]) -> int | None:
        """Return a pipeline's ``updatedAt`` in OpenMetadata, in ms; None if OpenMetadata does not respond.

        The server sends earlier states of a pipeline after later ones; only it knows which of them is the last.
        """
        identity = entity.get("id")
        if not isinstance(identity, str):
            return None
        try:
            address, token = self._way(entity)
            with self._open(address, token) as server:
                found = server.pipeline_with_id(identity).get("updatedAt")
        except (OpenMetadataError, InputError) as error:
            _LOG.warning("cannot tell when pipeline %s was changed: %s", identity, error.message)
            return None
        return found if isinstance(found, int) else None

    def automation(self, workflow: Mapping[str, Any]) -> Document:
        """Return an automation as OpenMetadata has it, with its secrets in clear.

        The posted workflow has them encrypted with the server's key. Only the posted one has the connection to
        OpenMetadata.

        Raises:
            DefinitionError: It has no name.
            OpenMetadataError: OpenMetadata could not be asked, or has no such automation.
        """
        name = workflow.get("fullyQualifiedName") or workflow.get("name")
        if not isinstance(name, str) or not name:
            raise DefinitionError("the automation has no name", hint="OpenMetadata's server sends it")
        address, token = self._way(workflow)
        with self._open(address, token) as server:
            found = server.automation(name)
        return {**found, CONNECTION: workflow.get(CONNECTION)} if workflow.get(CONNECTION) else found

    def version(self) -> str | None:
        """Return the version of OpenMetadata; None if its address is not known yet. Needs no token.

        Raises:
            OpenMetadataError: It could not be asked.
        """
        if self._address is None:
            return None
        with self._open(self._address, _ANYBODY) as server:
            return server.version()

    def _over_http(self, address: str, token: str) -> HttpOpenMetadata:
        verify = trust(self._settings.verify_ssl, given_certificates(self._settings))
        return HttpOpenMetadata(address, token, verify=verify, total_timeout=_PATIENCE)

    def _way(self, entity: Mapping[str, Any]) -> tuple[str, str]:
        """Return address and token for the OpenMetadata of an entity."""
        connection = entity.get(CONNECTION)
        connection = connection if isinstance(connection, dict) else {}
        address = self._settings.metadata_api_endpoint or connection.get("hostPort")
        security = connection.get("securityConfig")
        token = security.get("jwtToken") if isinstance(security, dict) else None
        if not isinstance(address, str) or not address:
            raise DefinitionError(f"{CONNECTION}.hostPort is missing", hint="OpenMetadata's server sends it")
        if not isinstance(token, str) or not token:
            token = given_token(self._settings)
        if not token:
            raise InputError(
                f"{CONNECTION}.securityConfig.jwtToken is missing, so OpenMetadata cannot be asked for the service",
                code="ServerTokenMissing",
                hint="give the pipeline's bot a token",
            )
        self._address = self._address or address
        return address, token

    def _kept(self, key: str) -> Document | None:
        with self._lock:
            at, found = self._services.get(key, (0.0, None))
            return found if found is not None and self._clock() - at < _KEPT_SECONDS else None

    def _keep(self, key: str, found: Document) -> None:
        with self._lock:
            self._services[key] = (self._clock(), found)
            self._services.move_to_end(key)
            while len(self._services) > _KEPT:
                self._services.popitem(last=False)


def _read(server: OpenMetadata, reference: EntityReference) -> Document:
    try:
        return server.service(reference)
    except ServerResponseError as error:
        if error.status != _NOT_ASKED or type(error) is not ServerResponseError or error.code != error.default_code:
            raise
        raise DefinitionError(error.message, hint="OpenMetadata's server sends type and id of the service") from error
