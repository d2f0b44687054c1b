"""The text of a workflow document."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.errors import DefinitionError
from k8s_pipeline_client.launcher import yamljson


@dataclass(frozen=True, slots=True)
class Encoded:
    """A document as its Secret holds it.

    Attributes:
        content: JSON in UTF-8; holds secrets.
        sha256: The SHA-256 of that, in hex.
    """

    content: bytes
    sha256: str


def encode(document: Document, origin: str) -> Encoded:
    """Return the bytes of a document, and their hash; the errors are those of `to_json`."""
    content = to_json(document, origin).encode()
    return Encoded(content, hashlib.sha256(content).hexdigest())


def to_json(document: Document, origin: str) -> str:
    """Return the document as one line of JSON that every YAML parser reads as the same values.

    Raises:
        DefinitionError: It contains a value that is not JSON, such as a number that is not finite.
    """
    try:
        return yamljson.dumps(document)
    except (TypeError, ValueError) as error:
        raise DefinitionError(f"{origin}: the document cannot be written as JSON: {error}") from error
