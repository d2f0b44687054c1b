"""Merges an applied value into a live one, and takes fields out of one: the structure's part of server-side apply."""

from __future__ import annotations

from typing import Any

from tests.fakes.copies import copied
from tests.fakes.fieldsets import Path, Paths
from tests.fakes.schema import Field, children, element_of


def merged(live: Any, applied: Any, field: Field) -> Any:
    """Return a live value with an applied one in it."""
    if field.is_atomic or type(live) is not type(applied) or not isinstance(applied, dict | list):
        return copied(applied)
    if isinstance(applied, list):
        return _merged_lists(live, applied, field)
    together = dict(live)
    for key, value in applied.items():
        below = field.below(key)
        if below is not None and key in live:
            together[key] = merged(live[key], value, below)
        else:
            together[key] = copied(value)
    return together


def _merged_lists(live: list[Any], applied: list[Any], field: Field) -> list[Any]:
    """Merge item by item: in the applied order, with live items that were not applied where they stood."""
    ours = {element_of(item, field): item for item in applied}
    theirs = {element_of(item, field): item for item in live}
    left, right = list(theirs), list(ours)
    shared = [element for element in right if element in theirs]
    order: list[str] = []
    while left or right:
        if left and left[0] in ours and (left[0] in order or (right and left[0] != right[0] and left[0] != shared[0])):
            left.pop(0)  # it comes, or has come, where it was applied
        elif left and left[0] not in ours:
            order.append(left.pop(0))
        else:
            element = right.pop(0)
            order.append(element)
            if shared and shared[0] == element:
                shared.pop(0)
    return [_merged_item(theirs.get(element), ours.get(element), field.item) for element in order]


def _merged_item(live: Any, applied: Any, field: Field) -> Any:
    if live is None or applied is None:
        return copied(live if applied is None else applied)
    return merged(live, applied, field)


def without(value: Any, field: Field, gone: Paths, path: Path = ()) -> Any:
    """Return a value without some of its fields; an item of a list that is among them goes as a whole."""
    if field.is_atomic or not isinstance(value, dict | list):
        return value
    if not any(other[: len(path)] == path for other in gone):
        return value
    kept = []
    for element, below, its in children(value, field):
        here = (*path, element)
        if here not in gone:
            kept.append((element, without(below, its, gone, here)))
    if isinstance(value, list):
        return [item for _, item in kept]
    return {key: item for element, item in kept if (key := element.removeprefix("f:")) in value}


def patched(value: Any, patch: Any) -> Any:
    """Return a value with a JSON merge patch (RFC 7396) applied to it."""
    if not isinstance(patch, dict):
        return copied(patch)
    result = dict(value) if isinstance(value, dict) else {}
    for key, below in patch.items():
        if below is None:
            result.pop(key, None)
        else:
            result[key] = patched(result.get(key), below)
    return result
