"""Entities as a server hands them over, made into what can be deployed or run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from k8s_pipeline_client.domain.entities import App, AutomationWorkflow, IngestionPipeline
from k8s_pipeline_client.domain.pipeline import Pipeline, resolve
from k8s_pipeline_client.domain.recognise import recognise
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
    """Make a pipeline of one entity whose kind is known.

    Args:
        kind: What it has to be.
        entity: As OpenMetadata's API returns it.
        settings: They say which OpenMetadata it is, and how it is reached where the entity does not.
        service: The entity of its service.

    Raises:
        DefinitionError: It is of another kind, or cannot be run.
        ScheduleError: Kubernetes would refuse its schedule.
    """
    definitions = recognise(entity, "the entity")
    if len(definitions) != 1 or not isinstance(definitions[0].entity, kind):
        raise DefinitionError(f"the entity is no {kind.__name__}", hint="see docs/reference/pipeline-types.md")
    if service is not None:
        definitions += recognise(service, "the service")
    connection = connection_for(definitions, settings)
    return resolve(definitions, now=datetime.now(UTC), connection=connection, instance=settings.instance)[0]
