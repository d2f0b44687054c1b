"""Changes of a document for one run: overlays, and values set by path."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.yamltext import UnusableTextError, load_document
from k8s_pipeline_client.errors import InputError

_STEP = re.compile(r"((?:[^.\[\]\\]|\\.)+)((?:\[[0-9]+\])*)(?:\.|$)")


def merge(base: Any, over: Any) -> Any:
    """Merge one document into another: mappings are merged, everything else is replaced."""
    if isinstance(base, dict) and isinstance(over, dict):
        return {**base, **{key: merge(base.get(key), value) for key, value in over.items()}}
    return over


def set_paths(document: Document, assignments: Iterable[str]) -> Document:
    """Return the document with values set by path.

    Args:
        document: Is not changed.
        assignments: ``a.b[0].c=value``, the value as YAML has it (``true``, ``3``, ``[a, b]``, text). Dots
            and brackets in keys are escaped by a backslash.

    Raises:
        InputError: An assignment is malformed, or its path does not match the document.
    """
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        steps = _steps(path)
        if not equals or not steps:
            raise InputError(
                f"{path!r} is not a path to set",
                code="InvalidPath",
                facts={"path": path},
                hint="write source.sourceConfig.config.includeTags=false",
            )
        try:
            value = load_document(text)
        except UnusableTextError as error:
            raise InputError(error.at(f"the value of {path} cannot be used"), hint="put text into quotes") from error
        document = _set(document, steps, value, path)
    return document


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            return []
        steps.append(re.sub(r"\\(.)", r"\1", match[1]))
        steps += [int(index) for index in re.findall(r"[0-9]+", match[2])]
        position = match.end()
    return steps


def _set(node: Any, steps: list[str | int], value: Any, path: str) -> Any:
    if not steps:
        return value
    step, *rest = steps
    if isinstance(step, int):
        if not isinstance(node, list) or step >= len(node):
            raise InputError(
                f"{path} cannot be set: there is no list with an element {step}",
                code="PathNotInDocument",
                facts={"path": path},
            )
        return [_set(item, rest, value, path) if number == step else item for number, item in enumerate(node)]
    if node is not None and not isinstance(node, dict):
        raise InputError(
            f"{path} cannot be set: the parent of {step!r} is not a mapping",
            code="PathNotInDocument",
            facts={"path": path},
        )
    found = node or {}
    return {**found, step: _set(found.get(step), rest, value, path)}
