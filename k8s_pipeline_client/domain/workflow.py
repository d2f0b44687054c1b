"""Builds workflow documents, with one builder per pipeline type.

The documents equal those of OpenMetadata's server; differences are listed in docs/reference/pipeline-types.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from k8s_pipeline_client.domain.entities import Document, IngestionPipeline, Service
from k8s_pipeline_client.errors import DefinitionError, NotRunByPipelinesError

APPLICATION = "application"
TEST_SUITE = "TestSuite"

_Builder = Callable[[IngestionPipeline, Document], Document]
"""Takes the pipeline and its default source, and returns the first part of the document."""


def build_document(
    pipeline: IngestionPipeline, service: Service, origin: str, *, with_connection: bool = False
) -> Document:
    """Build the workflow document of an IngestionPipeline.

    Args:
        pipeline: With its fully qualified name and its server connection.
        service: Its service.
        origin: Where the pipeline was defined, for errors.
        with_connection: Include the service's connection. Without it the ingestion framework fetches it from the server
            and its secrets manager, as for the server's own documents.

    Returns:
        Keys in OpenMetadata's order, without nulls; empty mappings and lists are kept.

    Raises:
        DefinitionError: The type is not supported, or a required part is missing.
    """
    check_type(pipeline.pipeline_type, origin)
    connection = _connection(service, origin) if with_connection and has_connection(pipeline) else None
    begin = _BUILDERS[pipeline.pipeline_type](pipeline, _source(pipeline, service, connection))
    document: Document = without_nulls(begin | _tail(pipeline, service, origin))
    return document


def check_type(kind: str, origin: str) -> None:
    """Check that a pipeline type is supported.

    Raises:
        NotRunByPipelinesError: OpenMetadata's server does this itself.
        DefinitionError: The type is unknown, or not supported by OpenMetadata's images.
    """
    if kind in _NOT_RUN:
        error, why, hint = _NOT_RUN[kind]
        raise error(f"{origin}: pipelines of type {kind} are not supported: {why}", hint=hint)
    if kind not in _BUILDERS:
        raise DefinitionError(f"{origin}: unknown pipelineType {kind!r}", hint=f"one of {', '.join(PIPELINE_TYPES)}")


def type_of_document(document: Document) -> str:
    """Return the pipeline type of a plain workflow document."""
    if "source" not in document:
        return APPLICATION
    processor = _type_at(document, "processor")
    by_processor = {
        "orm-profiler": "profiler",
        "tag-pii-processor": "autoClassification",
        "orm-test-runner": TEST_SUITE,
        "query-parser": "usage",
    }
    if processor in by_processor:
        return by_processor[processor]
    source = _type_at(document, "source")
    if source == "dbt":
        return "dbt"
    by_suffix = {"usage": "usage", "lineage": "lineage", "policy": "policyAgent"}
    return by_suffix.get(source.rpartition("-")[2] if "-" in source else "", "metadata")


def server_config(workflow_config: Document, origin: str) -> Document | None:
    """Return ``openMetadataServerConfig``, if there is one.

    Raises:
        DefinitionError: It is not a mapping.
    """
    found = workflow_config.get("openMetadataServerConfig")
    if found is not None and not isinstance(found, dict):
        raise DefinitionError(
            f"{origin}: workflowConfig.openMetadataServerConfig is not a mapping",
            hint="it has hostPort, authProvider, securityConfig …",
        )
    return found


def workflow_config(server: Document, *, logger_level: str | None = None, raise_on_error: bool = True) -> Document:
    """Return the common part of all documents."""
    return {
        "loggerLevel": logger_level or "INFO",
        "raiseOnError": raise_on_error,
        "successThreshold": 90,
        "openMetadataServerConfig": server,
    }


def required_connection(connection: Document | None, origin: str) -> Document:
    """Return the connection to OpenMetadata.

    Raises:
        DefinitionError: There is none.
    """
    if not connection:
        raise DefinitionError(
            f"{origin}: openMetadataServerConnection is missing, so the run could not reach OpenMetadata",
            hint="OpenMetadata's API shows it to nobody: add the connection, or have the settings say how runs "
            "reach OpenMetadata (metadataApiEndpoint, and the bot's token)",
        )
    return connection


def without_nulls(value: Any) -> Any:
    """Return a value without the keys that are null, as the server writes documents; elements of lists stay."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def _metadata(pipeline: IngestionPipeline, source: Document) -> Document:
    return {"source": source, "sink": _part("metadata-rest")}


def _lineage(pipeline: IngestionPipeline, source: Document) -> Document:
    return {"source": _marked(source, "lineage"), "sink": _part("metadata-rest")}


def _dbt(pipeline: IngestionPipeline, source: Document) -> Document:
    return {"source": source | {"type": "dbt"}, "sink": _part("metadata-rest")}


