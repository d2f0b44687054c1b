"""OpenMetadata's entities as its API returns them; unused fields are kept."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, Strict
from pydantic.alias_generators import to_camel

Document = dict[str, Any]
"""A JSON object."""


_KEY_ORDER = {
    key: number
    for number, key in enumerate(
        (
            *("source", "processor", "stage", "bulkSink", "sink", "workflowConfig"),
            *("sourcePythonClass", "appConfig", "appPrivateConfig", "ingestionPipelineFQN"),
        )
    )
}


class Entity(BaseModel):
    """Fields by OpenMetadata's camelCase names; unknown ones are kept in ``model_extra``."""

    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        ser_json_inf_nan="constants",  # not null: values that are not JSON are rejected when the document is serialized
    )


class EntityReference(Entity):
    """A reference from one entity to another."""

    id: str | None = None
    type: str | None = None
    name: str | None = None
    fully_qualified_name: str | None = None


Count = Annotated[int, Strict(), Field(ge=0, le=2**31 - 2**20)]
"""An integer that Kubernetes accepts as a number of things or seconds; not text or a boolean."""
Moment = str | Annotated[int, Strict()] | Annotated[float, Strict()]
"""A date or a time as the API writes it: ISO 8601, or milliseconds since 1970."""


class AirflowConfig(Entity):
    """When and how a pipeline runs, for any orchestrator, despite the name. Durations are in seconds."""

    schedule_interval: str | None = None
    pipeline_timezone: str | None = None
    pause_pipeline: bool | None = None
    pipeline_catchup: bool | None = None
    start_date: Moment | None = None
    end_date: Moment | None = None
    retries: Annotated[Count, Field(le=1000)] | None = None
    retry_delay: Count | None = None
    workflow_timeout: Count | None = None
    max_active_runs: Annotated[Count, Field(ge=1)] | None = None
    concurrency: Count | None = None
    email: str | None = None


class SourceConfig(Entity):
    """What to ingest; ``config`` depends on the pipeline's type."""

    config: Document | None = None


class IngestionPipeline(Entity):
    """An IngestionPipeline entity, as ``GET /v1/services/ingestionPipelines`` returns it."""

    name: str = Field(min_length=1)
    pipeline_type: str
    id: str | None = None
    display_name: str | None = None
    fully_qualified_name: str | None = None
    service: EntityReference
    source_config: SourceConfig
    airflow_config: AirflowConfig = AirflowConfig()
    open_metadata_server_connection: Document | None = None
    logger_level: str | None = None
    raise_on_error: bool | None = None
    enabled: bool | None = None
    enable_streamable_logs: bool | None = None
    deployed: bool | None = None
    updated_at: Any = None


class Service(Entity):
    """A service entity: database, dashboard, messaging, pipeline, ML model, storage, search, API, metadata."""

    name: str = Field(min_length=1)
    service_type: str = Field(min_length=1)
    id: str | None = None
    fully_qualified_name: str | None = None
    connection: Document | None = None
    ingestion_runner: EntityReference | None = None


class AutomationWorkflow(Entity):
    """An automation: a one-shot workflow of OpenMetadata, such as a test connection."""

    name: str = Field(min_length=1)
    workflow_type: str
    request: Document
    id: str | None = None
    display_name: str | None = None
    fully_qualified_name: str | None = None
    open_metadata_server_connection: Document | None = None


class App(Entity):
    """An application as it is installed in OpenMetadata."""

    name: str = Field(min_length=1)
    app_type: str | None = None
    id: str | None = None
    display_name: str | None = None
    fully_qualified_name: str | None = None
    source_python_class: str | None = None
    app_configuration: Document | None = None
    private_configuration: Document | None = None
    open_metadata_server_connection: Document | None = None
    ingestion_runner: EntityReference | None = None


class Workflow(Entity):
    """A plain workflow document, as for ``metadata ingest -c`` or ``metadata app -c``.

    ``name``, ``displayName``, ``enabled`` and ``airflowConfig`` are additions of this program, with the same meaning as
    in the entity; they are not part of the document for the ingestion framework.
    """

    workflow_config: Document
    source: Document | None = None
    source_python_class: str | None = None
    name: str | None = Field(default=None, min_length=1)
    display_name: str | None = None
    enabled: bool = True
    airflow_config: AirflowConfig = AirflowConfig()
    ingestion_pipeline_fqn: str | None = Field(default=None, alias="ingestionPipelineFQN")

    def document(self) -> Document:
        """Return the document for the ingestion framework, without our additions, in OpenMetadata's order of keys."""
        ours = {"name", "displayName", "enabled", "airflowConfig"}
        dumped = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        keys = sorted(dumped, key=lambda key: (_KEY_ORDER.get(key, len(_KEY_ORDER)), key))
        return {key: dumped[key] for key in keys if key not in ours}
