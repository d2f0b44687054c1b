"""What of an object a field manager owns, as a manifest that applies just that. Pure.

``metadata.managedFields`` says it in FieldsV1: a tree of ``f:<key>``, ``k:<keys of a list's item>`` and
``v:<value of a set>``; what has no children below it is owned as a whole.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from k8s_pipeline_client.cluster.port import Object

Fields = dict[str, Any]


def fields_of(item: Object, manager: str) -> Fields:
    """Return the fields that a manager has applied; empty if it has applied nothing."""
    for entry in item["metadata"].get("managedFields") or ():
        if entry["manager"] == manager and entry["operation"] == "Apply" and not entry.get("subresource"):
            found: Fields = entry["fieldsV1"]
            return found
    return {}


def joined(one: Fields, other: Fields) -> Fields:
    """Return the fields that are in either."""
    both = dict(one)
    for key, below in other.items():
        both[key] = joined(both[key], below) if key in both else below
    return both


def part(item: Object, fields: Fields) -> Object:
    """Return the manifest of these fields with the object's values; what is not in the object is left out."""
    picked = _pick(item, fields) if fields else {}
    metadata = {key: item["metadata"][key] for key in ("name", "namespace")}
    return {
        **picked,
        "apiVersion": item["apiVersion"],
        "kind": item["kind"],
        "metadata": {**picked.get("metadata", {}), **metadata},
    }


def _pick(value: Any, fields: Fields) -> Any:
    below = {key: deeper for key, deeper in fields.items() if key != "."}
    if isinstance(value, dict) and below:
        named = {key.removeprefix("f:"): deeper for key, deeper in below.items()}
        return {key: _pick(value[key], deeper) for key, deeper in named.items() if key in value}
    if isinstance(value, list) and below:
        found = [_pick_item(item, below) for item in value]
        return [item for item in found if item is not None]
    return copy.deepcopy(value)


def _pick_item(item: Any, fields: Fields) -> Any:
    """Return the owned part of a list's item, None if nothing of it is owned."""
    for key, deeper in fields.items():
        kind, _, text = key.partition(":")
        wanted = json.loads(text)
        if kind == "v" and wanted == item:
            return item
        if kind == "k" and all(item.get(name) == value for name, value in wanted.items()):
            return wanted | ({} if set(deeper) == {"."} else _pick(item, deeper))
    return None
