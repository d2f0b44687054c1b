"""What we ask of an OpenMetadata server, in our own words; everything above this line is written against it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from k8s_pipeline_client.domain.entities import Document, EntityReference


class OpenMetadata(Protocol):
    """One OpenMetadata server, read with one token.

    Every method raises `ServerUnreachableError` where there is no answer, and another `OpenMetadataError` for a
    refusal or for an answer that is none of OpenMetadata's. 429, 5xx and broken connections have been retried by then.
    """

    def version(self) -> str:
        """Return the server's version, such as ``1.12.14``."""

    def pipelines(self, service: str | None = None) -> Iterator[Document]:
        """Yield every IngestionPipeline entity, page by page; none twice.

        Args:
            service: Only those of the services with this fully qualified name.

        Raises:
            ServerResponseError: After the last one, where the server says that there are more than it has listed.
        """

    def pipeline(self, fqn: str) -> Document:
        """Return one IngestionPipeline entity.

        Raises:
            EntityNotFoundError: It is not there, or was deleted.
        """

    def pipeline_with_id(self, identity: str) -> Document:
        """Return one IngestionPipeline entity, whatever it is called by now; the errors are those of `pipeline`."""

    def service(self, reference: EntityReference) -> Document:
        """Return the entity that a pipeline's ``service`` refers to: a service, or a test suite.

        Raises:
            EntityNotFoundError: It is not there, or was deleted.
            ServerResponseError: The reference is of a type that has no pipelines, or says neither id nor name.
        """
