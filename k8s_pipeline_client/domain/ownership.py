"""The fields of an object that a field manager owns, as a manifest. Pure.

``metadata.managedFields`` has them in FieldsV1 format: a tree of ``f:<key>``, ``k:<keys of a list item>`` and
``v:<value of a set>``; leaves are owned as a whole.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from k8s_pipeline_client.domain.objects import Object, is_terminating

Fields = dict[str, Any]


def fields_of(item: Object, manager: str) -> Fields:
    """Return the fields that a manager has applied; may be empty."""
    for entry in item["metadata"].get("managedFields") or ():
        if entry["manager"] == manager and entry["operation"] == "Apply" and not entry.get("subresource"):
            found: Fields = entry["fieldsV1"]
            return found
    return {}


def joined(one: Fields, other: Fields) -> Fields:
    """Return the union of two sets of fields."""
    both = dict(one)
    for key, below in other.items():
        both[key] = joined(both[key], below) if key in both else below
    return both


def part(item: Object, fields: Fields) -> Object:
    """Return the manifest of these fields with the object's values, without missing ones."""
    picked = _pick(item, fields) if fields else {}
    metadata = {key: item["metadata"][key] for key in ("name", "namespace")}
    return {
        **picked,
        "apiVersion": item["apiVersion"],
        "kind": item["kind"],
        "metadata": {**picked.get("metadata", {}), **metadata},
    }


def is_applied(manifest: Object, live: Object | None, manager: str, *, apart_from: Sequence[str] = ()) -> bool:
    """Return whether applying a manifest would change neither a value nor the ownership of a field.

    Our owned fields with their live values equal the last applied manifest, unless others have changed them since:
    fields that another manager has changed are not ours any more. So the two are compared, without a schema. If the API
    server normalizes a value (``1000m``), they differ, which costs a write without effect.

    Args:
        manifest: The manifest to apply.
        live: The live object; None if there is none.
        manager: The field manager.
        apart_from: The path of a field to ignore.
    """
    if live is None or is_terminating(live):
        return False
    ours = part(live, fields_of(live, manager))
    # As JSON, since True == 1 in Python.
    return fingerprint(ours, apart_from=apart_from) == fingerprint(manifest, apart_from=apart_from)


def fingerprint(item: Object, *, apart_from: Sequence[str] = ()) -> bytes:
    """Return a digest of a manifest, consistent with `is_applied`. For a live object, pass its `part`."""
    text = json.dumps(_without(item, apart_from), sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _without(item: Object, path: Sequence[str]) -> Object:
    """Return an object without the field at a path, and without its UID, which is only a precondition."""
    found = {**item, "metadata": {key: value for key, value in item["metadata"].items() if key != "uid"}}
    if path:
        *above, last = path
        inner = found
        for key in above:
            inner[key] = dict(inner.get(key) or {})
            inner = inner[key]
        inner.pop(last, None)
    return found


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
    """Return the owned part of a list item, None if nothing is owned."""
    for key, deeper in fields.items():
        kind, _, text = key.partition(":")
        wanted = json.loads(text)
        if kind == "v" and wanted == item:
            return item
        if kind == "k" and all(item.get(name) == value for name, value in wanted.items()):
            return wanted | ({} if set(deeper) == {"."} else _pick(item, deeper))
    return None
