"""Strategic merge patches for the pod template, as ``kubectl patch`` applies them, but for what must stay ours.

No maintained Python package does this, so it is done here. Lists that Kubernetes declares to be merged are merged
by their keys, all others are replaced; a null takes a key out; ``$patch: delete`` and ``$patch: replace`` work in
mappings and in merged lists. Other than with kubectl, what is new in a list stands behind what was there: the
first container is the one that ``kubectl logs`` shows.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.settings import OWN_ENVIRONMENT, OWN_VOLUME, is_own_label, is_own_path

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
"""The lists of a pod template that are merged, and by what (``x-kubernetes-patch-merge-key``); no name has two."""

_DIRECTIVE = "$patch"
_POD_FIELDS = {
    "restartPolicy": "retries are the Job's, see backoffLimit",
    "activeDeadlineSeconds": "set activeDeadlineSeconds in the settings, which keeps the Job's own above it",
    "terminationGracePeriodSeconds": "set terminationGracePeriodSeconds in the settings",
}
_MAIN_FIELDS = {
    "command": "it starts the launcher",
    "args": "they name the document and the image's own entry point",
    "restartPolicy": "retries are the Job's, see backoffLimit",
    "terminationMessagePath": "the launcher leaves the cause there",
    "terminationMessagePolicy": "log text does not belong into the pod's status",
}


class OverlayError(ValueError):
    """An overlay that cannot be used.

    Attributes:
        number: Which one of those that were to be applied.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number


def overlaid(template: Document, overlays: Sequence[Mapping[str, Any]], main: str) -> Document:
    """Return the pod template with the overlays applied, one after the other.

    Args:
        template: The pod template as rendered.
        overlays: Strategic merge patches.
        main: The name of the container that runs the pipeline.

    Raises:
        OverlayError: One cannot be applied, or changes what must stay as it is.
    """
    wanted = dict(_ours(template, main))
    for number, overlay in enumerate(overlays):
        try:
            template = merge(template, overlay)
            found = dict(_ours(template, main))
        except ValueError as error:
            raise OverlayError(number, str(error)) from error
        for path in {**wanted, **found}:
            value, why = found.get(path, (None, ""))
            original, reason = wanted.get(path, (None, why))
            if value != original:
                raise OverlayError(number, f"{path} is not to be changed: {reason}")
    return template


def merge(base: Any, patch: Any, path: str = "") -> Any:
    """Return ``base`` with a strategic merge patch applied; neither is changed.

    Raises:
        ValueError: The patch is malformed; the message says where.
    """
    parent, _, field = path.rpartition(".")
    # Only there: a label or a node selector may be called `env` as well.
    key = MERGE_KEYS.get(field) if parent == "spec" or parent.endswith("]") else None
    if key or isinstance(base, Mapping):
        kind, word = (list, "list") if key else (Mapping, "mapping")
        if not isinstance(patch, kind):
            raise ValueError(f"{path} is no {word}")
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
    items = [(item, _directive(item, path)) for item in patch if _is_mapping(item, path)]
    replace = any(directive == "replace" for _, directive in items)
    result = [] if replace else copy.deepcopy(base)
    for item, directive in items:
        if directive == "replace":
            continue  # it says how the list is meant, and is no item of it
        if key not in item:
            raise ValueError(f"{path}: an item has no {key}, by which these are merged")
        at = next((number for number, old in enumerate(result) if old.get(key) == item[key]), None)
        if directive == "delete":
            result = [old for old in result if old.get(key) != item[key]]
        elif at is None:
            result.append(merge({}, item, f"{path}[{item[key]}]"))
        else:
            result[at] = merge(result[at], item, f"{path}[{item[key]}]")
    return result


def _is_mapping(item: Any, path: str) -> bool:
    if not isinstance(item, Mapping):
        raise ValueError(f"{path}: an item is no mapping")
    return True


def _directive(patch: Mapping[str, Any], path: str) -> str:
    for key in patch:
        if key.startswith("$") and key != _DIRECTIVE:
            raise ValueError(f"{path or 'it'} has {key}, which is not supported: only $patch is")
    directive = patch.get(_DIRECTIVE, "merge")
    if directive not in ("merge", "delete", "replace"):
        raise ValueError(f"{path or 'it'} has $patch: {directive}; it can be delete, replace or merge")
    return str(directive)


def _ours(template: Document, main: str) -> Iterator[tuple[str, tuple[Any, str]]]:
    """Yield what no overlay may change: its path, its value, and why.

    Raises:
        ValueError: The container that runs the pipeline is gone.
    """
    metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
    for key, value in (metadata.get("labels") or {}).items():
        if is_own_label(key):
            yield f"metadata.labels.{key}", (value, "runs are found by it")
    for key, value in (metadata.get("annotations") or {}).items():
        if key.startswith(labels.PREFIX):
            yield f"metadata.annotations.{key}", (value, "it says which pipeline a run belongs to")
    for key, why in _POD_FIELDS.items():
        yield f"spec.{key}", (spec.get(key), why)
    for volume in spec.get("volumes") or []:
        if volume.get("name") == OWN_VOLUME:
            yield f"spec.volumes[{OWN_VOLUME}]", (volume, "it holds the document and the launcher")
    container = next((item for item in spec.get("containers") or [] if item.get("name") == main), None)
    if container is None:
        raise ValueError(f"spec.containers[{main}] is not to be taken out: it is what runs the pipeline")
    where = f"spec.containers[{main}]"
    for key, why in _MAIN_FIELDS.items():
        yield f"{where}.{key}", (container.get(key), why)
    for item in container.get("env") or []:
        if item.get("name") in OWN_ENVIRONMENT:
            yield f"{where}.env[{item['name']}]", (item, "the ingestion reports by it")
    for mount in container.get("volumeMounts") or []:
        if is_own_path(str(mount.get("mountPath"))):
            yield f"{where}.volumeMounts[{mount['mountPath']}]", (mount, "the document and the launcher are there")
