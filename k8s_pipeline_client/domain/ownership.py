"""What of an object a field manager owns, as a manifest that applies just that. Pure.

``metadata.managedFields`` says it in FieldsV1: a tree of ``f:<key>``, ``k:<keys of a list's item>`` and
``v:<value of a set>``; what has no children below it is owned as a whole.
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


def is_applied(manifest: Object, live: Object | None, manager: str, *, apart_from: Sequence[str] = ()) -> bool:
    """Return whether applying a manifest would change nothing: neither a value, nor who owns a field.

    What we own of the live object, with its live values, is the manifest that we last applied, unless somebody has
    changed it since: a field that another manager has changed is not ours any more. So the two are compared, and
    no schema is needed. Where the API server writes a value in another way than we do (``1000m``), they differ; that
    costs a write which changes nothing.

    Args:
        manifest: What would be applied.
        live: What there is; None if there is nothing.
        manager: The field manager that would apply it.
        apart_from: The path of a field that is left out of the comparison.
    """
    if live is None or is_terminating(live):
        return False
    ours = part(live, fields_of(live, manager))
    # As JSON, for Python takes True for 1.
    return fingerprint(ours, apart_from=apart_from) == fingerprint(manifest, apart_from=apart_from)


def fingerprint(item: Object, *, apart_from: Sequence[str] = ()) -> bytes:
    """Return a digest of a manifest: equal for what `is_applied` calls equal. Of a live object, give its `part`."""
    text = json.dumps(_without(item, apart_from), sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _without(item: Object, path: Sequence[str]) -> Object:
    """Return an object without the field at a path, and without its UID, which only says which object is meant."""
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
    """Return the owned part of a list's item, None if nothing of it is owned."""
    for key, deeper in fields.items():
        kind, _, text = key.partition(":")
        wanted = json.loads(text)
        if kind == "v" and wanted == item:
            return item
        if kind == "k" and all(item.get(name) == value for name, value in wanted.items()):
            return wanted | ({} if set(deeper) == {"."} else _pick(item, deeper))
    return None
