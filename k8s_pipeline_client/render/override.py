"""A run whose document differs from its pipeline's: it has a Secret of its own."""

from __future__ import annotations

import base64
import copy
import hashlib

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.errors import InputError
from k8s_pipeline_client.render.config import DOCUMENT_KEY, MAX_SECRET_BYTES
from k8s_pipeline_client.render.metadata import object_meta, owner_reference

VOLUME = "k8s-pipeline"


def with_own_secret(job: Document) -> Document:
    """Return the Job, suspended unless a queue sees to that, with its document in a Secret of the Job's own name."""
    job = copy.deepcopy(job)
    for source in _sources(job):
        if "secret" in source:
            source["secret"]["name"] = job["metadata"]["name"]
    if labels.QUEUE_NAME not in job["metadata"].get("labels", {}):
        job["spec"]["suspend"] = True
    return job


def secret_name(job: Document) -> str:
    """Return the name of the Secret that holds a Job's document."""
    return next((str(source["secret"]["name"]) for source in _sources(job) if "secret" in source), "")


def own_secret(job: Document, text: str) -> Document:
    """Return the Secret with a run's own document.

    Args:
        job: As the API server returned it: the Secret's owner.
        text: The document.

    Raises:
        InputError: The document is larger than a Secret may be.
    """
    content = text.encode()
    if len(content) > MAX_SECRET_BYTES:
        raise InputError(
            f"with what is laid over it, the document has {len(content):,} bytes; a Secret holds {MAX_SECRET_BYTES:,}"
        )
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


def _sources(job: Document) -> list[Document]:
    volumes = job["spec"]["template"]["spec"].get("volumes") or []
    return [source for item in volumes if item["name"] == VOLUME for source in item["projected"]["sources"]]
