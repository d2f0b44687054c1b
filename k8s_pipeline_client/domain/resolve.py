"""Makes pipelines of what files and folders define, and reports all errors at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from k8s_pipeline_client.domain.entities import App, AutomationWorkflow, Document, IngestionPipeline, Service, Workflow
from k8s_pipeline_client.domain.pipeline import Pipeline, from_app, from_automation, from_entity, from_workflow
from k8s_pipeline_client.domain.recognise import Definition
from k8s_pipeline_client.domain.services import note_on_service, service_of
from k8s_pipeline_client.domain.twins import refuse_twins
from k8s_pipeline_client.errors import DefinitionError, DefinitionsError, InputError


def resolve(
    definitions: Iterable[Definition],
    *,
    now: datetime | None = None,
    connection: Document | None = None,
    instance: str | None = None,
) -> list[Pipeline]:
    """Make pipelines of all definitions, each with its service; in the order in which they came.

    Args:
        definitions: Pipelines, services, plain workflow documents, automations and applications.
        now: Aware; what a startDate and an endDate are compared with.
        connection: How OpenMetadata is reached, for entities that do not say.
        instance: Which OpenMetadata all of them belong to; each connection's clusterName if None.

    Raises:
        DefinitionError: A service is missing, a pipeline is defined twice, or one cannot be built.
        ScheduleError: Kubernetes would refuse a schedule.
    """
    pipelines, errors = resolve_all(definitions, now=now, connection=connection, instance=instance)
    if errors:
        raise DefinitionsError.of(errors)
    return pipelines


def resolve_all(
    definitions: Iterable[Definition],
    *,
    now: datetime | None = None,
    connection: Document | None = None,
    instance: str | None = None,
) -> tuple[list[Pipeline], list[InputError]]:
    """Make pipelines of those definitions that can be used; the arguments are those of `resolve`.

    Returns:
        The pipelines, and an error for each other definition, both in the order in which they came.
    """
    definitions = list(definitions)
    services = [item for item in definitions if isinstance(item.entity, Service)]
    pipelines: list[Pipeline] = []
    errors: list[InputError] = []
    for definition in definitions:
        try:
            found = _pipeline_of(definition, services, now=now, connection=connection, instance=instance)
        except InputError as error:
            errors.append(error)
        else:
            pipelines += [found] if found else []
    try:
        refuse_twins(pipelines)
    except DefinitionError as error:
        errors.append(error)
    return pipelines, errors


def _pipeline_of(
    definition: Definition,
    services: Sequence[Definition],
    *,
    now: datetime | None,
    connection: Document | None,
    instance: str | None,
) -> Pipeline | None:
    """Return the pipeline that is defined; None for a service."""
    entity, origin = definition.entity, definition.origin
    if isinstance(entity, IngestionPipeline):
        service, is_given = service_of(entity, services, origin)
        return from_entity(
            entity, service, origin, now=now, connection=connection, instance=instance, with_connection=is_given
        )
    if isinstance(entity, Workflow):
        found = from_workflow(entity, origin, now=now, instance=instance)
        note = note_on_service(found.service, services)
        return replace(found, notes=(*found.notes, note)) if note else found
    if isinstance(entity, AutomationWorkflow):
        return from_automation(entity, origin, connection=connection, instance=instance)
    if isinstance(entity, App):
        return from_app(entity, origin, connection=connection, instance=instance)
    return None
