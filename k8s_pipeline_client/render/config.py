"""The Secret with the workflow document, the ConfigMap with facts, and the launcher's ConfigMap."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.errors import DefinitionError
from k8s_pipeline_client.render.metadata import object_meta, pipeline_annotations, pipeline_labels

DOCUMENT_KEY = "workflow.json"
LAUNCHER_KEY = "launcher.py"

MAX_SECRET_BYTES = 1024 * 1024
"""Kubernetes refuses a Secret whose data is larger (``MaxSecretSize``)."""


def secret(pipeline: Pipeline, name: str, namespace: str) -> Document:
    """Return the Secret: the whole workflow document, and nothing of it anywhere else.

    Raises:
        DefinitionError: The document is larger than a Secret may be.
    """
    content = pipeline.document_text().encode()
    if len(content) > MAX_SECRET_BYTES:
        raise DefinitionError(
            f"{pipeline.origin}: the workflow document of {pipeline.fqn!r} has {len(content):,} bytes, and a "
            f"Kubernetes Secret holds at most {MAX_SECRET_BYTES:,}",
            hint="shorten it: filter patterns and long lists are what makes documents large",
        )
    annotations = pipeline_annotations(pipeline) | {labels.DOCUMENT_HASH: pipeline.document_sha256()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": object_meta(name, namespace, pipeline_labels(pipeline, name), annotations),
        "type": "Opaque",
        # `data`, not `stringData`: a key that is taken out of stringData stays in the Secret.
        "data": {DOCUMENT_KEY: base64.b64encode(content).decode()},
    }


def config_map(pipeline: Pipeline, name: str, namespace: str) -> Document:
    """Return the ConfigMap: facts about the pipeline that anybody may read, chosen one by one."""
    schedule = pipeline.schedule
    facts = {
        "fullyQualifiedName": pipeline.fqn,
        "displayName": pipeline.display_name,
        "pipelineType": pipeline.pipeline_type,
        "serviceName": pipeline.service,
        "serviceType": pipeline.service_type,
        "schedule": schedule.expression if schedule else "",
        "timeZone": schedule.timezone if schedule else "",
        "documentSha256": pipeline.document_sha256(),
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": object_meta(name, namespace, pipeline_labels(pipeline, name), pipeline_annotations(pipeline)),
        "data": facts,
    }


def launcher_config_map(namespace: str) -> Document:
    """Return the ConfigMap with the launcher: one per namespace and version, immutable, shared by all runs."""
    name, text = launcher()
    object_labels = {
        labels.APP_NAME: "openmetadata",
        labels.APP_COMPONENT: "launcher",
        labels.APP_MANAGED_BY: "openmetadata",
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        # No version annotation here: two versions of this program with the same launcher share the object.
        "metadata": {"name": name, "namespace": namespace, "labels": object_labels},
        "immutable": True,
        "data": {LAUNCHER_KEY: text},
    }


@cache
def launcher() -> tuple[str, str]:
    """Return the name of the launcher's ConfigMap and the launcher's text."""
    text = resources.files("k8s_pipeline_client").joinpath("launcher.py").read_text(encoding="utf-8")
    return f"om-launcher-{hashlib.sha256(text.encode()).hexdigest()[:10]}", text
