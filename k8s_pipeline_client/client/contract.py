"""The interface of a pipeline service client: what an OpenMetadata server needs from its orchestrator.

The operations are those of OpenMetadata's own ``PipelineServiceClientInterface``; entities are the JSON objects of its
API. Operations are idempotent where possible, as documented.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from k8s_pipeline_client.domain.entities import Document


@dataclass(frozen=True, slots=True)
class PipelineServiceResponse:
    """The response of an operation; OpenMetadata's ``PipelineServiceClientResponse``.

    Attributes:
        code: As in HTTP: 200 for success.
        platform: ``Kubernetes``, or ``disabled``.
        reason: What was done, or why not, for people.
        version: The platform's version, if it was requested.
        run_id: The UUID of the run that was started.
    """

    code: int
    platform: str
    reason: str | None = None
    version: str | None = None
    run_id: str | None = None

    def as_dict(self) -> Document:
        """Return it with OpenMetadata's names, without empty fields."""
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

    Operations raise `PipelineError`, whose subclasses (see `k8s_pipeline_client.errors`) tell invalid input from an
    unreachable cluster. A pipeline is an IngestionPipeline entity; operations other than `deploy_pipeline` need only
    its ``fullyQualifiedName``. One that is deployed with another ``id`` is another pipeline, and is not changed.

    A client is a context manager: its resources are released at the end of the ``with`` block, or by `close`.
    """

    def close(self) -> None:
        """Release resources, such as connections; idempotent."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def deploy_pipeline(
        self,
        pipeline: Mapping[str, Any],
        service: Mapping[str, Any],
        *,
        updated_at: Callable[[], int | None] = lambda: None,
    ) -> PipelineServiceResponse:
        """Create or update a pipeline's objects; idempotent. An earlier state than the deployed one is ignored.

        Args:
            pipeline: An IngestionPipeline entity, with its ``openMetadataServerConnection``.
            service: The entity of its service.
            updated_at: Asked where the entity is an earlier state by its ``updatedAt``: returns that of the entity as
                it is in OpenMetadata now, in ms; None where that cannot be asked.

        Raises:
            DefinitionError: It cannot be run; nothing has been written.
            ScheduleError: Its schedule is not one that the platform takes; nothing has been written.
        """

    def run_pipeline(
        self,
        pipeline: Mapping[str, Any],
        *,
        run_id: str | None = None,
        app_config_override: Mapping[str, Any] | None = None,
        source_config_override: Mapping[str, Any] | None = None,
    ) -> PipelineServiceResponse:
        """Start a run of a deployed pipeline; the response has the run id.

        Args:
            pipeline: The pipeline.
            run_id: The run's UUID; a new one if None. The same one again is the same run.
            app_config_override: Replaces keys of an application's ``appConfig``, for this run.
            source_config_override: Replaces keys of ``source.sourceConfig.config``, for this run.

        Raises:
            UnknownNameError: It is not deployed.
            RunActiveError: Another run of it is active.
            InputError: An override does not fit, or the run id is not a UUID.
        """

    def delete_pipeline(self, pipeline: Mapping[str, Any], *, wait: bool = True) -> PipelineServiceResponse:
        """Delete a pipeline with its runs, and wait until its objects are gone; no error if it does not exist.

        Args:
            pipeline: The pipeline.
            wait: False: until it is accepted that nothing of it can start, and that all of it is ending.

        Raises:
            WaitTimeoutError: Objects still exist after the timeout, or others keep deploying it.
        """

    def set_pipeline_enabled(self, pipeline: Mapping[str, Any], enabled: bool) -> PipelineServiceResponse:
        """Enable or disable a pipeline's schedule; idempotent.

        OpenMetadata's ``toggleIngestion`` flips the current state, so a retry would undo it.

        Raises:
            UnknownNameError: It is not deployed.
            InputError: It has no schedule to disable.
        """

    def kill_pipeline(
        self, pipeline: Mapping[str, Any], *, run_id: str | None = None, wait: bool = True
    ) -> PipelineServiceResponse:
        """Kill the active runs of a pipeline, or one of them, and wait until their pods are gone.

        Args:
            pipeline: The pipeline.
            run_id: The run; all that are active if None.
            wait: False: until it is accepted that they are ending.

        Raises:
            UnknownNameError: It is not deployed, or has no such run.
            WaitTimeoutError: A pod is still there after the timeout.
        """

    def queued_statuses(self, pipeline: Mapping[str, Any]) -> list[Document]:
        """Return the queued runs, as PipelineStatus: ``runId``, ``pipelineState``, times in ms.

        Without those that were started with a ``run_id``: whoever gave it has a row for them. None is fine.
        """

    def last_logs(self, pipeline: Mapping[str, Any], after: int | None = None) -> Mapping[str, str] | None:
        """Return a page of the newest run's log.

        Args:
            pipeline: The pipeline.
            after: The ``after`` of the previous page; None for the first page.

        Returns:
            The text under the name of the pipeline type's task (``ingestion_task``, ``profiler_task``, …), ``total``
            pages, and ``after`` if another page follows.

        Raises:
            UnknownNameError: It is not deployed, or has no runs.
            InputError: There is no such page.
        """

    def run_automation(self, workflow: Mapping[str, Any]) -> PipelineServiceResponse | None:
        """Run an automation workflow, such as a test connection, once.

        Raises:
            DefinitionError: It is not an automation workflow.
        """

    def run_application(self, app: Mapping[str, Any]) -> PipelineServiceResponse | None:
        """Run an application once.

        Raises:
            DefinitionError: It is not an application, or does not run in a pod.
        """

    def service_status(self) -> PipelineServiceResponse:
        """Return whether pipelines can be deployed and run: code 200, or the reason; never raises."""

    def host_ip(self) -> Mapping[str, str] | None:
        """Return ``{"ip": …}``, the address that sources see; None if that is disabled."""
