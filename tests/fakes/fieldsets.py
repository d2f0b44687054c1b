"""Sets of fields: which a value has, in what two values differ, and how FieldsV1 writes them down.

A path is a tuple of FieldsV1's own elements: ``("f:spec", "f:containers", 'k:{"name":"main"}', "f:image")``.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import Any

from tests.fakes.schema import Field, children

Path = tuple[str, ...]
Paths = frozenset[Path]
Tree = dict[str, Any]

_CONTAINER = object()
"""Stands for a value with others below it, and for one that could have such."""


def applied(value: Any, field: Field, path: Path = ()) -> Paths:
    """Return the fields that applying a value makes one's own."""
    if field.is_atomic or not isinstance(value, dict | list):
        return frozenset({path})
    found: set[Path] = set()
    for element, below, its in children(value, field):
        here = (*path, element)
        if field.is_list or field.is_map or below == {}:
            found.add(here)
        found |= applied(below, its, here)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Difference:
    """In what one value differs from an earlier one."""

    added: Paths
    modified: Paths
    removed: Paths

    def __bool__(self) -> bool:
        return bool(self.added or self.modified or self.removed)


def difference(before: Any, after: Any, field: Field) -> Difference:
    """Compare two values."""
    old, new = _nodes(before, field), _nodes(after, field)
    return Difference(
        frozenset(new.keys() - old.keys()),
        frozenset(path for path in new.keys() & old.keys() if new[path] != old[path]),
        frozenset(old.keys() - new.keys()),
    )


def _nodes(value: Any, field: Field, path: Path = ()) -> dict[Path, Any]:
    """Return everything in a value, what has others below it included."""
    if field.is_atomic or not isinstance(value, dict | list):
        return {path: value}
    found: dict[Path, Any] = {path: _CONTAINER} if path else {}
    for element, below, its in children(value, field):
        found |= _nodes(below, its, (*path, element))
    return found


@functools.lru_cache(maxsize=4096)  # objects are written again and again with the same fields
def to_tree(paths: Paths) -> Tree:
    """Return fields as FieldsV1, to be read only."""
    tree: Tree = {}
    for path in sorted(paths):
        node = tree
        for element in path:
            node = node.setdefault(element, {})
        node["."] = {}
    return _tidied(tree)


def _tidied(tree: Tree) -> Tree:
    return {} if set(tree) == {"."} else {key: _tidied(below) for key, below in tree.items()}


def from_tree(tree: Tree, path: Path = ()) -> Paths:
    """Return the fields that FieldsV1 says."""
    if not tree:
        return frozenset({path}) if path else frozenset()
    below = [from_tree(deeper, path if key == "." else (*path, key)) for key, deeper in tree.items()]
    return frozenset().union(*below)


def in_order(paths: Paths) -> list[Path]:
    """Return paths as the API server goes through them: at each level first what ends there."""
    return sorted(paths, key=lambda path: [(at < len(path) - 1, element) for at, element in enumerate(path)])


def shown(path: Path) -> str:
    """Return a path as the API server's messages show it."""
    return "".join(_shown(element) for element in path)


def _shown(element: str) -> str:
    kind, _, text = element.partition(":")
    if kind == "f":
        return f".{text}"
    if kind == "v":
        return f"[={text}]"
    keys = ",".join(f"{key}={json.dumps(value)}" for key, value in json.loads(text).items())
    return f"[{keys}]"
