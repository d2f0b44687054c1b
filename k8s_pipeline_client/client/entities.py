"""Builds pipelines from entities of an OpenMetadata server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from k8s_pipeline_client.domain.entities import App, AutomationWorkflow, IngestionPipeline
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.domain.recognise import recognise
from k8s_pipeline_client.domain.resolve import resolve
from k8s_pipeline_client.errors import DefinitionError
from k8s_pipeline_client.settings import Settings
from k8s_pipeline_client.settings.given import connection_for


def pipeline_of(
    kind: type[IngestionPipeline | AutomationWorkflow | App],
    entity: Mapping[str, Any],
    settings: Settings,
    *,
    service: Mapping[str, Any] | None = None,
) -> Pipeline:
    """Build a pipeline from one entity of a known type.

    Args:
        kind: The expected type.
        entity: As OpenMetadata's API returns it.
        settings: For the instance, and for the connection to OpenMetadata if the entity has none.
        service: The entity of its service.

    Raises:
        DefinitionError: It is of another type, or cannot be run.
        ScheduleError: Kubernetes would reject its schedule.
    """
    definitions = recognise(entity, "the entity")
    if len(definitions) != 1 or not isinstance(definitions[0].entity, kind):
        raise DefinitionError(f"the entity is not an {kind.__name__}", hint="see docs/reference/pipeline-types.md")
    if service is not None:
        definitions += recognise(service, "the service")
    connection = connection_for(definitions, settings)
    return resolve(definitions, now=datetime.now(UTC), connection=connection, instance=settings.instance)[0]
