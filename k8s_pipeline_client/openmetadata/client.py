"""The OpenMetadata API over HTTP: the implementation of the port."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Self
from urllib.parse import quote, urlsplit

from k8s_pipeline_client.domain.entities import Document, EntityReference
from k8s_pipeline_client.errors import InputError, ServerResponseError
from k8s_pipeline_client.openmetadata.translate import foreign, refusal
from k8s_pipeline_client.openmetadata.transport import Transport
from k8s_pipeline_client.retrying import TOTAL_TIMEOUT

_PAGE = 100
_PIPELINES = "services/ingestionPipelines"
_TEST_SUITE = "testSuite"
_COLLECTIONS = MappingProxyType(
    {
        "apiService": "services/apiServices",
        "dashboardService": "services/dashboardServices",
        "databaseService": "services/databaseServices",
        "driveService": "services/driveServices",
        "messagingService": "services/messagingServices",
        "metadataService": "services/metadataServices",
        "mlmodelService": "services/mlmodelServices",
        "pipelineService": "services/pipelineServices",
        "searchService": "services/searchServices",
        "securityService": "services/securityServices",
        "storageService": "services/storageServices",
        _TEST_SUITE: "dataQuality/testSuites",
    }
)
"""API paths of the entities that can have pipelines, by the ``type`` of entity references."""

_RUNNER = "ingestionRunner"
_OF_A_SERVICE = ("id", "name", "fullyQualifiedName", "serviceType", _RUNNER)


class HttpOpenMetadata:
    """Reads entities; see `port.OpenMetadata`."""

    def __init__(
        self, address: str, token: str, *, verify: ssl.SSLContext | bool = True, total_timeout: float = TOTAL_TIMEOUT
    ) -> None:
        """Take the server and a token.

        Args:
            address: The URL of its API, such as ``https://openmetadata.example.com/api``.
            token: The bot's JWT.
            verify: How to verify its certificate; see `trust`.
            total_timeout: Seconds that a request may take, retries included.

        Raises:
            InputError: Address or token are invalid, or the proxy or CA certificates of the environment.
        """
        self.address = api_address(address)
        self._token = checked_token(token)
        self._transport = Transport(self.address, self._token, verify=verify, total_timeout=total_timeout)

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._transport.close()

    def version(self) -> str:
        """Return the server's version, such as ``1.12.14``."""
        found = self._get("system/version", what="its version").get("version")
        if not isinstance(found, str):
            raise ServerResponseError(
                f"the response of {self.address} has no version, so it is not OpenMetadata",
                code="NotOpenMetadata",
                facts={"address": self.address},
                hint="use the URL of the API, such as https://openmetadata.example.com/api",
            )
        return found

    def pipelines(self, service: str | None = None) -> Iterator[Document]:
        """Yield every IngestionPipeline entity, page by page; see the port."""
        query = {"limit": str(_PAGE)} | ({"service": service} if service else {})
        seen: set[str] = set()
        while True:
            page = self._get(_PIPELINES, query, what="the ingestion pipelines")
            items, paging = page.get("data"), page.get("paging")
            if not isinstance(items, list) or not isinstance(paging, Mapping):
                raise ServerResponseError(f"the response of {self.address} is not a page of ingestion pipelines")
            known = len(seen)
            for item in items:
                if not isinstance(item, dict) or not isinstance(item.get("id"), str):
                    raise ServerResponseError(f"{self.address} listed an ingestion pipeline without an id")
                if item["id"] not in seen:  # it may move to the next page between two requests
                    seen.add(item["id"])
                    yield item
            cursor = paging.get("after")
            if not cursor:
                break
            # Pages without new entities would otherwise never end.
            if len(seen) == known or not isinstance(cursor, str):
                raise ServerResponseError(f"the list of ingestion pipelines of {self.address} does not end")
            query["after"] = cursor
        total = paging.get("total")
        if isinstance(total, int) and len(seen) < total:
            raise ServerResponseError(
                f"{self.address} has {total} ingestion pipelines, but listed {len(seen)}",
                hint="some may have been created meanwhile: try again",
            )

    def pipeline(self, fqn: str) -> Document:
        """Return one IngestionPipeline entity; see the port."""
        return self._get(f"{_PIPELINES}/name/{_encoded(fqn)}", what=f"ingestion pipeline {fqn!r}")

    def pipeline_with_id(self, identity: str) -> Document:
        """Return one IngestionPipeline entity; see the port."""
        return self._get(f"{_PIPELINES}/{_encoded(identity)}", what=f"ingestion pipeline {identity}")

    def service(self, reference: EntityReference) -> Document:
        """Return the service of a pipeline, without its connection; see the port."""
        name = reference.fully_qualified_name or reference.name
        what = f"{reference.type or 'service'} {name or reference.id!r}"
        collection = _COLLECTIONS.get(reference.type or "")
        if collection is None:
            raise ServerResponseError(f"{what}: entities of this type have no ingestion pipelines")
        if reference.id:
            path = f"{collection}/{_encoded(reference.id)}"
        elif name:
            path = f"{collection}/name/{_encoded(name)}"
        else:
            raise ServerResponseError(f"{what}: the reference has neither id nor name")
        entity = self._with_runner(path, what)
        # Other fields are dropped, since they may hold secrets, such as the connection.
        found = {key: entity[key] for key in _OF_A_SERVICE if key in entity}
        if reference.type == _TEST_SUITE:
            found.setdefault("serviceType", "TestSuite")
        return found

    def _with_runner(self, path: str, what: str) -> Document:
        """Read a service with its ingestion runner, a field that older servers do not have."""
        try:
            return self._get(path, {"fields": _RUNNER}, what=what)
        except ServerResponseError as error:
            if error.status != 400 or _RUNNER not in error.message:
                raise
        return self._get(path, what=what)

    def _get(self, path: str, query: Mapping[str, str] = MappingProxyType({}), *, what: str) -> Document:
        response = self._transport.get(f"/v1/{path}", query)
        if response.status != 200:
            raise refusal(response, address=self.address, what=what, token=self._token)
        try:
            found: Any = json.loads(response.body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise foreign(response, address=self.address)
        return found


def api_address(text: str) -> str:
    """Return the URL of a server's API without a trailing slash; ``/api`` is added if there is no path.

    Raises:
        InputError: It is not a valid URL.
    """
    hint = "use one such as https://openmetadata.example.com/api"
    try:
        parts = urlsplit(text.strip())
        host, user, _ = parts.hostname, parts.username, parts.port
    except ValueError:
        # The message quotes the URL, which may contain a password.
        raise InputError("the URL of the OpenMetadata server is invalid", hint=hint) from None
    if user is not None:
        raise InputError("the URL of the OpenMetadata server contains credentials", hint=f"remove them; {hint}")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise InputError(f"{text.strip()!r} is not a valid URL of an OpenMetadata server", hint=hint)
    path = re.sub(r"/v1$", "", parts.path.rstrip("/"))
    return f"{parts.scheme}://{parts.netloc}{path or '/api'}"


def checked_token(text: str) -> str:
    """Return a token without surrounding white space.

    Raises:
        InputError: It is invalid; the message does not quote it.
    """
    token = text.strip()
    if not token:
        raise InputError(
            "the token for the OpenMetadata server is empty", code="ServerTokenMissing", hint="give the JWT of a bot"
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        raise InputError(
            "the token for the OpenMetadata server is invalid: it contains white space", hint="give the JWT only"
        )
    return token


def trust(verify_ssl: str, certificates: str) -> ssl.SSLContext | bool:
    """Return how to verify the server's certificate, as httpx takes it.

    Args:
        verify_ssl: The setting ``verifySSL``. ``no-ssl`` is OpenMetadata's default: an https URL is then verified with
            the system's CA certificates.
        certificates: Those of ``sslConfig.certificatePath``, PEM; empty for the system's.
    """
    if verify_ssl == "ignore":
        return False
    if verify_ssl == "validate" and certificates:
        return ssl.create_default_context(cadata=certificates)
    return True


def _encoded(text: str) -> str:
    return quote(text, safe="")
