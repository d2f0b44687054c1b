"""The field managers of this program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.domain.ownership import fields_of

MANAGER = "k8s-pipeline"
SUSPEND_MANAGER = "k8s-pipeline-suspend"
"""Owns ``spec.suspend`` only: deploy, `enable` and `disable` set it, so that other managers of it can be detected."""


def suspend_is_set_by_others(cronjob: Mapping[str, Any]) -> bool:
    """Return whether another field manager owns ``spec.suspend``, which a deploy then keeps."""
    entries = cronjob["metadata"].get("managedFields") or []
    managers = {entry["manager"] for entry in entries if "f:suspend" in (entry.get("fieldsV1") or {}).get("f:spec", {})}
    return bool(managers - {MANAGER, SUSPEND_MANAGER})


def was_switched(cronjob: Object) -> bool:
    """Return whether `enable`, `disable` or a completed deploy set ``spec.suspend``."""
    return "f:suspend" in fields_of(cronjob, SUSPEND_MANAGER).get("f:spec", {})
