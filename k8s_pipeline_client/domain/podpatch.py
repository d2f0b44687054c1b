"""Strategic merge patches for a pod template, as in ``kubectl patch``. Pure.

No maintained Python package implements this. Lists with a merge key in Kubernetes are merged, all others are replaced;
null deletes a key; ``$patch: delete`` and ``$patch: replace`` work in mappings and in merged lists. Unlike with
kubectl, new list items are appended: the first container is the one that ``kubectl logs`` shows.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from k8s_pipeline_client.domain.objects import MAIN_CONTAINER
from k8s_pipeline_client.domain.validation import kind_of

MERGE_KEYS: Mapping[str, str] = {
    "containers": "name",
    "env": "name",
    "ephemeralContainers": "name",
    "hostAliases": "ip",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "ports": "containerPort",
    "resourceClaims": "name",
    "schedulingGates": "name",
    "topologySpreadConstraints": "topologyKey",
    "volumeDevices": "devicePath",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
"""The merge keys of the lists of a pod template (``x-kubernetes-patch-merge-key``), which are unique by name."""

_DIRECTIVE = "$patch"
_MAPPINGS: Mapping[str, Any] = {
    "metadata": {"annotations": {}, "labels": {}},
    "spec": {
        "affinity": {},
        "containers": [
            {"name": MAIN_CONTAINER, "resources": {"limits": {}, "requests": {}}, "securityContext": {}},
        ],
        "nodeSelector": {},
        "securityContext": {"seccompProfile": {}},
    },
}
"""The mappings of a rendered template: nothing else can be merged into them."""


def check(patch: Mapping[str, Any]) -> None:
    """Check the shape of a patch before there is a template: what its lists and mappings are.

    Raises:
        ValueError: It could not be merged into any template of ours; the message says where, and what to write.
    """
    merge(_MAPPINGS, patch)


def merge(base: Any, patch: Any, path: str = "") -> Any:
    """Return ``base`` with a strategic merge patch applied; neither is changed.

    Raises:
        ValueError: The patch is malformed; the message says where.
    """
    parent, _, field = path.rpartition(".")
    # Only at that path: a label or a node selector may have the key `env` as well.
    key = MERGE_KEYS.get(field) if parent == "spec" or parent.endswith("]") else None
    if key or isinstance(base, Mapping):
        kind, wanted = (list, f"a list, such as [{{{key}: …}}]") if key else (Mapping, "a mapping, such as {KEY: …}")
        if not isinstance(patch, kind):
            raise ValueError(f"{path} is {kind_of(patch)}: write {wanted}")
    if key:
        return _merge_list(base or [], patch, key, path)
    if isinstance(patch, Mapping):
        return _merge_mapping(base if isinstance(base, Mapping) else {}, patch, path)
    return copy.deepcopy(patch)


def _merge_mapping(base: Mapping[str, Any], patch: Mapping[str, Any], path: str) -> dict[str, Any]:
    directive = _directive(patch, path)
    if directive == "delete":
        return {}
    result = {} if directive == "replace" else copy.deepcopy(dict(base))
    for key, value in patch.items():
        if key == _DIRECTIVE:
            continue
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value, f"{path}.{key}".lstrip("."))
    return result


def _merge_list(base: list[Any], patch: list[Any], key: str, path: str) -> list[Any]:
    items = [(item, _directive(item, path)) for item in patch if _is_mapping(item, key, path)]
    replace = any(directive == "replace" for _, directive in items)
    result = [] if replace else copy.deepcopy(base)
    for item, directive in items:
        if directive == "replace":
            continue  # a directive for the list, not an item of it
        if key not in item:
            raise ValueError(f"{path}: an item has no {key}: write one, it is the merge key")
        _check_key(item[key], key, path)
        at = next((number for number, old in enumerate(result) if old.get(key) == item[key]), None)
        if directive == "delete":
            result = [old for old in result if old.get(key) != item[key]]
        elif at is None:
            result.append(merge({}, item, f"{path}[{item[key]}]"))
        else:
            result[at] = merge(result[at], item, f"{path}[{item[key]}]")
    return result


def _check_key(value: Any, key: str, path: str) -> None:
    """Refuse what Kubernetes would: items could not be told apart by it, and an item whose key is null has none."""
    if key == "containerPort":
        fits, wanted = isinstance(value, int) and not isinstance(value, bool), "a number"
    else:
        fits, wanted = isinstance(value, str) and value != "", "text, in quotes"
    if not fits:
        found = "empty" if value == "" else kind_of(value)
        raise ValueError(f"{path}: the {key} of an item is {found}: write {wanted}")


def _is_mapping(item: Any, key: str, path: str) -> bool:
    if not isinstance(item, Mapping):
        raise ValueError(f"{path}: an item is {kind_of(item)}: write a mapping, such as {{{key}: …}}")
    return True


def _directive(patch: Mapping[str, Any], path: str) -> str:
    for key in patch:
        if key.startswith("$") and key != _DIRECTIVE:
            raise ValueError(f"{path or 'it'} has {key}, which is not supported; only $patch is")
    directive = patch.get(_DIRECTIVE, "merge")
    if directive not in ("merge", "delete", "replace"):
        raise ValueError(f"{path or 'it'} has $patch: {directive}; it must be delete, replace or merge")
    return str(directive)
