"""A pipeline, whichever way it was defined: everything that rendering needs to know."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from k8s_pipeline_client.domain import naming
from k8s_pipeline_client.domain.document import to_json
from k8s_pipeline_client.domain.entities import (
    AirflowConfig,
    Document,
    EntityReference,
    IngestionPipeline,
    Service,
    Workflow,
)
from k8s_pipeline_client.domain.recognise import Definition
from k8s_pipeline_client.domain.references import References, references_of
from k8s_pipeline_client.domain.schedule import Schedule, check_timezone, parse_schedule
from k8s_pipeline_client.domain.workflow import (
    PIPELINE_TYPES,
    build_document,
    instance_of,
    server_config,
    type_of_document,
)
from k8s_pipeline_client.errors import DefinitionError, ScheduleError


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One pipeline.

    Attributes:
        fqn: Fully qualified name; with ``instance`` what makes it the same pipeline.
        pipeline_type: One of OpenMetadata's pipeline types.
        service: The service's name.
        service_type: As in ``source.type``: ``postgres``, ``tableau``.
        schedule: None for a pipeline that is run on demand only.
        instance: Which OpenMetadata server it belongs to.
        document: The workflow document that the ingestion gets; holds secrets.
        origin: Where it was defined, for people.
        may_refer: Whether references in the document are resolved in the pod. An entity's is handed over as it is.
    """

    fqn: str
    name: str
    display_name: str
    pipeline_type: str
    service: str
    service_type: str
    schedule: Schedule | None
    enabled: bool
    instance: str
    document: Document
    origin: str
    id: str | None = None
    may_refer: bool = False

    @property
    def resource_name(self) -> str:
        """The one name of its CronJob, Secret and ConfigMap."""
        return naming.resource_name(
            instance=self.instance, fqn=self.fqn, service=self.service, pipeline_type=self.pipeline_type
        )

    def references(self) -> References:
        """Return what the document refers to instead of holding it.

        Raises:
            DefinitionError: A reference is malformed, or stands where none can be.
        """
        return references_of(self.document, self.origin) if self.may_refer else References()

    def document_text(self) -> str:
        """Return the document as JSON, which is YAML too and survives any value."""
        return to_json(self.document, self.origin)

    def document_sha256(self) -> str:
        """Return the SHA-256 of the document's bytes, in hex."""
        return hashlib.sha256(self.document_text().encode()).hexdigest()


def from_entity(pipeline: IngestionPipeline, service: Service, origin: str) -> Pipeline:
    """Make a pipeline of an IngestionPipeline entity and its service.

    Raises:
        DefinitionError: Something that the workflow document needs is missing or not supported.
        ScheduleError: Kubernetes would refuse its schedule.
    """
    fqn = pipeline.fully_qualified_name or f"{service.name}.{pipeline.name}"
    if pipeline.fully_qualified_name is None:
        pipeline = pipeline.model_copy(update={"fully_qualified_name": fqn})
    return Pipeline(
        fqn=fqn,
        name=pipeline.name,
        display_name=pipeline.display_name or pipeline.name,
        pipeline_type=pipeline.pipeline_type,
        service=service.name,
        service_type=service.service_type.lower(),
        schedule=_schedule(pipeline.airflow_config, origin),
        # Absent means enabled: that is what the schema says, and what a person expects.
        enabled=pipeline.enabled is not False and not pipeline.airflow_config.pause_pipeline,
        instance=instance_of(pipeline.open_metadata_server_connection),
        document=build_document(pipeline, service, origin),
        origin=origin,
        id=pipeline.id,
    )


def from_workflow(workflow: Workflow, origin: str) -> Pipeline:
    """Make a pipeline of a plain workflow document.

    Raises:
        DefinitionError: It names no service, or has a reference that is malformed.
        ScheduleError: Kubernetes would refuse its schedule.
    """
    service = workflow.source.get("serviceName")
    source_type = workflow.source.get("type")
    if not isinstance(service, str) or not service or not isinstance(source_type, str) or not source_type:
        raise DefinitionError(
            f"{origin}: source.type and source.serviceName are needed to tell the pipelines apart",
            hint="add them; the ingestion needs them as well",
        )
    document = workflow.document()
    kind = type_of_document(document)
    references_of(document, origin)
    fqn = workflow.ingestion_pipeline_fqn
    parts = naming.fqn_parts(fqn) if fqn else [f"{service}_{kind}"]
    if not parts:
        raise DefinitionError(
            f"{origin}: ingestionPipelineFQN {fqn!r} names nothing", hint="write service.pipeline, or leave it out"
        )
    name = workflow.name or parts[-1]
    return Pipeline(
        fqn=fqn or f"{service}.{name}",
        name=name,
        display_name=workflow.display_name or name,
        pipeline_type=kind,
        service=service,
        service_type=source_type.lower(),
        schedule=_schedule(workflow.airflow_config, origin),
        enabled=workflow.enabled and not workflow.airflow_config.pause_pipeline,
        instance=instance_of(server_config(workflow.workflow_config, origin)),
        document=document,
        origin=origin,
        may_refer=True,
    )


