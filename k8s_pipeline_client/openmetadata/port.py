"""The interface to an OpenMetadata server; all higher layers depend on this, not on `client`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from k8s_pipeline_client.domain.entities import Document, EntityReference


class OpenMetadata(Protocol):
    """One OpenMetadata server, with one token.

    Every method raises `ServerUnreachableError` without a response, and another `OpenMetadataError` for an error
    response or a response that is not OpenMetadata's. 429, 5xx and broken connections have been retried before, for
    writes as well: all of them are idempotent.

    A row is the status of one run, of OpenMetadata's schema ``pipelineStatus``: ``runId``, ``pipelineState``,
    ``timestamp``, ``startDate`` and ``endDate`` (all in milliseconds since 1970), and ``status``, a list of steps.
    """

    def version(self) -> str:
        """Return the server's version, such as ``1.12.14``."""

    def accepts_token(self) -> bool:
        """Return whether the server accepts the token, by one short GET that needs one.

        Raises:
            OpenMetadataError: It gave no answer, or one that does not tell.
        """

    def pipelines(self, service: str | None = None) -> Iterator[Document]:
        """Yield every IngestionPipeline entity, page by page; none twice.

        Args:
            service: Only those of the services with this fully qualified name; all if None.

        Raises:
            ServerResponseError: After the last one, if the server has listed fewer than its total.
        """

    def pipeline(self, fqn: str, *, include_deleted: bool = False) -> Document:
        """Return one IngestionPipeline entity.

        Args:
            fqn: Its fully qualified name.
            include_deleted: Also return a soft-deleted one; its field ``deleted`` is then true.

        Raises:
            EntityNotFoundError: It does not exist, or was deleted.
        """

    def pipeline_with_id(self, identity: str, *, include_deleted: bool = False) -> Document:
        """Return one IngestionPipeline entity by id, even if it was renamed; otherwise as `pipeline`."""

    def service(self, reference: EntityReference) -> Document:
        """Return the entity that a pipeline's ``service`` refers to: a service, or a test suite.

        Raises:
            EntityNotFoundError: It does not exist, or was deleted.
            ServerResponseError: The reference is of a type that has no pipelines, or has neither id nor name.
        """

    def run_status(self, fqn: str, run_id: str) -> Document | None:
        """Return the row of a run; None without one. The server does not call its pipeline service for it.

        Args:
            fqn: The pipeline's fully qualified name.
            run_id: A UUID in lower case: the server stores rows of other ids, but does not find them.

        Raises:
            EntityNotFoundError: The pipeline does not exist, or was deleted.
        """

    def put_run_status(self, fqn: str, row: Document) -> None:
        """Create the row of a run, or replace it as a whole: fields that are left out are removed.

        If two writers create the row of one run at the same instant with different timestamps, there are two rows, and
        every later write is a conflict until they are deleted. So all writers must compute the same timestamp for a run
        without a row.

        Args:
            fqn: The pipeline's fully qualified name.
            row: With a ``timestamp`` that no other run of the pipeline has.

        Raises:
            EntityNotFoundError: The pipeline does not exist, or was deleted.
            RowConflictError: Another run of the pipeline has this timestamp, or this run has two rows.
        """

    def delete_run_status(self, pipeline_id: str, run_id: str) -> None:
        """Delete all rows of a run, if there are any.

        Args:
            pipeline_id: The pipeline's id; the server does not accept its name here.
            run_id: As in `run_status`.

        Raises:
            EntityNotFoundError: The pipeline does not exist, or was deleted.
        """

    def run_statuses(self, fqn: str, *, start: int, end: int) -> list[Document]:
        """Return all rows of a pipeline between two timestamps, newest first.

        The server calls its pipeline service (which may be us) for every such list and merges the rows that it returns:
        a run may be listed twice, and an error of the pipeline service may fail the request.

        Args:
            fqn: The pipeline's fully qualified name.
            start: The earliest timestamp, in milliseconds since 1970; inclusive.
            end: The latest timestamp; inclusive.

        Raises:
            EntityNotFoundError: The pipeline does not exist, or was deleted.
        """

    def automation(self, name: str) -> Document:
        """Return an automation workflow, such as a connection test, with its secrets in clear.

        Raises:
            EntityNotFoundError: It does not exist, or was deleted.
        """

    def set_automation_status(self, identity: str, status: str, response: Document | None) -> None:
        """Set the status of an automation workflow, and its response.

        Args:
            identity: The workflow's id.
            status: ``Failed``, ``Successful``, ``Running`` or ``Pending``.
            response: The result, in the schema of the workflow's type, such as ``testConnectionResult``; None to keep
                the present one.

        Raises:
            EntityNotFoundError: It does not exist, or was deleted.
        """

    def close_log_stream(self, fqn: str, run_id: str) -> None:
        """Close the log stream of a run, if there is one; idempotent."""
