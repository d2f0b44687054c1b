"""Strategic merge patches for the pod template, as in ``kubectl patch``, except for protected fields.

No maintained Python package implements this. Lists with a merge key in Kubernetes are merged, all others are replaced;
null deletes a key; ``$patch: delete`` and ``$patch: replace`` work in mappings and in merged lists. Unlike with
kubectl, new list items are appended: the first container is the one that ``kubectl logs`` shows.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.validation import kind_of
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
"""The merge keys of the lists of a pod template (``x-kubernetes-patch-merge-key``), which are unique by name."""

_DIRECTIVE = "$patch"
_POD_FIELDS = {
    "restartPolicy": "retries are done by the Job, see backoffLimit",
    "activeDeadlineSeconds": "set activeDeadlineSeconds in the settings, which also sets the Job's own",
    "terminationGracePeriodSeconds": "set terminationGracePeriodSeconds in the settings",
}
_MAIN_FIELDS = {
    "command": "it starts the launcher",
    "args": "they have the document and the image's own entry point",
    "restartPolicy": "retries are done by the Job, see backoffLimit",
    "terminationMessagePath": "the launcher writes the cause there",
    "terminationMessagePolicy": "log text must not be copied to the pod's status",
}


class OverlayError(ValueError):
    """An invalid overlay.

    Attributes:
        number: Its index among the overlays.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number


def overlaid(template: Document, overlays: Sequence[Mapping[str, Any]], main: str) -> Document:
    """Return the pod template with the overlays applied in order.

    Args:
        template: The pod template as rendered.
        overlays: Strategic merge patches.
        main: The name of the container that runs the pipeline.

    Raises:
        OverlayError: One is invalid, or changes a protected field.
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
                raise OverlayError(number, f"{path} cannot be changed: {reason}")
    return template


def merge(base: Any, patch: Any, path: str = "") -> Any:
    """Return ``base`` with a strategic merge patch applied; neither is changed.

    Raises:
        ValueError: The patch is malformed; the message says where.
    """
    parent, _, field = path.rpartition(".")
    # Only at that path: a label or a node selector may have the key `env` as well.
    key = MERGE_KEYS.get(field) if parent == "spec" or parent.endswith("]") else None
    if key or isinstance(base, Mapping):
        kind, word = (list, "list") if key else (Mapping, "mapping")
        if not isinstance(patch, kind):
            raise ValueError(f"{path} is not a {word}")
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
            continue  # a directive for the list, not an item of it
        if key not in item:
            raise ValueError(f"{path}: an item has no {key}, which is the merge key")
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


def _is_mapping(item: Any, path: str) -> bool:
    if not isinstance(item, Mapping):
        raise ValueError(f"{path}: an item is not a mapping")
    return True


def _directive(patch: Mapping[str, Any], path: str) -> str:
    for key in patch:
        if key.startswith("$") and key != _DIRECTIVE:
            raise ValueError(f"{path or 'it'} has {key}, which is not supported; only $patch is")
    directive = patch.get(_DIRECTIVE, "merge")
    if directive not in ("merge", "delete", "replace"):
        raise ValueError(f"{path or 'it'} has $patch: {directive}; it must be delete, replace or merge")
    return str(directive)


def _ours(template: Document, main: str) -> Iterator[tuple[str, tuple[Any, str]]]:
    """Yield the protected fields: path, value, and reason.

    Raises:
        ValueError: The container that runs the pipeline was deleted.
    """
    metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
    for key, value in (metadata.get("labels") or {}).items():
        if is_own_label(key):
            yield f"metadata.labels.{key}", (value, "runs are found by it")
    for key, value in (metadata.get("annotations") or {}).items():
        if key.startswith(labels.PREFIX):
            yield f"metadata.annotations.{key}", (value, "it identifies a run's pipeline")
    for key, why in _POD_FIELDS.items():
        yield f"spec.{key}", (spec.get(key), why)
    for volume in spec.get("volumes") or []:
        if volume.get("name") == OWN_VOLUME:
            yield f"spec.volumes[{OWN_VOLUME}]", (volume, "it has the document and the launcher")
    container = next((item for item in spec.get("containers") or [] if item.get("name") == main), None)
    if container is None:
        raise ValueError(f"spec.containers[{main}] cannot be deleted: it runs the pipeline")
    where = f"spec.containers[{main}]"
    for key, why in _MAIN_FIELDS.items():
        yield f"{where}.{key}", (container.get(key), why)
    for item in container.get("env") or []:
        if item.get("name") in OWN_ENVIRONMENT:
            yield f"{where}.env[{item['name']}]", (item, "the ingestion needs it for its reports")
    for mount in container.get("volumeMounts") or []:
        if is_own_path(str(mount.get("mountPath"))):
            yield f"{where}.volumeMounts[{mount['mountPath']}]", (mount, "it has the document and the launcher")
