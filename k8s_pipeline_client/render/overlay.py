"""The settings' patches of the pod template: applied in order, except to protected fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.podpatch import merge
from k8s_pipeline_client.settings import OWN_ENVIRONMENT, OWN_VOLUME, is_own_label, is_own_path

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
