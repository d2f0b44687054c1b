"""Tells by its shape what a document is: a pipeline, a service, or a plain workflow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from k8s_pipeline_client.domain.entities import Entity, IngestionPipeline, Service, Workflow
from k8s_pipeline_client.errors import DefinitionError

T = TypeVar("T", bound=Entity)

MASKED = "*********"
"""What OpenMetadata's API shows in place of a secret to whoever may not see it."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One recognised document.

    Attributes:
        entity: What it is.
        origin: Where it stands, for people: a file, and the document's number where there are several.
    """

    entity: IngestionPipeline | Service | Workflow
    origin: str


def recognise(document: Any, origin: str) -> list[Definition]:
    """Return the definitions in a document; a list (or ``{"data": […]}``, a page of the API) holds several.

    Raises:
        DefinitionError: It is none of the three, or lacks something that it needs.
    """
    if isinstance(document, Mapping) and isinstance(document.get("data"), list) and "source" not in document:
        document = document["data"]
    if isinstance(document, list):
        return [
            definition
            for number, item in enumerate(document, start=1)
            for definition in recognise(item, f"{origin}[{number}]")
        ]
    if not isinstance(document, Mapping):
        raise DefinitionError(
            f"{origin}: holds {_kind_of(document)}, not a pipeline, a service or a workflow document",
            hint="give an IngestionPipeline entity, a service entity, or what `metadata ingest -c` takes",
        )
    return [Definition(_validate(_model_for(document, origin), document, origin), origin)]


def _model_for(document: Mapping[str, Any], origin: str) -> type[IngestionPipeline | Service | Workflow]:
    if "pipelineType" in document and "sourceConfig" in document:
        return IngestionPipeline
    if "source" in document and "workflowConfig" in document:
        return Workflow
    if "serviceType" in document and "name" in document:
        return Service
    keys = ", ".join(sorted(map(str, document))[:8]) or "none"
    raise DefinitionError(
        f"{origin}: not a pipeline, a service or a workflow document (its keys: {keys})",
        hint="a pipeline has pipelineType and sourceConfig, a service has serviceType, a workflow has "
        "source and workflowConfig",
    )


def _validate(model: type[T], document: Mapping[str, Any], origin: str) -> T:
    for path in _masked_paths(document):
        raise DefinitionError(
            f"{origin}: {path} is masked ({MASKED}), so the secret itself is not in this file",
            hint="read the entity from OpenMetadata with a bot's token, or put the secret in",
        )
    try:
        return model.model_validate(document)
    except ValidationError as error:
        # Without the input: it may hold a secret.
        problems = "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_input=False)
        )
        raise DefinitionError(f"{origin}: not a usable {model.__name__}: {problems}") from None


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
    names = {type(None): "nothing", str: "text", bool: "a truth value", int: "a number", float: "a number"}
    return names.get(type(value), "something else")
