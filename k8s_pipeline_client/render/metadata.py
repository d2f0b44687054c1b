"""Names, labels, annotations and owner references of our objects."""

from __future__ import annotations

from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.pipeline import Component, Pipeline
from k8s_pipeline_client.version import __version__


def pipeline_labels(pipeline: Pipeline, name: str) -> dict[str, str]:
    """Return the labels of every object of a pipeline, its Jobs and pods included."""
    called = naming.label_value(pipeline.name)
    return {
        labels.APP_NAME: "openmetadata",
        labels.APP_COMPONENT: str(pipeline.component),
        labels.APP_MANAGED_BY: "openmetadata",
        labels.APP_PIPELINE: called,
        **({labels.APP_APPLICATION: called} if pipeline.component is Component.APPLICATION else {}),
        labels.APP_PIPELINE_TYPE: pipeline.pipeline_type.lower(),
        labels.PIPELINE: name,
        labels.INSTANCE: naming.instance_label(pipeline.instance),
    }


def name_labels(pipeline: Pipeline) -> dict[str, str]:
    """Return the labels for lookups by NAME."""
    return {
        labels.FQN_HASH: naming.lookup_hash(pipeline.fqn),
        labels.NAME_HASH: naming.lookup_hash(pipeline.name),
        labels.DISPLAY_NAME_HASH: naming.lookup_hash(pipeline.display_name),
        labels.SERVICE_AND_TYPE_HASH: naming.lookup_hash(f"{pipeline.service}/{pipeline.pipeline_type}"),
        **({labels.PIPELINE_ID: naming.label_value(pipeline.id)} if pipeline.id else {}),
    }


def pipeline_annotations(pipeline: Pipeline) -> dict[str, str]:
    """Return the annotations that identify an object's pipeline."""
    found = {
        labels.FQN: pipeline.fqn,
        labels.NAME: pipeline.name,
        labels.DISPLAY_NAME: pipeline.display_name,
        labels.SERVICE: pipeline.service,
        labels.SERVICE_TYPE: pipeline.service_type,
        labels.PIPELINE_TYPE: pipeline.pipeline_type,
        labels.ID: pipeline.id or "",
        labels.UNREPORTED: "" if _is_reported(pipeline) else "true",
    }
    return {key: value for key, value in found.items() if value}


def _is_reported(pipeline: Pipeline) -> bool:
    """Return whether OpenMetadata has something under which its runs are reported."""
    return pipeline.component is Component.AUTOMATION or bool(pipeline.document.get("ingestionPipelineFQN"))


def object_meta(
    name: str, namespace: str, object_labels: dict[str, str], annotations: dict[str, str] | None = None
) -> Document:
    """Return ``metadata``, with the version of this program."""
    return {
        "name": name,
        "namespace": namespace,
        "labels": object_labels,
        "annotations": {**(annotations or {}), labels.CLIENT_VERSION: __version__},
    }


def owner_reference(owner: Document) -> Document:
    """Return an owner reference for garbage collection only.

    Not ``controller``: the CronJob controller would count the Job as its own, and warn about it. Not
    ``blockOwnerDeletion``: it needs permissions that a namespaced Role may not have.

    Args:
        owner: The object as the API server returned it.
    """
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
    }
