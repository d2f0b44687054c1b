"""The field managers under which we write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.domain.ownership import fields_of

MANAGER = "k8s-pipeline"
SUSPEND_MANAGER = "k8s-pipeline-suspend"
"""Owns ``spec.suspend`` alone: a deploy, `enable` and `disable` set it, and whoever else does is seen by name."""


def suspend_is_set_by_others(cronjob: Mapping[str, Any]) -> bool:
    """Tell whether a field manager that is none of ours set ``spec.suspend``: a deploy leaves that alone."""
    entries = cronjob["metadata"].get("managedFields") or []
    managers = {entry["manager"] for entry in entries if "f:suspend" in (entry.get("fieldsV1") or {}).get("f:spec", {})}
    return bool(managers - {MANAGER, SUSPEND_MANAGER})


def was_switched(cronjob: Object) -> bool:
    """Tell whether `enable`, `disable` or a deploy that came to its end set ``spec.suspend``."""
    return "f:suspend" in fields_of(cronjob, SUSPEND_MANAGER).get("f:spec", {})
