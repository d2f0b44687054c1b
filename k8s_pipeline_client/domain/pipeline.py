"""A pipeline, from any kind of definition: the input for rendering."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from k8s_pipeline_client.domain import airflow, automation, naming
from k8s_pipeline_client.domain.connection import TokenSource, instance_of
from k8s_pipeline_client.domain.document import Encoded, encode, to_json
from k8s_pipeline_client.domain.entities import (
    App,
    AutomationWorkflow,
    Document,
    IngestionPipeline,
    Service,
    Workflow,
)
from k8s_pipeline_client.domain.kept import keep
from k8s_pipeline_client.domain.references import References, references_of
from k8s_pipeline_client.domain.schedule import Schedule
from k8s_pipeline_client.domain.services import OPEN_METADATA
from k8s_pipeline_client.domain.suspicious import key_notes, loopback_note, placeholder_notes
from k8s_pipeline_client.domain.workflow import (
    APPLICATION,
    build_document,
    has_connection,
    server_config,
    type_of_document,
)
from k8s_pipeline_client.errors import DefinitionError

MAIN = ("main.py",)
"""The stock image's entry point for all pipeline types."""
RUN_AUTOMATION = ("run_automation.py",)


class Component(StrEnum):
    """The component, as in ``app.kubernetes.io/component``."""

    INGESTION = "ingestion"
    """A pipeline of any type, deployed or one-shot."""
    AUTOMATION = "automation"
    APPLICATION = "application"
    """An application that is run without a pipeline."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One pipeline.

    Attributes:
        fqn: Fully qualified name; with ``instance`` the identity of a pipeline.
        pipeline_type: One of OpenMetadata's pipeline types.
        service: The service's name.
        service_type: As in ``source.type``: ``postgres``, ``tableau``.
        schedule: None for an on-demand pipeline.
        instance: The OpenMetadata instance.
        document: The workflow document; contains secrets.
        origin: The place of the definition, for people.
        id: In OpenMetadata, canonical (see `naming.identity`); None if there is none.
        may_refer: Whether references in the document are resolved in the pod; not for entities.
        component: The component. Only an ingestion can be deployed; others are one-shot.
        entry_point: Python's arguments in the image: a file, or ``-m`` and a module.
        may_overlap: Whether the schedule may start a run while another one is active.
        window: From when until when scheduled runs do their work, as `airflow.Terms` has it.
        own_settings: Documented settings, by name, that the definition sets for itself.
        notes: What of the definition is not expressed, or otherwise than was asked for, one sentence each.
        token_from: Where the bot's token is, if not in the document.
        ca_bundle: The certificates that the run is to trust, PEM; empty where it needs none of ours.
        updated_at: When the entity was changed, in ms; None where that is not known.
        kept: What is kept of the entity, to render it again; see `kept`. None where it is none.
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
    component: Component = Component.INGESTION
    entry_point: Sequence[str] = MAIN
    may_overlap: bool = False
    window: str = ""
    own_settings: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    token_from: TokenSource | None = None
    ca_bundle: str = ""
    updated_at: int | None = None
    kept: Document | None = None

    def __post_init__(self) -> None:
        if "\0" in self.fqn:  # it is an environment variable of the pod
            raise DefinitionError(
                f"{self.origin}: the fully qualified name has a NUL character, which is invalid in a variable",
                hint="rename the pipeline, or its service",
            )

    @property
    def runs_once(self) -> bool:
        """Whether it is a one-shot run, which is never deployed."""
        return self.component is not Component.INGESTION

    @property
    def resource_name(self) -> str:
        """The name of its CronJob, Secret and ConfigMap."""
        return naming.resource_name(
            instance=self.instance, fqn=self.fqn, service=self.service, pipeline_type=self.pipeline_type
        )

    def references(self) -> References:
        """Return the references in the document.

        Raises:
            DefinitionError: A reference is malformed, or not allowed at its place.
        """
        return references_of(self.document, self.origin) if self.may_refer else References()

    def document_text(self) -> str:
        """Return the document as JSON that is also YAML."""
        return to_json(self.document, self.origin)

    def encoded(self) -> Encoded:
        """Return the bytes of the document and their hash, computed each time: whoever needs both keeps it."""
        return encode(self.document, self.origin)


def from_entity(
    pipeline: IngestionPipeline,
    service: Service,
    origin: str,
    *,
    now: datetime | None = None,
    connection: Document | None = None,
    instance: str | None = None,
    with_connection: bool = False,
) -> Pipeline:
    """Build a pipeline from an IngestionPipeline entity and its service.

    Args:
        pipeline: The entity.
        service: Its service.
        origin: Where it was defined, for errors.
        now: Aware; compared with startDate and endDate.
        connection: The connection to OpenMetadata, if the entity has none.
        instance: The OpenMetadata instance; the connection's clusterName if None.
        with_connection: Put the service's connection into the document.

    Raises:
        DefinitionError: A required part is missing or not supported.
        ScheduleError: Kubernetes would reject its schedule.
    """
    fqn = pipeline.fully_qualified_name or f"{service.name}.{pipeline.name}"
    server = pipeline.open_metadata_server_connection or connection
    pipeline = pipeline.model_copy(update={"fully_qualified_name": fqn, "open_metadata_server_connection": server})
    document = build_document(pipeline, service, origin, with_connection=with_connection)
    terms = airflow.read(pipeline.airflow_config, origin, now)
    return Pipeline(
        fqn=fqn,
        name=pipeline.name,
        display_name=pipeline.display_name or pipeline.name,
        pipeline_type=pipeline.pipeline_type,
        service=service.name,
        service_type=service.service_type.lower(),
        schedule=terms.schedule,
        # Absent means enabled, by the schema.
        enabled=pipeline.enabled is not False and not terms.paused,
        instance=instance or instance_of(server),
        document=document,
        origin=origin,
        id=naming.identity(pipeline.id),
        may_overlap=terms.may_overlap,
        window=terms.window,
        own_settings=terms.own_settings,
        notes=(*terms.notes, *_notes(pipeline, document)),
        updated_at=milliseconds(pipeline.updated_at),
        kept=keep(pipeline, service, instance=instance, with_connection=with_connection),
    )


def from_workflow(
    workflow: Workflow, origin: str, *, now: datetime | None = None, instance: str | None = None
) -> Pipeline:
    """Build a pipeline from a plain workflow document.

    Args:
        workflow: The document.
        origin: Its place, for error messages.
        now: Aware; compared with startDate and endDate.
        instance: The OpenMetadata instance; the connection's clusterName if None.

    Raises:
        DefinitionError: It has no service, or a malformed reference.
        ScheduleError: Kubernetes would reject its schedule.
    """
    service, source_type = _service_named_in(workflow, origin)
    document = workflow.document()
    kind = type_of_document(document)
    references_of(document, origin)
    fqn = workflow.ingestion_pipeline_fqn
    parts = naming.fqn_parts(fqn) if fqn else [_name_of(workflow, service, kind)]
    if not parts:
        raise DefinitionError(
            f"{origin}: ingestionPipelineFQN {fqn!r} is invalid", hint="write service.pipeline, or remove it"
        )
    name = workflow.name or parts[-1]
    terms = airflow.read(workflow.airflow_config, origin, now)
    return Pipeline(
        fqn=fqn or f"{service}.{name}",
        name=name,
        display_name=workflow.display_name or name,
        pipeline_type=kind,
        service=service,
        service_type=source_type.lower(),
        schedule=terms.schedule,
        enabled=workflow.enabled and not terms.paused,
        instance=instance or instance_of(server_config(workflow.workflow_config, origin)),
        document=document,
        origin=origin,
        may_refer=True,
        may_overlap=terms.may_overlap,
        window=terms.window,
        own_settings=terms.own_settings,
        notes=(*terms.notes, *_notes_of_workflow(workflow)),
    )


def from_automation(
    workflow: AutomationWorkflow, origin: str, *, connection: Document | None = None, instance: str | None = None
) -> Pipeline:
    """Build a one-shot run from an automation; the arguments are those of `from_entity`.

    Raises:
        DefinitionError: There is no connection to OpenMetadata.
    """
    document = automation.automation_document(workflow, connection, origin)
    kind = str(Component.AUTOMATION)
    return Pipeline(
        fqn=workflow.fully_qualified_name or workflow.name,
        name=workflow.name,
        display_name=workflow.display_name or workflow.name,
        pipeline_type=kind,
        service=workflow.name,
        service_type=str(workflow.request.get("connectionType") or kind).lower(),
        schedule=None,
        enabled=True,
        instance=instance or instance_of(document["openMetadataServerConnection"]),
        document=document,
        origin=origin,
        id=naming.identity(workflow.id),
        component=Component.AUTOMATION,
        entry_point=RUN_AUTOMATION,
        own_settings=automation.SETTINGS,
    )


def from_app(app: App, origin: str, *, connection: Document | None = None, instance: str | None = None) -> Pipeline:
    """Build a one-shot run from an application; the arguments are those of `from_entity`.

    Raises:
        DefinitionError: It does not run in a pod, or there is no connection to OpenMetadata.
    """
    document = automation.application_document(app, connection, origin)
    return Pipeline(
        fqn=app.fully_qualified_name or app.name,
        name=app.name,
        display_name=app.display_name or app.name,
        pipeline_type=APPLICATION,
        service=app.name,
        service_type=OPEN_METADATA.lower(),
        schedule=None,
        enabled=True,
        instance=instance or instance_of(document["workflowConfig"]["openMetadataServerConfig"]),
        document=document,
        origin=origin,
        id=naming.identity(app.id),
        component=Component.APPLICATION,
    )


def milliseconds(value: Any) -> int | None:
    """Return a moment as the API writes it; None for what is none: to say nothing of it is no reason to refuse."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _notes(pipeline: IngestionPipeline, document: Document) -> Iterator[str]:
    """Yield notes about further deviations from an entity, and probable mistakes."""
    yield from key_notes(pipeline.model_extra or {}, is_entity=True)
    given = pipeline.model_dump(mode="json", by_alias=True, exclude_unset=True)
    yield from placeholder_notes(given)
    if text := loopback_note((pipeline.open_metadata_server_connection or {}).get("hostPort")):
        yield text
    if pipeline.raise_on_error is False:
        yield ("raiseOnError false is ignored by the stock image's main.py: a run with errors fails")
    server = pipeline.open_metadata_server_connection or {}
    fetches = has_connection(pipeline) and "serviceConnection" not in document["source"]
    if fetches and server.get("storeServiceConnection") is False:
        yield (
            "storeServiceConnection is false, so OpenMetadata may not know the service's connection, which the run "
            "asks it for: give the service with its connection to have it in the document"
        )


