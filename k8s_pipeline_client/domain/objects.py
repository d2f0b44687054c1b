"""Small facts about raw Kubernetes objects. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8s_pipeline_client.domain import labels, naming

Object = dict[str, Any]
"""A Kubernetes object as the API returns it: plain JSON, camelCase keys."""


MAIN_CONTAINER = "main"
"""The container of a run's pod whose exit code is the run's."""


def selector(name: str) -> str:
    """Return the label selector for everything that belongs to one pipeline."""
    return f"{labels.PIPELINE}={name}"


def is_finished(job: Object) -> bool:
    """Return whether the Job has come to its end; the conditions alone decide that."""
    conditions = (job.get("status") or {}).get("conditions") or []
    return any(item["type"] in ("Complete", "Failed") and item["status"] == "True" for item in conditions)


def run_id(job: Object) -> str:
    """Return the run's id: the one handed over, else the Job's UID."""
    metadata = job["metadata"]
    return str((metadata.get("labels") or {}).get(labels.APP_RUN_ID) or metadata["uid"])


def annotation(item: Object, key: str) -> str:
    """Return an annotation's value, empty if it is not there."""
    return str((item["metadata"].get("annotations") or {}).get(key) or "")


def identity(item: Object) -> str | None:
    """Return the id in OpenMetadata with which a CronJob was deployed, in the form that `Pipeline` has it."""
    return naming.identity(annotation(item, labels.ID))


def label(item: Object, key: str) -> str:
    """Return a label's value, empty if it is not there."""
    return str((item["metadata"].get("labels") or {}).get(key) or "")


def is_terminating(item: Object) -> bool:
    """Return whether the object is being deleted."""
    return "deletionTimestamp" in item["metadata"]


def newest_first(items: Iterable[Object]) -> list[Object]:
    """Sort by creation; names break the tie within a second."""
    return sorted(
        items, key=lambda item: (item["metadata"]["creationTimestamp"], item["metadata"]["name"]), reverse=True
    )
