"""The references in a plain workflow document, so that it can be kept in Git without secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.errors import DefinitionError
from k8s_pipeline_client.launcher.references import SECRET_REF, references_in, secret_reference

_SECRET_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_SECRET_KEY = re.compile(r"(?!\.{1,2}$|\.\.)[-._a-zA-Z0-9]+")
_MAX_NAME = 253

# These identify pipelines before any pod can resolve references.
_NEEDED_EARLIER = {
    "source.type",
    "source.serviceName",
    "processor.type",
    "ingestionPipelineFQN",
    "workflowConfig.openMetadataServerConfig.clusterName",
}


@dataclass(frozen=True, slots=True)
class References:
    """The references of a document.

    Attributes:
        any: Whether there are any, escaped ones included, which have to be unescaped.
        secrets: The keys of Secrets, by the Secrets' names, sorted.
    """

    any: bool = False
    secrets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def references_of(document: Document, origin: str) -> References:
    """Return the references in a plain workflow document.

    Raises:
        DefinitionError: A ``secretRef`` is malformed, or a reference is at a place whose value is needed before the
            run.
    """
    found = False
    secrets: dict[str, set[str]] = {}
    for path, item in references_in(document):
        found = True
        if path in _NEEDED_EARLIER:
            raise DefinitionError(
                f"{origin}: {path} is a reference, but its value is needed before the run",
                hint="write the value itself: it identifies the pipeline",
            )
        if isinstance(item, dict):
            name, key = _checked(item, path, origin)
            secrets.setdefault(name, set()).add(key)
    return References(found, {name: tuple(sorted(keys)) for name, keys in sorted(secrets.items())})


def _checked(item: dict[str, Any], path: str, origin: str) -> tuple[str, str]:
    reference = secret_reference(item)
    if reference is None:
        raise DefinitionError(
            f"{origin}: {path}.{SECRET_REF} is malformed",
            hint='write {"secretRef": {"name": "a-secret", "key": "a-key"}}, and nothing beside it, for the value',
        )
    name, key = reference
    for pattern, value, what in ((_SECRET_NAME, name, "name"), (_SECRET_KEY, key, "key")):
        if len(value) > _MAX_NAME or not pattern.fullmatch(value):
            raise DefinitionError(
                f"{origin}: {path}.{SECRET_REF}.{what} is {value!r}, which is invalid in Kubernetes",
                hint="see kubectl get secrets, kubectl describe secret",
            )
    return name, key
