"""Tells by its shape what a document is: a pipeline, a service, a plain workflow, an automation, an application."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from k8s_pipeline_client.domain.entities import (
    App,
    AutomationWorkflow,
    Entity,
    IngestionPipeline,
    Service,
    Workflow,
)
from k8s_pipeline_client.errors import DefinitionError

T = TypeVar("T", bound=Entity)

MASKED = "*********"
"""What OpenMetadata's API shows in place of a secret to whoever may not see it."""

Recognised = IngestionPipeline | Service | Workflow | AutomationWorkflow | App

_SHAPES: tuple[tuple[type[Recognised], tuple[str, ...]], ...] = (
    (IngestionPipeline, ("pipelineType", "sourceConfig")),
    (Workflow, ("source", "workflowConfig")),
    (Workflow, ("sourcePythonClass", "workflowConfig")),
    (AutomationWorkflow, ("workflowType", "request")),
    (App, ("appType", "name")),
    (Service, ("serviceType", "name")),
)
"""By which keys each is told; the first that fits."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One recognised document.

    Attributes:
        entity: What it is.
        origin: Where it stands, for people: a file, and the document's number where there are several.
        with_connection: Of a service: its connection goes into the documents of its pipelines.
    """

    entity: Recognised
    origin: str
    with_connection: bool = False


def recognise(document: Any, origin: str, *, with_connection: bool = False) -> list[Definition]:
    """Return the definitions in a document; a list (or ``{"data": […]}``, a page of the API) holds several.

    Args:
        document: What JSON can hold.
        origin: Where it stands, for people.
        with_connection: It holds services, whose connections go into the documents of their pipelines.

    Raises:
        DefinitionError: It is nothing that is known, lacks something that it needs, or is no service where one is
            needed.
    """
    if isinstance(document, Mapping) and isinstance(document.get("data"), list) and "source" not in document:
        document = document["data"]
    if isinstance(document, list):
        return [
            definition
            for number, item in enumerate(document, start=1)
            for definition in recognise(item, f"{origin}[{number}]", with_connection=with_connection)
        ]
    if not isinstance(document, Mapping):
        raise DefinitionError(
            f"{origin}: is {_kind_of(document)}, not a pipeline, a service or a workflow document",
            hint="give an IngestionPipeline, service, automation or App entity, or what `metadata ingest -c` takes",
        )
    model = _model_for(document, origin)
    if with_connection and model is not Service:
        raise DefinitionError(
            f"{origin}: not a service entity",
            code="NotAService",
            hint="only services have connections; give everything else as definitions",
        )
    entity = _validate(model, document, origin)
    if not isinstance(entity, Service) or with_connection:  # of the others nothing but the type is used
        _refuse_masked(document, origin)
    return [Definition(entity, origin, with_connection)]


def _model_for(document: Mapping[str, Any], origin: str) -> type[Recognised]:
    for model, needed in _SHAPES:
        if all(key in document for key in needed):
            return model
    keys = ", ".join(sorted(map(str, document))[:8]) or "none"
    raise DefinitionError(
        f"{origin}: not a pipeline, a service or a workflow document (its keys: {keys})",
        hint="a pipeline has pipelineType and sourceConfig, a service has serviceType, a workflow has "
        "source and workflowConfig, an automation has workflowType and request, an application has appType",
    )


def _refuse_masked(document: Mapping[str, Any], origin: str) -> None:
    for path in _masked_paths(document):
        raise DefinitionError(
            f"{origin}: {path} is masked ({MASKED}), so the secret itself is missing",
            hint="read the entity from OpenMetadata with a bot's token, or insert the secret",
        )


def _validate(model: type[T], document: Mapping[str, Any], origin: str) -> T:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        # Without the input: it may hold a secret.
        problems = "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_input=False)
        )
        raise DefinitionError(f"{origin}: invalid {model.__name__}: {problems}") from None


def _masked_paths(value: Any, path: str = "") -> Iterable[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _masked_paths(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _masked_paths(item, f"{path}[{number}]")
    elif value == MASKED:
        yield path


def _kind_of(value: Any) -> str:
    names = {type(None): "nothing", str: "text", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "something else")
