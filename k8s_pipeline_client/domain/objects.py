"""Helpers for raw Kubernetes objects. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8s_pipeline_client.domain import labels, naming

Object = dict[str, Any]
"""A Kubernetes object as the API returns it: plain JSON, camelCase keys."""


ABSENT = "1"
"""A resourceVersion that no object has: an apply with it creates an object, or has a conflict if there is one."""
MAIN_CONTAINER = "main"
"""The container of a run's pod whose exit code is the run's result."""


def selector(name: str) -> str:
    """Return the label selector for all objects of one pipeline."""
    return f"{labels.PIPELINE}={name}"


def is_finished(job: Object) -> bool:
    """Return whether the Job is Complete or Failed, by its conditions."""
    conditions = (job.get("status") or {}).get("conditions") or []
    return any(item["type"] in ("Complete", "Failed") and item["status"] == "True" for item in conditions)


def run_id(job: Object) -> str:
    """Return the run id: the label, else the Job's UID."""
    metadata = job["metadata"]
    return str((metadata.get("labels") or {}).get(labels.APP_RUN_ID) or metadata["uid"])


def annotation(item: Object, key: str) -> str:
    """Return an annotation's value, empty if it is missing."""
    return str((item["metadata"].get("annotations") or {}).get(key) or "")


def identity(item: Object) -> str | None:
    """Return the OpenMetadata id of a CronJob, in canonical form."""
    return naming.identity(annotation(item, labels.ID))


def label(item: Object, key: str) -> str:
    """Return a label's value, empty if it is missing."""
    return str((item["metadata"].get("labels") or {}).get(key) or "")


def is_terminating(item: Object) -> bool:
    """Return whether the object is terminating."""
    return "deletionTimestamp" in item["metadata"]


def newest_first(items: Iterable[Object]) -> list[Object]:
    """The sort key: by creation, then by name."""
    return sorted(
        items, key=lambda item: (item["metadata"]["creationTimestamp"], item["metadata"]["name"]), reverse=True
    )
