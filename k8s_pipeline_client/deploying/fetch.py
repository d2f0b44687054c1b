"""Builds pipelines from the entities of an OpenMetadata server, with their services."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from k8s_pipeline_client.domain import naming
from k8s_pipeline_client.domain.entities import Document, EntityReference, IngestionPipeline
from k8s_pipeline_client.domain.likeness import close_to, did_you_mean
from k8s_pipeline_client.domain.pipeline import Pipeline, milliseconds
from k8s_pipeline_client.domain.recognise import recognise
from k8s_pipeline_client.domain.resolve import resolve
from k8s_pipeline_client.errors import (
    DefinitionError,
    EntityNotFoundError,
    NotRunByPipelinesError,
    PipelineError,
    ServerUnreachableError,
    TokenRejectedError,
    UnknownNameError,
)
from k8s_pipeline_client.openmetadata.port import OpenMetadata

_HOPELESS = (ServerUnreachableError, TokenRejectedError)
"""Errors that the next request would have as well."""
_CONNECTION = "openMetadataServerConnection"


@dataclass(frozen=True, slots=True)
class ServerPipeline:
    """The result of fetching one pipeline of an OpenMetadata server.

    Attributes:
        fqn: Its fully qualified name.
        id: Its id; empty where it was not found.
        pipeline: None if it cannot be run; `error` has the reason.
    """

    fqn: str
    id: str = ""
    display_name: str = ""
    service: str = ""
    pipeline_type: str = ""
    pipeline: Pipeline | None = None
    error: PipelineError | None = None

    @property
    def is_skipped(self) -> bool:
        """Whether OpenMetadata itself does not run pipelines of its type, so that it can be skipped."""
        return isinstance(self.error, NotRunByPipelinesError)


class Fetcher:
    """Reads pipelines from one server."""

    def __init__(
        self, server: OpenMetadata, *, connection: Document, now: datetime, instance: str | None = None
    ) -> None:
        """Take the server.

        Args:
            server: The server.
            now: Aware; compared with startDate and endDate.
            connection: The connection of runs to it; its API does not show its own.
            instance: The OpenMetadata instance; the connection's clusterName if None.
        """
        self._server = server
        self._connection = connection
        self._now = now
        self._instance = instance
        self._services: dict[str, Document | PipelineError] = {}

    def listed(
        self, services: Sequence[str] = (), *, say: Callable[[int], None] = lambda count: None
    ) -> list[Document]:
        """Return all IngestionPipeline entities, or those of some services.

        Args:
            services: Names of services; those of all if there are none.
            say: Called with the number read so far.

        Raises:
            UnknownNameError: A service has none, or does not exist.
            OpenMetadataError: They could not be read, or not completely.
        """
        found: dict[str, Document] = {}
        for service in dict.fromkeys(map(_fqn_of, services)) or (None,):
            before = len(found)
            for document in self._server.pipelines(service):
                found[document["id"]] = document
                say(len(found))
            if service and len(found) == before:
                close = close_to(service.strip('"'), self._services_with_pipelines())
                raise UnknownNameError(
                    f"OpenMetadata has no ingestion pipeline of a service {service}",
                    code="ServiceWithoutPipelines",
                    facts={"service": service or "", "close": close},
                    hint=did_you_mean(close) or "see which pipelines OpenMetadata has",
                )
        return list(found.values())

    def _services_with_pipelines(self) -> list[str]:
        """Return the names of the services that have pipelines; none where they cannot be listed."""
        try:
            return sorted({_text(found.get("service"), "name") for found in self._server.pipelines()} - {""})
        except PipelineError:
            return []

    def made(self, documents: Sequence[Document]) -> Iterator[ServerPipeline]:
        """Yield the results for entities; an unusable one does not stop the others.

        Raises:
            OpenMetadataError: A service could not be read, for a reason that holds for all.
        """
        for document in documents:
            yield self._made(document)

    def named(self, fqns: Sequence[str]) -> Iterator[ServerPipeline]:
        """Yield the results for these fully qualified names.

        Raises:
            OpenMetadataError: One could not be read, for a reason that holds for all.
        """
        for fqn in dict.fromkeys(fqns):
            try:
                document = self._server.pipeline(fqn)
            except _HOPELESS:
                raise
            except PipelineError as error:
                yield ServerPipeline(fqn, display_name=fqn, error=error)
            else:
                yield self._made(document)

    def is_gone(self, fqn: str, identity: str) -> bool:
        """Return whether the server has a pipeline neither of this name nor with this id.

        Args:
            fqn: Its fully qualified name.
            identity: Its id; empty if it has none.

        Raises:
            OpenMetadataError: The request failed, or the response is inconclusive.
        """
        return _is_missing(self._server.pipeline, fqn) and (
            not identity or _is_missing(self._server.pipeline_with_id, identity)
        )

    def updated_at(self, pipeline: Pipeline) -> int | None:
        """Return when the server's entity was changed, in ms; None where it cannot be asked, or does not say."""
        try:
            return milliseconds(self._server.pipeline_with_id(str(pipeline.id)).get("updatedAt"))
        except PipelineError:
            return None

    def under(self, fqn: str) -> ServerPipeline | None:
        """Return the server's entity with a fully qualified name, without building a pipeline; None if there is none.

        Raises:
            OpenMetadataError: The request failed, or the response is inconclusive.
        """
        try:
            return _found(self._server.pipeline(fqn))
        except EntityNotFoundError:
            return None

    def _made(self, document: Document) -> ServerPipeline:
        found = _found(document)
        try:
            return replace(found, pipeline=self._pipeline(document, f"OpenMetadata: {found.fqn}"))
        except _HOPELESS:
            raise
        except PipelineError as error:
            return replace(found, error=error)

    def _pipeline(self, document: Document, origin: str) -> Pipeline:
        _check_visible(document, origin)
        # The connection that an older server returns is encrypted, masked, or for another network.
        entity = {key: value for key, value in document.items() if key != _CONNECTION}
        definitions = recognise(entity, origin)
        # It may be of another type, which must not be run.
        pipelines = [item.entity for item in definitions if isinstance(item.entity, IngestionPipeline)]
        if len(definitions) != 1 or len(pipelines) != 1:
            raise DefinitionError(
                f"{origin}: the server lists it as an ingestion pipeline, but it is not one",
                hint="check the response of GET /v1/services/ingestionPipelines",
            )
        definitions += recognise(self._service(pipelines[0].service), origin)
        (found,) = resolve(definitions, now=self._now, connection=self._connection, instance=self._instance)
        return found

    def _service(self, reference: EntityReference) -> Document:
        """Return a service; each is requested once, also after an error."""
        key = f"{reference.type}/{reference.id or reference.fully_qualified_name or reference.name}"
        if key not in self._services:
            try:
                self._services[key] = self._server.service(reference)
            except _HOPELESS:
                raise
            except PipelineError as error:
                self._services[key] = error
        found = self._services[key]
        if isinstance(found, PipelineError):
            raise found
        return found


def _found(document: Document) -> ServerPipeline:
    return ServerPipeline(
        fqn=_text(document, "fullyQualifiedName") or _text(document, "name"),
        id=naming.identity(_text(document, "id")) or "",
        display_name=_text(document, "displayName") or _text(document, "name"),
        service=_text(document.get("service"), "name"),
        pipeline_type=_text(document, "pipelineType"),
    )


def _is_missing(ask: Callable[[str], Document], key: str) -> bool:
    try:
        ask(key)
    except EntityNotFoundError:
        return True
    return False


def _check_visible(document: Document, origin: str) -> None:
    """Check that the entity has a sourceConfig: the server omits it for users without the permission."""
    source_config = document.get("sourceConfig")
    if not isinstance(source_config, dict) or source_config.get("config") is None:
        raise DefinitionError(
            f"{origin}: its sourceConfig is hidden from the token's user",
            hint="use the token of ingestion-bot, or grant the user the operation ViewAll on ingestion pipelines",
        )


def _fqn_of(service: str) -> str:
    """Return the fully qualified name of a service; a name with dots may be given with or without quotes."""
    return service if service.startswith('"') else naming.quoted(service)


def _text(document: Any, key: str) -> str:
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, str) else ""