def _notes_of_workflow(workflow: Workflow) -> Iterator[str]:
    """Yield what of a workflow document was probably not meant."""
    given = workflow.model_dump(mode="json", by_alias=True, exclude_unset=True)
    yield from key_notes(given, is_entity=False)
    yield from placeholder_notes(given)
    server = workflow.workflow_config.get("openMetadataServerConfig")
    if not server:
        yield (
            "workflowConfig.openMetadataServerConfig is missing, and the ingestion does not start without it: a "
            "workflow document is handed over as it is, and gets no address and no token from the settings"
        )
    elif isinstance(server, Mapping) and (text := loopback_note(server.get("hostPort"))):
        yield text


def _service_named_in(workflow: Workflow, origin: str) -> tuple[str, str]:
    """Return name and type of a plain workflow document's service."""
    if _is_application(workflow):
        return OPEN_METADATA, OPEN_METADATA
    source = workflow.source or {}
    service, source_type = source.get("serviceName"), source.get("type")
    if not isinstance(service, str) or not service or not isinstance(source_type, str) or not source_type:
        raise DefinitionError(
            f"{origin}: source.type and source.serviceName are required",
            hint="add them: they identify the pipeline, and the ingestion framework needs them as well",
        )
    return service, source_type


def _name_of(workflow: Workflow, service: str, kind: str) -> str:
    """Return the default name of a plain workflow document."""
    if _is_application(workflow):
        return str(workflow.source_python_class).rpartition(".")[2]
    return f"{service}_{kind}"


def _is_application(workflow: Workflow) -> bool:
    return "source" not in workflow.model_fields_set and bool(workflow.source_python_class)
