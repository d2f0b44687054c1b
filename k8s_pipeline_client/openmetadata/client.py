"""The OpenMetadata API over HTTP: the implementation of the port."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Self
from urllib.parse import quote

from k8s_pipeline_client.domain.entities import Document, EntityReference
from k8s_pipeline_client.errors import RightMissingError, ServerResponseError, TokenRejectedError
from k8s_pipeline_client.openmetadata.server import api_address, checked_token
from k8s_pipeline_client.openmetadata.session import Session, Token
from k8s_pipeline_client.openmetadata.translate import Asked, read, row_conflict
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

_WORKFLOWS = "automations/workflows"
_JSON_PATCH = "application/json-patch+json"
_TO_EDIT = "to edit ingestion pipelines"
_ALL = MappingProxyType({"include": "all"})
_RUNNER = "ingestionRunner"
_OF_A_SERVICE = ("id", "name", "fullyQualifiedName", "serviceType", _RUNNER)


class HttpOpenMetadata:
    """A client of one server; see `port.OpenMetadata`."""

    def __init__(
        self, address: str, token: Token, *, verify: ssl.SSLContext | bool = True, total_timeout: float = TOTAL_TIMEOUT
    ) -> None:
        """Take the server and a token.

        Args:
            address: The URL of its API, such as ``https://openmetadata.example.com/api``.
            token: The bot's JWT, or a function that returns it and is called for each request.
            verify: How to verify its certificate; see `server.trust`.
            total_timeout: Seconds that a request may take, retries included.

        Raises:
            InputError: Address or token are invalid, or the proxy or CA certificates of the environment.
        """
        api = api_address(address)
        checked = token if callable(token) else checked_token(token)
        self._session = Session(api, checked, Transport(api, verify=verify, total_timeout=total_timeout))

    @property
    def address(self) -> str:
        """The URL of the server's API, without a trailing slash."""
        return self._session.address

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._session.close()

    def version(self) -> str:
        """Return the server's version, such as ``1.12.14``."""
        found = self._session.read("system/version", read("its version")).get("version")
        if not isinstance(found, str):
            raise ServerResponseError(
                f"the response of {self.address} has no version, so it is not OpenMetadata",
                code="NotOpenMetadata",
                facts={"address": self.address},
                hint="use the URL of the API, such as https://openmetadata.example.com/api",
            )
        return found

    def accepts_token(self) -> bool:
        """Return whether the server accepts the token, by one short GET that needs one.

        Raises:
            OpenMetadataError: It gave no answer, or one that does not tell.
        """
        try:
            self._session.read(_PIPELINES, read("the ingestion pipelines"), {"limit": "1"})
        except TokenRejectedError:
            return False
        except RightMissingError:
            pass  # it knows whose the token is
        return True

    def allowed(self, resource: str) -> frozenset[str]:
        """Return what the token's bearer may do with all entities of a type, such as ``ViewAll``.

        Raises:
            OpenMetadataError: It gave no answer, or one that does not tell.
        """
        found = self._session.read(f"permissions/{_encoded(resource)}", read(f"the permissions for {resource}"))
        listed = found.get("permissions")
        if not isinstance(listed, list):
            raise ServerResponseError(f"{self.address} listed no permissions for {resource}")
        return frozenset(
            str(item.get("operation")) for item in listed if isinstance(item, dict) and item.get("access") == "allow"
        )

    def pipelines(self, service: str | None = None) -> Iterator[Document]:
        """Yield every IngestionPipeline entity, page by page; see the port."""
        query = {"limit": str(_PAGE)} | ({"service": service} if service else {})
        seen: set[str] = set()
        while True:
            page = self._session.read(_PIPELINES, read("the ingestion pipelines"), query)
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

    def pipeline(self, fqn: str, *, include_deleted: bool = False) -> Document:
        """Return one IngestionPipeline entity; see the port."""
        path = f"{_PIPELINES}/name/{_encoded(fqn)}"
        return self._session.read(path, read(_named(fqn)), _ALL if include_deleted else {})

    def pipeline_with_id(self, identity: str, *, include_deleted: bool = False) -> Document:
        """Return one IngestionPipeline entity; see the port."""
        path = f"{_PIPELINES}/{_encoded(identity)}"
        return self._session.read(path, read(f"ingestion pipeline {identity}"), _ALL if include_deleted else {})

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
            return self._session.read(path, read(what), {"fields": _RUNNER})
        except ServerResponseError as error:
            if error.status != 400 or _RUNNER not in error.message:
                raise
        return self._session.read(path, read(what))

    def run_status(self, fqn: str, run_id: str) -> Document | None:
        """Return the status of a run; see the port."""
        asked = Asked(f"return the status of run {run_id} of {_named(fqn)}", _named(fqn))
        response = self._session.send("GET", f"{_rows(fqn)}/{_encoded(run_id)}", asked, expected=(200, 204))
        return None if response.status == 204 else self._session.object_of(response)

    def put_run_status(self, fqn: str, row: Document) -> None:
        """Write the status of a run; see the port."""
        run_id = str(row.get("runId"))
        asked = Asked(f"update the status of run {run_id} of {_named(fqn)}", _named(fqn), _TO_EDIT)
        try:
            response = self._session.send("PUT", _rows(fqn), asked, expected=(200, 201), body=row)
        except ServerResponseError as error:
            if error.status == 409:
                raise row_conflict(error, fqn, run_id) from error
            raise
        self._session.object_of(response)  # a login page has status 200, too

    def delete_run_status(self, pipeline_id: str, run_id: str) -> None:
        """Delete the status of a run; see the port."""
        what = f"ingestion pipeline {pipeline_id}"
        asked = Asked(f"delete the status of run {run_id} of {what}", what, _TO_EDIT)
        self._session.send("DELETE", f"{_rows(pipeline_id)}/{_encoded(run_id)}", asked, expected=(204,))

    def run_statuses(self, fqn: str, *, start: int, end: int) -> list[Document]:
        """Return the status of the runs of a pipeline; see the port."""
        asked = Asked(f"list the status of the runs of {_named(fqn)}", _named(fqn))
        found = self._session.read(_rows(fqn), asked, {"startTs": str(start), "endTs": str(end)}).get("data")
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise ServerResponseError(f"the response of {self.address} is not a list of the status of runs")
        return found

    def automation(self, name: str) -> Document:
        """Return an automation workflow; see the port."""
        return self._session.read(f"{_WORKFLOWS}/name/{_encoded(name)}", read(f"automation workflow {name!r}"))

    def set_automation_status(self, identity: str, status: str, response: Document | None) -> None:
        """Set the status of an automation workflow; see the port."""
        what = f"automation workflow {identity}"
        asked = Asked(f"update the status of {what}", what, right="to edit automations")
        # Not ``replace``: a workflow has no status until it is given one.
        patch: list[Document] = [{"op": "add", "path": "/status", "value": status}]
        patch += [{"op": "add", "path": "/response", "value": response}] if response is not None else []
        path = f"{_WORKFLOWS}/{_encoded(identity)}"
        found = self._session.send("PATCH", path, asked, expected=(200,), body=patch, content_type=_JSON_PATCH)
        self._session.object_of(found)

    def close_log_stream(self, fqn: str, run_id: str) -> None:
        """Close the log stream of a run; see the port."""
        asked = Asked(f"close the log of run {run_id} of {_named(fqn)}", _named(fqn), _TO_EDIT)
        path = f"{_PIPELINES}/logs/{_encoded(fqn)}/{_encoded(run_id)}/close"
        self._session.object_of(self._session.send("POST", path, asked, expected=(200,)))


def _encoded(text: str) -> str:
    return quote(text, safe="")


def _named(fqn: str) -> str:
    return f"ingestion pipeline {fqn!r}"


def _rows(pipeline: str) -> str:
    return f"{_PIPELINES}/{_encoded(pipeline)}/pipelineStatus"
