"""The workflow document that the ingestion gets, one builder per pipeline type."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from k8s_pipeline_client.domain.entities import Document, IngestionPipeline, Service
from k8s_pipeline_client.errors import DefinitionError

PIPELINE_TYPES = (
    "metadata",
    "usage",
    "lineage",
    "profiler",
    "autoClassification",
    "TestSuite",
    "dataInsight",
    "elasticSearchReindex",
    "dbt",
    "application",
    "policyAgent",
)
"""``PipelineType`` of OpenMetadata's schema."""

_Builder = Callable[[IngestionPipeline, Service], Document]


def build_document(pipeline: IngestionPipeline, service: Service, origin: str) -> Document:
    """Build the workflow document of an IngestionPipeline, as OpenMetadata's server would.

    The source's connection is left out, as the server leaves it out: the ingestion framework fetches it, with
    the secrets manager in between.

    Raises:
        DefinitionError: The type is unknown, not supported, or something that the document needs is missing.
    """
    kind = pipeline.pipeline_type
    if kind not in PIPELINE_TYPES:
        raise DefinitionError(f"{origin}: unknown pipelineType {kind!r}", hint=f"one of {', '.join(PIPELINE_TYPES)}")
    builder = _BUILDERS.get(kind)
    if builder is None:
        raise DefinitionError(
            f"{origin}: pipelines of type {kind} cannot be built from an entity yet",
            hint="give its workflow document (source, sink, workflowConfig) instead",
        )
    document = builder(pipeline, service)
    document |= _tail(pipeline, service, origin)
    return document


def type_of_document(document: Document) -> str:
    """Return the pipeline type that a plain workflow document asks for."""
    processor = _type_at(document, "processor")
    by_processor = {
        "orm-profiler": "profiler",
        "tag-pii-processor": "autoClassification",
        "orm-test-runner": "TestSuite",
        "query-parser": "usage",
    }
    if processor in by_processor:
        return by_processor[processor]
    source = _type_at(document, "source")
    if source == "dbt":
        return "dbt"
    for suffix in ("usage", "lineage"):
        if source.endswith(f"-{suffix}"):
            return suffix
    return "metadata"


def server_config(workflow_config: Document, origin: str) -> Document | None:
    """Return ``openMetadataServerConfig``, if it is there.

    Raises:
        DefinitionError: It is no mapping.
    """
    found = workflow_config.get("openMetadataServerConfig")
    if found is not None and not isinstance(found, dict):
        raise DefinitionError(
            f"{origin}: workflowConfig.openMetadataServerConfig is no mapping",
            hint="it holds hostPort, authProvider, securityConfig …",
        )
    return found


def instance_of(server_connection: Document | None) -> str:
    """Return which OpenMetadata a connection leads to, by its clusterName."""
    return str((server_connection or {}).get("clusterName") or "openmetadata")


def _metadata(pipeline: IngestionPipeline, service: Service) -> Document:
    return {
        "source": {
            "type": service.service_type.lower(),
            "serviceName": service.name,
            "sourceConfig": _source_config(pipeline),
        },
        "sink": {"type": "metadata-rest", "config": {}},
    }


_BUILDERS: MappingProxyType[str, _Builder] = MappingProxyType({"metadata": _metadata})


def _source_config(pipeline: IngestionPipeline) -> Document:
    return pipeline.source_config.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _tail(pipeline: IngestionPipeline, service: Service, origin: str) -> Document:
    connection = pipeline.open_metadata_server_connection
    if not connection:
        raise DefinitionError(
            f"{origin}: openMetadataServerConnection is missing, so the run could not reach OpenMetadata",
            hint="read the pipeline from OpenMetadata with a bot's token (others do not see that field), "
            "or add the connection",
        )
    tail: Document = {
        "workflowConfig": {
            "loggerLevel": pipeline.logger_level or "INFO",
            "raiseOnError": pipeline.raise_on_error,
            "successThreshold": 90,
            "openMetadataServerConfig": connection,
        },
        "ingestionPipelineFQN": pipeline.fully_qualified_name,
        "enableStreamableLogs": bool(pipeline.enable_streamable_logs),
    }
    if service.ingestion_runner and service.ingestion_runner.name:
        tail["ingestionRunnerName"] = service.ingestion_runner.name
    return tail


def _type_at(document: Document, key: str) -> str:
    part = document.get(key)
    kind = part.get("type") if isinstance(part, dict) else None
    return kind if isinstance(kind, str) else ""
