"""What is kept of an entity and its service, so that the pipeline can be rendered again without OpenMetadata. Pure.

Exactly what rendering reads, and no more: the server deploys each edit of a description, and what it changes must not
change a Secret. So there is neither `updatedAt` (the ConfigMap bears it) nor `enabled` (that is `spec.suspend`);
nor the bot's token, which is in a Secret of its own, and rotated there.
"""

from __future__ import annotations

import json
from typing import Any

from k8s_pipeline_client.domain.connection import instance_of
from k8s_pipeline_client.domain.entities import Document, IngestionPipeline, Service
from k8s_pipeline_client.domain.suspicious import key_notes, placeholder_notes
from k8s_pipeline_client.errors import DefinitionError
from k8s_pipeline_client.launcher.token import token_in, with_token

_VOLATILE = ("enabled", "deployed", "updatedAt")
_VERSION = 1


def keep(
    pipeline: IngestionPipeline, service: Service, *, instance: str | None = None, with_connection: bool = False
) -> Document:
    """Return what is kept, as JSON can hold it.

    Args:
        pipeline: With its fully qualified name and its connection to OpenMetadata.
        service: Its service.
        instance: The OpenMetadata instance; the connection's clusterName if None.
        with_connection: The service's connection is in the document.
    """
    given = pipeline.model_dump(mode="json", by_alias=True, exclude_unset=True)
    extra = pipeline.model_extra or {}
    entity = {
        key: value
        for key, value in given.items()
        if key not in _VOLATILE and (key not in extra or any(_noted(key, value)))
    }
    if token_in(entity):
        entity = with_token(entity, "")
    return {
        "version": _VERSION,
        "entity": entity,
        "service": _of_service(service, with_connection=with_connection),
        "instance": instance or instance_of(pipeline.open_metadata_server_connection),
        "withConnection": with_connection,
    }


def read(text: str | bytes, token: str, origin: str) -> tuple[IngestionPipeline, Service, str, bool]:
    """Return entity, service, instance, and whether the document has the service's connection.

    Args:
        text: What was kept.
        token: The bot's, as it is now; empty where it is elsewhere.
        origin: What is kept where, for errors.

    Raises:
        DefinitionError: It cannot be read: it was changed by hand, or is of a later version.
    """
    try:
        found: Any = json.loads(text)
        if found["version"] != _VERSION:
            raise ValueError("another version")
        entity = with_token(found["entity"], token) if token else found["entity"]
        pipeline, service = IngestionPipeline.model_validate(entity), Service.model_validate(found["service"])
        return pipeline, service, str(found["instance"]), bool(found["withConnection"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:  # no text of it: it holds secrets
        raise DefinitionError(f"{origin}: the stored definition cannot be read", hint="deploy it") from error


def _of_service(service: Service, *, with_connection: bool) -> Document:
    """Return the same whether it came from OpenMetadata or was read from what is deployed."""
    runner = service.ingestion_runner
    return {
        "name": service.name,
        "serviceType": service.service_type.lower(),
        **({"ingestionRunner": {"name": runner.name}} if runner and runner.name else {}),
        **({"connection": service.connection} if with_connection else {}),
    }


def _noted(key: str, value: Any) -> list[str]:
    return [*key_notes({key: value}, is_entity=True), *placeholder_notes({key: value})]
