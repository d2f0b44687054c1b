"""JSON Patch (RFC 6902), as far as the ingestion uses it: add, replace, remove."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any


def apply_patch(document: Any, operations: Iterable[Mapping[str, Any]]) -> Any:
    """A patched copy; what cannot be applied raises ValueError."""
    result = copy.deepcopy(document)
    for operation in operations:
        kind, pointer = operation.get("op"), str(operation.get("path", ""))
        if kind not in ("add", "replace", "remove", "test"):
            raise ValueError(f"unsupported operation {kind!r}")
        if kind == "test":
            continue
        if pointer == "":
            result = copy.deepcopy(operation.get("value"))
            continue
        try:
            _apply_one(result, kind, pointer, operation.get("value"))
        except (KeyError, IndexError, TypeError) as error:
            raise ValueError(f"{kind} {pointer}: no such place") from error
    return result


def _apply_one(document: Any, kind: str, pointer: str, value: Any) -> None:
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    target = document
    for part in parents:
        target = target[int(part)] if isinstance(target, list) else target[part]
    if isinstance(target, list):
        index = len(target) if last == "-" else int(last)
        if kind == "add":
            target.insert(index, value)
        elif kind == "replace":
            target[index] = value
        else:
            del target[index]
    elif kind == "remove":
        target.pop(last, None)
    elif kind == "replace" and last not in target:
        raise KeyError(last)
    else:
        target[last] = value
