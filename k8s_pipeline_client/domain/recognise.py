"""Recognises documents by their keys: pipelines, services, plain workflows, automations, applications."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from k8s_pipeline_client.domain.entities import (
    App,
    AutomationWorkflow,
    Entity,
    IngestionPipeline,
    Service,
    Workflow,
)
from k8s_pipeline_client.domain.suspicious import impossible_values
from k8s_pipeline_client.domain.validation import Place, Problem, kind_of, path_text, problems_of, quoting_advice
from k8s_pipeline_client.errors import DefinitionError, DefinitionsError, InputError, UnknownShapeError

MASKED = "*********"
"""OpenMetadata's mask for secrets in API responses."""

Recognised = IngestionPipeline | Service | Workflow | AutomationWorkflow | App

_SHAPES: tuple[tuple[type[Recognised], tuple[str, ...]], ...] = (
    (IngestionPipeline, ("pipelineType", "sourceConfig")),
    (Workflow, ("source", "workflowConfig")),
    (Workflow, ("sourcePythonClass", "workflowConfig")),
    (AutomationWorkflow, ("workflowType", "request")),
    (App, ("appType", "name")),
    (Service, ("serviceType", "name")),
)
"""The keys that identify each type; the first match counts."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One recognised document.

    Attributes:
        entity: The parsed document.
        origin: Its place, for people: a file, and the document's number if there are several.
        with_connection: For a service: its connection is put into the documents of its pipelines.
    """

    entity: Recognised
    origin: str
    with_connection: bool = False


Locate = Callable[[Place], str]
"""Returns where a part of a document stands in its text, such as ``, line 12``; empty where that is not known."""


def nowhere(place: Place) -> str:
    """Know no place."""
    return ""


def recognise(
    document: Any, origin: str, *, with_connection: bool = False, locate: Locate = nowhere
) -> list[Definition]:
    """Return the definitions in a document; a list (or ``{"data": […]}``, a page of the API) holds several.

    Args:
        document: A JSON value.
        origin: Its place, for people.
        with_connection: It contains services, whose connections are put into the documents of their pipelines.
        locate: Returns the place of a part of it.

    Raises:
        UnknownShapeError: It is of an unknown type.
        DefinitionError: It is incomplete, or not a service although one is expected; has all problems at once.
    """
    above: Place = ()
    if isinstance(document, Mapping) and isinstance(document.get("data"), list) and "source" not in document:
        document, above = document["data"], ("data",)
    if isinstance(document, list):
        return _each(document, origin, with_connection, lambda place: locate((*above, *place)))
    if not isinstance(document, Mapping):
        raise UnknownShapeError(
            f"{origin}: is {kind_of(document)}, not a pipeline, a service or a workflow document",
            hint="give an IngestionPipeline, service, automation or App entity, or what `metadata ingest -c` takes",
        )
    model = _model_for(document, origin)
    if with_connection and model is not Service:
        raise DefinitionError(
            f"{origin}: not a service entity",
            code="NotAService",
            hint="only services have connections; give everything else as definitions",
        )
    problems = list(_problems(model, document, with_connection=with_connection))
    if problems:
        raise DefinitionsError.of([_error(problem, origin + locate(problem.place)) for problem in problems])
    return [Definition(model.model_validate(document), origin, with_connection)]


def _each(documents: list[Any], origin: str, with_connection: bool, locate: Locate) -> list[Definition]:
    """Recognise each of several documents; raise all errors together."""
    found: list[Definition] = []
    errors: list[InputError] = []
    for number, item in enumerate(documents):

        def within(place: Place, number: int = number) -> str:
            return locate((number, *place))

        try:
            found += recognise(item, f"{origin}[{number + 1}]", with_connection=with_connection, locate=within)
        except DefinitionError as error:
            errors.append(error)
    if errors:
        raise DefinitionsError.of(errors)
    return found


def _model_for(document: Mapping[str, Any], origin: str) -> type[Recognised]:
    for model, needed in _SHAPES:
        if all(key in document for key in needed):
            return model
    keys = ", ".join(sorted(map(str, document))[:8]) or "none"
    raise UnknownShapeError(
        f"{origin}: not a pipeline, a service or a workflow document (its keys: {keys})",
        hint="a pipeline has pipelineType and sourceConfig, a service has serviceType, a workflow has "
        "source and workflowConfig, an automation has workflowType and request, an application has appType",
    )


def _problems(model: type[Entity], document: Mapping[str, Any], *, with_connection: bool) -> Iterator[Problem]:
    """Yield all problems of a document."""
    if model is Workflow:
        yield from _source_problems(document)
    try:
        model.model_validate(document)
    except ValidationError as error:
        yield from problems_of(error, document)
    if model is not Service:
        yield from impossible_values(document)
    if model is not Service or with_connection:  # only the type of other services is used
        for place in _masked(document):
            yield Problem(place, f"is masked ({MASKED}), so the secret itself is missing")


def _source_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield problems of the keys of a workflow document that identify the pipeline."""
    source = document.get("source")
    if "source" not in document or not isinstance(source, Mapping):
        return
    for key in ("type", "serviceName"):
        value = source.get(key)
        if value is None or value == "":
            yield Problem(
                ("source", key), "is missing; it identifies the pipeline, and the ingestion framework needs it"
            )
        elif not isinstance(value, str):
            yield Problem(("source", key), f"is {kind_of(value)}, and text is needed{quoting_advice(value, 'text')}")


def _error(problem: Problem, at: str) -> DefinitionError:
    is_masked = MASKED in problem.why
    return DefinitionError(
        f"{at}: {path_text(problem.place)} {problem.why}",
        facts={"path": path_text(problem.place)},
        hint="read the entity from OpenMetadata with a bot's token, or insert the secret" if is_masked else "",
    )


def _masked(value: Any, place: Place = ()) -> Iterator[Place]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _masked(item, (*place, str(key)))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _masked(item, (*place, number))
    elif value == MASKED:
        yield place
