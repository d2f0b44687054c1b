"""Finds the service that a pipeline belongs to."""

from __future__ import annotations

from collections.abc import Sequence

from k8s_pipeline_client.domain.entities import EntityReference, IngestionPipeline, Service
from k8s_pipeline_client.domain.likeness import close_to, did_you_mean, misspelt
from k8s_pipeline_client.domain.recognise import Definition
from k8s_pipeline_client.domain.workflow import APPLICATION, TEST_SUITE, check_type, is_of_test_suite
from k8s_pipeline_client.errors import DefinitionError

OPEN_METADATA = "OpenMetadata"
"""The service that applications belong to, and its type."""


def service_of(pipeline: IngestionPipeline, services: Sequence[Definition], origin: str) -> tuple[Service, bool]:
    """Return a pipeline's service, and whether its connection is put into the document.

    Args:
        pipeline: The entity with the reference.
        services: All known services.
        origin: The pipeline's place, for error messages.

    Raises:
        DefinitionError: The pipeline type is not supported, or no service matches, or more than one.
    """
    check_type(pipeline.pipeline_type, origin)  # the more specific error
    reference = pipeline.service
    wanted = reference.name or reference.fully_qualified_name or reference.id
    if wanted is None:
        raise DefinitionError(f"{origin}: its service has neither name nor id", hint="add service.name")
    fitting = [
        (item, item.entity) for item in services if isinstance(item.entity, Service) and _fits(item.entity, reference)
    ]
    # An id is unique; a name may be shared by two services of different types.
    fitting = [pair for pair in fitting if reference.id and pair[1].id == reference.id] or fitting
    # Services that were given for their connection come first.
    fitting = [pair for pair in fitting if pair[0].with_connection] or fitting
    if fitting and all(service == fitting[0][1] for _, service in fitting):
        return fitting[0][1], fitting[0][0].with_connection
    if fitting:
        raise DefinitionError(
            f"{origin}: pipeline {pipeline.display_name or pipeline.name!r} belongs to {wanted!r}, and services of "
            f"that name are in {' and '.join(item.origin for item, _ in fitting)}",
            hint="remove all but one, or set the service's id in the pipeline's reference",
        )
    # Only the name of these two is used.
    if is_of_test_suite(pipeline):
        return Service(name=wanted, service_type=TEST_SUITE), False
    if pipeline.pipeline_type == APPLICATION:
        return Service(name=wanted, service_type=OPEN_METADATA), False
    kind = reference.type or "service"
    other = next((item for item in services if isinstance(item.entity, Service) and item.entity.name == wanted), None)
    if other is not None and isinstance(other.entity, Service):
        raise DefinitionError(
            f"{origin}: pipeline {pipeline.display_name or pipeline.name!r} belongs to the {kind} {wanted!r} with the "
            f"id {reference.id}, and the one in {other.origin} has the id {other.entity.id}",
            hint="use the matching entity, or remove the id from the pipeline's reference",
        )
    close = did_you_mean(close_to(wanted, names_of(services)))
    raise DefinitionError(
        f"{origin}: pipeline {pipeline.display_name or pipeline.name!r} belongs to the {kind} {wanted!r}, "
        "whose type is in none of the files",
        code="ServiceMissing",
        facts={"service": wanted},
        hint=f"{close} else " * bool(close)
        + f"add -f FILE with the {kind} entity {wanted!r}: its serviceType (Postgres, Tableau, …) is needed",
    )


def names_of(services: Sequence[Definition]) -> list[str]:
    """Return the names of the services among definitions."""
    return sorted({item.entity.name for item in services if isinstance(item.entity, Service)})


def note_on_service(name: str, services: Sequence[Definition]) -> str:
    """Return what to say of a workflow document's service that is nearly one of those in the files; usually nothing.

    The document needs no entity of its service: OpenMetadata has the connection.
    """
    close = misspelt(name, names_of(services))
    return f"source.serviceName {name!r} is no service of the files; {did_you_mean([close])}" if close else ""


def _fits(service: Service, reference: EntityReference) -> bool:
    """Return whether a service matches a reference: by its id, or by its name if one of them has no id."""
    if service.id is not None and reference.id is not None:
        return service.id == reference.id
    wanted = reference.name or reference.fully_qualified_name
    return wanted is not None and wanted in (service.name, service.fully_qualified_name)
