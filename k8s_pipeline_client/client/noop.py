"""The client for a disabled pipeline service: it does nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from k8s_pipeline_client.client.closing import Closing
from k8s_pipeline_client.client.contract import PipelineServiceResponse
from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.errors import DisabledError

DISABLED = "disabled"


class NoopPipelineClient(Closing):
    """A `PipelineServiceClient` for ``enabled: false``; behaves as OpenMetadata's own does.

    Its status is healthy, reads return nothing, and writes raise `DisabledError`.
    """

    def close(self) -> None:
        """Do nothing: there are no resources."""

    def deploy_pipeline(
        self,
        pipeline: Mapping[str, Any],
        service: Mapping[str, Any],
        *,
        updated_at: Callable[[], int | None] = lambda: None,
    ) -> PipelineServiceResponse:
        """Raise `DisabledError`."""
        _refuse("deployed")

    def run_pipeline(
        self,
        pipeline: Mapping[str, Any],
        *,
        run_id: str | None = None,
        app_config_override: Mapping[str, Any] | None = None,
        source_config_override: Mapping[str, Any] | None = None,
    ) -> PipelineServiceResponse:
        """Raise `DisabledError`."""
        _refuse("run")

    def delete_pipeline(self, pipeline: Mapping[str, Any], *, wait: bool = True) -> PipelineServiceResponse:
        """Raise `DisabledError`."""
        _refuse("deleted")

    def set_pipeline_enabled(self, pipeline: Mapping[str, Any], enabled: bool) -> PipelineServiceResponse:
        """Raise `DisabledError`."""
        _refuse("enabled" if enabled else "disabled")

    def kill_pipeline(
        self, pipeline: Mapping[str, Any], *, run_id: str | None = None, wait: bool = True
    ) -> PipelineServiceResponse:
        """Raise `DisabledError`."""
        _refuse("killed")

    def queued_statuses(self, pipeline: Mapping[str, Any]) -> list[Document]:
        """Return nothing."""
        return []

    def last_logs(self, pipeline: Mapping[str, Any], after: int | None = None) -> None:
        """Return nothing."""

    def run_automation(self, workflow: Mapping[str, Any]) -> None:
        """Do nothing."""

    def run_application(self, app: Mapping[str, Any]) -> None:
        """Do nothing."""

    def service_status(self) -> PipelineServiceResponse:
        """Return a healthy status."""
        return PipelineServiceResponse(200, DISABLED, version=DISABLED)

    def host_ip(self) -> None:
        """Return nothing."""


def _refuse(what: str) -> NoReturn:
    raise DisabledError(
        f"no pipeline is {what}: the pipeline service client is disabled",
        hint="set enabled: true, or PIPELINE_SERVICE_CLIENT_ENABLED=true",
    )
