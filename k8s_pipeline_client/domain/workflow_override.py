"""What one run does otherwise than its pipeline: OpenMetadata's ``appConfigOverride`` and ``sourceConfigOverride``.

Both are shallow, as OpenMetadata lays them over: a key replaces the whole of what stood under it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.errors import InputError


def with_app_config(document: Document, override: Mapping[str, Any]) -> Document:
    """Return the document of an application with keys of its ``appConfig`` replaced; null takes a key out.

    Raises:
        InputError: It is no application's.
    """
    if "sourcePythonClass" not in document:
        raise InputError(
            "appConfigOverride is for applications, and this pipeline has no appConfig",
            hint="change what other pipelines do with sourceConfigOverride",
        )
    return document | {"appConfig": _laid_over(document.get("appConfig"), override)}


def with_source_config(document: Document, override: Mapping[str, Any]) -> Document:
    """Return the document with keys of ``source.sourceConfig.config`` replaced; null takes a key out.

    Raises:
        InputError: It has no source.
    """
    source = document.get("source")
    if not isinstance(source, dict):
        raise InputError(
            "sourceConfigOverride is for pipelines with a source, and this one is an application",
            hint="change what an application does with appConfigOverride",
        )
    source_config = source.get("sourceConfig") or {}
    config = _laid_over(source_config.get("config"), override)
    return document | {"source": source | {"sourceConfig": source_config | {"config": config}}}


def changes_of(
    change: Callable[[Document], Document] | None,
    app_config: Mapping[str, Any] | None,
    source_config: Mapping[str, Any] | None,
) -> Sequence[Callable[[Document], Document]]:
    """Return the changes of a run's document, in the order in which they apply; an empty override is none."""
    found = [change] if change else []
    if app_config:
        found.append(partial(with_app_config, override=app_config))
    if source_config:
        found.append(partial(with_source_config, override=source_config))
    return found


def _laid_over(config: Document | None, override: Mapping[str, Any]) -> Document:
    kept = {key: value for key, value in (config or {}).items() if key not in override or override[key] is not None}
    return kept | {key: value for key, value in override.items() if value is not None}
