"""Overrides for one run: OpenMetadata's ``appConfigOverride`` and ``sourceConfigOverride``.

Both are shallow merges, as in OpenMetadata.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.errors import InputError


def with_app_config(document: Document, override: Mapping[str, Any]) -> Document:
    """Return the document of an application with keys of its ``appConfig`` replaced; null deletes a key.

    Raises:
        InputError: The document is not an application's.
    """
    if "sourcePythonClass" not in document:
        raise InputError(
            "appConfigOverride is for applications, and this pipeline has no appConfig",
            hint="use sourceConfigOverride for other pipelines",
        )
    return document | {"appConfig": _laid_over(document.get("appConfig"), override)}


def with_source_config(document: Document, override: Mapping[str, Any]) -> Document:
    """Return the document with keys of ``source.sourceConfig.config`` replaced; null deletes a key.

    Raises:
        InputError: It has no source.
    """
    source = document.get("source")
    if not isinstance(source, dict):
        raise InputError(
            "sourceConfigOverride is for pipelines with a source, and this one is an application",
            hint="use appConfigOverride for applications",
        )
    source_config = source.get("sourceConfig") or {}
    config = _laid_over(source_config.get("config"), override)
    return document | {"source": source | {"sourceConfig": source_config | {"config": config}}}


def changes_of(
    change: Callable[[Document], Document] | None,
    app_config: Mapping[str, Any] | None,
    source_config: Mapping[str, Any] | None,
) -> Sequence[Callable[[Document], Document]]:
    """Return the changes of a run's document, in order; empty overrides are ignored."""
    found = [change] if change else []
    if app_config:
        found.append(partial(with_app_config, override=app_config))
    if source_config:
        found.append(partial(with_source_config, override=source_config))
    return found


def _laid_over(config: Document | None, override: Mapping[str, Any]) -> Document:
    kept = {key: value for key, value in (config or {}).items() if key not in override or override[key] is not None}
    return kept | {key: value for key, value in override.items() if value is not None}
