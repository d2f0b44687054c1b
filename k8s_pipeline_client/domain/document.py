"""The text of a workflow document, as the ingestion gets it."""

from __future__ import annotations

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.errors import DefinitionError
from k8s_pipeline_client.launcher import yamljson


def to_json(document: Document, origin: str) -> str:
    """Return the document as one line of JSON that every YAML parser reads as the same values.

    Raises:
        DefinitionError: It holds a value that JSON has no form for, such as a number that is not finite.
    """
    try:
        return yamljson.dumps(document)
    except (TypeError, ValueError) as error:
        raise DefinitionError(f"{origin}: the document cannot be written as JSON: {error}") from error