def _usage(pipeline: IngestionPipeline, source: Document) -> Document:
    config = pipeline.source_config.config or {}
    # Absent is the schema's default. If it is empty, the server generates a name at each call; here it is derived
    # from the pipeline, so that the document does not differ at each deploy. Every run has its own /tmp, so there
    # are no collisions.
    named = config.get("stageFileLocation", "/tmp/query_log")
    filename = named or f"/tmp/openmetadata/{_short_hash(pipeline.fully_qualified_name or pipeline.name)}"
    return {
        "source": _marked(source, "usage"),
        "processor": _part("query-parser"),
        "stage": _part("table-usage", filename=filename),
        "bulkSink": _part("metadata-usage", filename=filename),
    }


def _profiler(pipeline: IngestionPipeline, source: Document) -> Document:
    metrics = (pipeline.source_config.config or {}).get("metrics")
    config = {"profiler": {"name": "ingestion-profiler", "metrics": metrics}} if metrics else {}
    return {"source": source, "processor": _part("orm-profiler", **config), "sink": _part("metadata-rest")}


def _auto_classification(pipeline: IngestionPipeline, source: Document) -> Document:
    return {"source": source, "processor": _part("tag-pii-processor"), "sink": _part("metadata-rest")}


def _test_suite(pipeline: IngestionPipeline, source: Document) -> Document:
    if is_of_test_suite(pipeline):
        source = source | {"type": "testSuite"}
    return {"source": source, "processor": _part("orm-test-runner"), "sink": _part("metadata-rest")}


def _application(pipeline: IngestionPipeline, source: Document) -> Document:
    config = pipeline.source_config.config or {}
    parts = {key: config.get(key) for key in ("sourcePythonClass", "appConfig", "appPrivateConfig")}
    return {"workflowConfig": None, **parts}  # a placeholder for the order of keys


_BUILDERS: dict[str, _Builder] = {
    "metadata": _metadata,
    "usage": _usage,
    "lineage": _lineage,
    "profiler": _profiler,
    "autoClassification": _auto_classification,
    TEST_SUITE: _test_suite,
    "dbt": _dbt,
    APPLICATION: _application,
}

_NOT_RUN: dict[str, tuple[type[DefinitionError], str, str]] = {
    "dataInsight": (
        NotRunByPipelinesError,
        "the ingestion framework no longer has a workflow for them",
        "use OpenMetadata's Data Insights application, which runs inside the server",
    ),
    "elasticSearchReindex": (
        NotRunByPipelinesError,
        "the ingestion framework no longer has a source for them",
        "use OpenMetadata's Search Indexing application, which runs inside the server",
    ),
    "policyAgent": (
        DefinitionError,
        "the published ingestion framework has no workflow for them",
        "if your image has one, deploy its workflow document (source, sink, workflowConfig) instead of the entity",
    ),
}

PIPELINE_TYPES = (*_BUILDERS, *_NOT_RUN)
"""``PipelineType`` of OpenMetadata's schema."""


def is_of_test_suite(pipeline: IngestionPipeline) -> bool:
    """Return whether a pipeline belongs to a test suite, which is not a service: the run finds its tables' services."""
    return pipeline.pipeline_type == TEST_SUITE and pipeline.service.type == "testSuite"


def has_connection(pipeline: IngestionPipeline) -> bool:
    """Return whether a run of the pipeline connects to its service."""
    return pipeline.pipeline_type != APPLICATION and not is_of_test_suite(pipeline)


def _source(pipeline: IngestionPipeline, service: Service, connection: Document | None) -> Document:
    source: Document = {"type": service.service_type.lower(), "serviceName": service.name}
    if connection is not None:
        source["serviceConnection"] = connection
    config = pipeline.source_config.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return {**source, "sourceConfig": config}


def _connection(service: Service, origin: str) -> Document:
    if not service.connection:
        raise DefinitionError(
            f"{origin}: the given service {service.name!r} has no connection",
            code="ServiceWithoutConnection",
            facts={"service": service.name},
            hint="read it from OpenMetadata with a bot's token, or give only its type: the run then fetches it",
        )
    return service.connection


def _tail(pipeline: IngestionPipeline, service: Service, origin: str) -> Document:
    server = required_connection(pipeline.open_metadata_server_connection, origin)
    runner = service.ingestion_runner
    return {
        "workflowConfig": workflow_config(
            server, logger_level=pipeline.logger_level, raise_on_error=pipeline.raise_on_error is not False
        ),
        "ingestionPipelineFQN": pipeline.fully_qualified_name,
        "enableStreamableLogs": bool(pipeline.enable_streamable_logs),
        "ingestionRunnerName": (runner.name or None) if runner else None,
    }


def _marked(source: Document, mark: str) -> Document:
    return source | {"type": f"{source['type']}-{mark}"}


def _part(kind: str, **config: Any) -> Document:
    return {"type": kind, "config": config}


def _type_at(document: Document, key: str) -> str:
    part = document.get(key)
    kind = part.get("type") if isinstance(part, dict) else None
    return kind if isinstance(kind, str) else ""


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]
