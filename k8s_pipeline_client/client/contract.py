"""The pipeline service client's interface: what an OpenMetadata server asks of whatever runs its pipelines.

The operations are those of OpenMetadata's own ``PipelineServiceClientInterface``; entities are the JSON objects of its
API. Where it can be, an operation is idempotent, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from k8s_pipeline_client.domain.entities import Document


@dataclass(frozen=True, slots=True)
class PipelineServiceResponse:
    """The answer to an operation; OpenMetadata's ``PipelineServiceClientResponse``.

    Attributes:
        code: As in HTTP: 200 for done.
        platform: What answers: ``Kubernetes``, or ``disabled``.
        reason: What was done, or why not, for people.
        version: Of the platform, where it was asked for.
        run_id: The UUID of the run that was started.
    """

    code: int
    platform: str
    reason: str | None = None
    version: str | None = None
    run_id: str | None = None

    def as_dict(self) -> Document:
        """Return it by OpenMetadata's names, without what is not there."""
        found = {
            "code": self.code,
            "reason": self.reason,
            "version": self.version,
            "platform": self.platform,
            "runId": self.run_id,
        }
        return {key: value for key, value in found.items() if value is not None}


class PipelineServiceClient(Protocol):
    """Deploys and runs the pipelines of an OpenMetadata server.

    Every operation raises `PipelineError` where it cannot be done; the subclasses, drawn in
    `k8s_pipeline_client.errors`, tell bad input from a cluster that is away. A pipeline is an IngestionPipeline
    entity; the operations other than `deploy_pipeline` need only its ``fullyQualifiedName``. One that is deployed with
    another ``id`` is another pipeline, and is not touched.

    A client is a context manager: what it holds is given up at the end of the ``with`` block, or by `close`.
    """

    def close(self) -> None:
        """Give up what the client holds, such as its connections; again is fine."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def deploy_pipeline(self, pipeline: Mapping[str, Any], service: Mapping[str, Any]) -> PipelineServiceResponse:
        """Write all that a pipeline needs; again is fine.

        Args:
            pipeline: An IngestionPipeline entity, with its ``openMetadataServerConnection``.
            service: The entity of its service, for its type.
        """

    def run_pipeline(
        self,
        pipeline: Mapping[str, Any],
        *,
        run_id: str | None = None,
        app_config_override: Mapping[str, Any] | None = None,
        source_config_override: Mapping[str, Any] | None = None,
    ) -> PipelineServiceResponse:
        """Start a run of a deployed pipeline; the response has its id.

        Args:
            pipeline: The pipeline.
            run_id: The run's UUID; a new one if None.
            app_config_override: Replaces keys of an application's ``appConfig``, for this run.
            source_config_override: Replaces keys of ``source.sourceConfig.config``, for this run.
        """

    def delete_pipeline(self, pipeline: Mapping[str, Any]) -> PipelineServiceResponse:
        """Delete a pipeline, its runs included, and wait until nothing is left; one that is gone is fine."""

    def set_pipeline_enabled(self, pipeline: Mapping[str, Any], enabled: bool) -> PipelineServiceResponse:
        """Let a pipeline's schedule run, or stop it; that it is so already is fine.

        OpenMetadata's ``toggleIngestion`` flips what it finds, and so undoes itself when it is repeated.
        """

    def kill_pipeline(self, pipeline: Mapping[str, Any]) -> PipelineServiceResponse:
        """End the active runs of a pipeline, and wait until their pods are gone."""

    def queued_statuses(self, pipeline: Mapping[str, Any]) -> list[Document]:
        """Return the runs that have not begun, as PipelineStatus: ``runId``, ``pipelineState``, times in ms."""

    def last_logs(self, pipeline: Mapping[str, Any], after: int | None = None) -> Mapping[str, str] | None:
        """Return a page of the newest run's log.

        Args:
            pipeline: The pipeline.
            after: Which page: the ``after`` of the page before; the first if None.

        Returns:
            The text under the name of the pipeline type's task (``ingestion_task``, ``profiler_task``, …), ``total``
            pages, and ``after`` where another page follows.
        """

    def run_automation(self, workflow: Mapping[str, Any]) -> PipelineServiceResponse | None:
        """Run an automation workflow, such as the test of a connection, once."""

    def run_application(self, app: Mapping[str, Any]) -> PipelineServiceResponse | None:
        """Run an application once."""

    def service_status(self) -> PipelineServiceResponse:
        """Tell whether pipelines can be deployed and run here: code 200, or why not; raises nothing."""

    def host_ip(self) -> Mapping[str, str] | None:
        """Return ``{"ip": …}``, the address that sources see; None where that is not to be told."""
