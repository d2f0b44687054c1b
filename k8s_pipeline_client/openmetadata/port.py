"""The interface to an OpenMetadata server; all higher layers depend on this, not on `client`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from k8s_pipeline_client.domain.entities import Document, EntityReference


class OpenMetadata(Protocol):
    """One OpenMetadata server, with one token.

    Every method raises `ServerUnreachableError` without a response, and another `OpenMetadataError` for an error
    response or a response that is not OpenMetadata's. 429, 5xx and broken connections have been retried before.
    """

    def version(self) -> str:
        """Return the server's version, such as ``1.12.14``."""

    def pipelines(self, service: str | None = None) -> Iterator[Document]:
        """Yield every IngestionPipeline entity, page by page; none twice.

        Args:
            service: Only those of the services with this fully qualified name; all if None.

        Raises:
            ServerResponseError: After the last one, if the server has listed fewer than its total.
        """

    def pipeline(self, fqn: str) -> Document:
        """Return one IngestionPipeline entity.

        Raises:
            EntityNotFoundError: It does not exist, or was deleted.
        """

    def pipeline_with_id(self, identity: str) -> Document:
        """Return one IngestionPipeline entity by id, even if it was renamed; raises the errors of `pipeline`."""

    def service(self, reference: EntityReference) -> Document:
        """Return the entity that a pipeline's ``service`` refers to: a service, or a test suite.

        Raises:
            EntityNotFoundError: It does not exist, or was deleted.
            ServerResponseError: The reference is of a type that has no pipelines, or has neither id nor name.
        """
