"""Helpers for raw Kubernetes objects. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.raw import find, items

Object = dict[str, Any]
"""A Kubernetes object as the API returns it: plain JSON, camelCase keys."""


ABSENT = "1"
"""A resourceVersion that no object has: an apply with it creates an object, or has a conflict if there is one."""
_BY_KUBERNETES = ("foregroundDeletion", "orphan", "batch.kubernetes.io/job-tracking")

MAIN_CONTAINER = "main"
"""The container of a run's pod whose exit code is the run's result."""


def selector(name: str) -> str:
    """Return the label selector for all objects of one pipeline."""
    return f"{labels.PIPELINE}={name}"


def is_finished(job: Object) -> bool:
    """Return whether the Job is Complete or Failed, by its conditions."""
    conditions = items(find(job, "status", "conditions"))
    return any(item.get("type") in ("Complete", "Failed") and item.get("status") == "True" for item in conditions)


def run_id(job: Object) -> str:
    """Return the run id: the label, else the Job's UID."""
    return label(job, labels.APP_RUN_ID) or _text(find(job, "metadata", "uid"))


def annotation(item: Object, key: str) -> str:
    """Return an annotation's value, empty if it is missing."""
    return _text(find(item, "metadata", "annotations", key))


def identity(item: Object) -> str | None:
    """Return the OpenMetadata id of a CronJob, in canonical form."""
    return naming.identity(annotation(item, labels.ID))


def label(item: Object, key: str) -> str:
    """Return a label's value, empty if it is missing."""
    return _text(find(item, "metadata", "labels", key))


def is_automation(job: Object) -> bool:
    """Return whether a Job runs an automation, such as the test of a connection."""
    return label(job, labels.APP_COMPONENT) == "automation"


def is_terminating(item: Object) -> bool:
    """Return whether the object is terminating."""
    return "deletionTimestamp" in item["metadata"]


def finalizers(item: Object) -> tuple[str, ...]:
    """Return the finalizers of an object that somebody has to take away; those of Kubernetes' own go by themselves."""
    return tuple(held for held in item["metadata"].get("finalizers") or () if held not in _BY_KUBERNETES)


def is_marked_deleted(cronjob: Object) -> bool:
    """Return whether a CronJob is kept though OpenMetadata has deleted its pipeline."""
    return bool(label(cronjob, labels.DELETED))


def pinned(manifest: Object, seen: Object | None) -> Object:
    """Return a manifest whose apply is refused unless the object is still the one that was seen, in its version.

    Args:
        manifest: The manifest.
        seen: The object as it was read; None if there was none, and must be none.
    """
    version = {"resourceVersion": ABSENT}
    if seen is not None:
        version = {key: seen["metadata"][key] for key in ("uid", "resourceVersion")}
    return {**manifest, "metadata": {**manifest["metadata"], **version}}


def newest_first(found: Iterable[Object]) -> list[Object]:
    """Sort by creation, then by name, newest first."""
    return sorted(
        found, key=lambda item: (item["metadata"]["creationTimestamp"], item["metadata"]["name"]), reverse=True
    )


def by_namespace(found: Iterable[Object]) -> dict[str, list[Object]]:
    """Return objects by their namespaces, each in the order that they came in."""
    groups: dict[str, list[Object]] = defaultdict(list)
    for item in found:
        groups[_text(item["metadata"].get("namespace"))].append(item)
    return dict(groups)


def _text(value: object) -> str:
    """Return a value with its white space if it is a string: it may be a name; else an empty string."""
    return value if isinstance(value, str) else ""
