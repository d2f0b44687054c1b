"""A run with a document of its own, which has a Secret of its own."""

from __future__ import annotations

import base64
import copy
import hashlib
import json

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.references import references_of
from k8s_pipeline_client.errors import InputError
from k8s_pipeline_client.render.config import (
    DOCUMENT_KEY,
    MAX_SECRET_BYTES,
    RESOLVE_OPTION,
    is_reference,
    secret_sources,
)
from k8s_pipeline_client.render.job import hold
from k8s_pipeline_client.render.metadata import object_meta, owner_reference
from k8s_pipeline_client.settings import OWN_VOLUME


def with_own_secret(job: Document, text: str) -> Document:
    """Return the Job with its document in a Secret of the same name; suspended, unless a queue does that.

    Args:
        job: Created from the pipeline's template.
        text: The document; its references may be to other Secrets than the pipeline's.

    Raises:
        DefinitionError: A reference is malformed, or not allowed at its place.
        InputError: The document exceeds the limit of a Secret.
    """
    size = len(text.encode())
    if size > MAX_SECRET_BYTES:
        raise InputError(
            f"the document with its overrides has {size:,} bytes, more than the limit of a Secret, {MAX_SECRET_BYTES:,}"
        )
    job = copy.deepcopy(job)
    for volume in _volumes(job):
        sources = volume["projected"]["sources"]
        for source in sources:
            if _holds_document(source):
                source["secret"]["name"] = job["metadata"]["name"]
        if _resolves(job):
            kept = [source for source in sources if not is_reference(source)]
            referred_to = secret_sources(references_of(json.loads(text), "the run's own document"))
            volume["projected"]["sources"] = [*kept, *referred_to]
    if labels.QUEUE_NAME not in job["metadata"].get("labels", {}):
        hold(job)
    return job


def secret_name(job: Document) -> str:
    """Return the name of the Secret with a Job's document."""
    sources = [source for volume in _volumes(job) for source in volume["projected"]["sources"]]
    return next((str(source["secret"]["name"]) for source in sources if _holds_document(source)), "")


def own_secret(job: Document, text: str) -> Document:
    """Return the Secret with a run's own document.

    Args:
        job: As the API server returned it: the Secret's owner.
        text: The document.
    """
    content = text.encode()
    metadata = job["metadata"]
    annotations = {labels.DOCUMENT_HASH: hashlib.sha256(content).hexdigest()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            **object_meta(metadata["name"], metadata["namespace"], metadata["labels"], annotations),
            "ownerReferences": [owner_reference(job)],
        },
        "type": "Opaque",
        "data": {DOCUMENT_KEY: base64.b64encode(content).decode()},
    }


def _volumes(job: Document) -> list[Document]:
    volumes = job["spec"]["template"]["spec"].get("volumes") or []
    return [volume for volume in volumes if volume["name"] == OWN_VOLUME]


def _holds_document(source: Document) -> bool:
    items = source.get("secret", {}).get("items") or []
    return any(item["path"] == DOCUMENT_KEY for item in items)


def _resolves(job: Document) -> bool:
    containers = job["spec"]["template"]["spec"]["containers"]
    return any(RESOLVE_OPTION in (container.get("args") or []) for container in containers)