def resolve(definitions: Iterable[Definition]) -> list[Pipeline]:
    """Make pipelines of all definitions, each with its service; in the order in which they came.

    Raises:
        DefinitionError: A service is missing, a pipeline is defined twice, or one cannot be built.
        ScheduleError: Kubernetes would refuse a schedule.
    """
    definitions = list(definitions)
    services = [item for item in definitions if isinstance(item.entity, Service)]
    pipelines: list[Pipeline] = []
    for definition in definitions:
        entity = definition.entity
        if isinstance(entity, IngestionPipeline):
            service = _service_of(entity, services, definition.origin)
            pipelines.append(from_entity(entity, service, definition.origin))
        elif isinstance(entity, Workflow):
            pipelines.append(from_workflow(entity, definition.origin))
    _refuse_twins(pipelines)
    return pipelines


def _service_of(pipeline: IngestionPipeline, services: Sequence[Definition], origin: str) -> Service:
    reference = pipeline.service
    wanted = reference.name or reference.fully_qualified_name or reference.id
    if wanted is None:
        raise DefinitionError(f"{origin}: its service has neither name nor id", hint="add service.name")
    fitting = [
        (item.origin, item.entity)
        for item in services
        if isinstance(item.entity, Service) and _fits(item.entity, reference)
    ]
    # An id says for certain which one is meant; a name may be that of two services of different kinds.
    fitting = [pair for pair in fitting if reference.id and pair[1].id == reference.id] or fitting
    if fitting and all(service == fitting[0][1] for _, service in fitting):
        return fitting[0][1]
    if fitting:
        raise DefinitionError(
            f"{origin}: pipeline {pipeline.display_name or pipeline.name!r} belongs to {wanted!r}, and services of "
            f"that name stand in {' and '.join(item for item, _ in fitting)}",
            hint="leave all but one out, or give the service's id in the pipeline's reference",
        )
    if pipeline.pipeline_type not in PIPELINE_TYPES:  # the more telling error of the two
        build_document(pipeline, Service(name="-", service_type="-"), origin)
    kind = reference.type or "service"
    raise DefinitionError(
        f"{origin}: pipeline {pipeline.display_name or pipeline.name!r} belongs to the {kind} {wanted!r}, "
        "whose type is in none of the files",
        hint=f"add -f FILE with the {kind} entity {wanted!r}: its serviceType (Postgres, Tableau, …) is needed",
    )


def _fits(service: Service, reference: EntityReference) -> bool:
    """Tell whether a service may be the one that is referred to: by its id, or by its name where no id denies it."""
    if service.id is not None and reference.id is not None:
        return service.id == reference.id
    wanted = reference.name or reference.fully_qualified_name
    return wanted is not None and wanted in (service.name, service.fully_qualified_name)


def _schedule(config: AirflowConfig, origin: str) -> Schedule | None:
    text = (config.schedule_interval or "").strip()
    try:
        if not text:
            check_timezone(config.pipeline_timezone)
            return None
        return parse_schedule(text, config.pipeline_timezone)
    except ScheduleError as error:
        raise ScheduleError(f"{origin}: {error.message}", hint=error.hint) from None


def _refuse_twins(pipelines: Iterable[Pipeline]) -> None:
    seen: dict[tuple[str, str], Pipeline] = {}
    ids: dict[tuple[str, str], Pipeline] = {}
    for pipeline in pipelines:
        first = seen.setdefault((pipeline.instance, pipeline.fqn), pipeline)
        if first is not pipeline:
            raise DefinitionError(
                f"{pipeline.origin}: {pipeline.fqn!r} is defined in {first.origin} already",
                hint="remove one of the two; a fully qualified name stands for one pipeline",
            )
        if pipeline.id is None:
            continue
        first = ids.setdefault((pipeline.instance, pipeline.id), pipeline)
        if first is not pipeline:
            raise DefinitionError(
                f"{pipeline.origin}: {pipeline.fqn!r} has the same id as {first.fqn!r} in {first.origin}",
                hint="take the id out of the copy; one id under two names is a pipeline that was renamed",
            )
