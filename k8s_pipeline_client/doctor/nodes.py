"""Whether a node would take a pod if it were empty, as far as the scheduler's rules can be told from outside. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from k8s_pipeline_client.cluster.port import Object
from k8s_pipeline_client.doctor.pods import BASIC, asked_for
from k8s_pipeline_client.domain.quantity import parse_quantity

_KEEPS_AWAY = ("NoSchedule", "NoExecute")
_SCHEDULER = "default-scheduler"


def why_not(node: Object, spec: Object) -> str:
    """Return why a node does not take a pod; empty if it does."""
    if (node.get("spec") or {}).get("unschedulable"):
        return "unschedulable"
    if not any(
        item.get("type") == "Ready" and item.get("status") == "True"
        for item in (node.get("status") or {}).get("conditions") or ()
    ):
        return "not ready"
    found = node["metadata"].get("labels") or {}
    selector = spec.get("nodeSelector") or {}
    if lacking := [f"{key}={value}" for key, value in selector.items() if found.get(key) != value]:
        return f"no label {', '.join(lacking)}"
    if not _has_affinity(node, spec):
        return "not within the affinity"
    taints = [taint for taint in (node.get("spec") or {}).get("taints") or () if taint.get("effect") in _KEEPS_AWAY]
    for taint in taints:
        if not any(_tolerates(toleration, taint) for toleration in spec.get("tolerations") or ()):
            return f"taint {taint['key']}"
    return _too_small(node, spec)


def _too_small(node: Object, spec: Object) -> str:
    has = (node.get("status") or {}).get("allocatable") or {}
    for key, needed in asked_for(spec).items():
        resource = key.removeprefix("requests.")
        if resource == key or not needed:
            continue
        if resource in has and parse_quantity(str(has[resource])) < needed:
            return f"{resource} {has[resource]} is too little"
        if resource not in has and resource not in BASIC:
            return f"no {resource}"
    return ""


def unseen(spec: Object) -> list[str]:
    """Return the fields by which other pods or programs decide where a pod goes, which `why_not` does not judge."""
    affinity = spec.get("affinity") or {}
    found = [
        kind
        for kind in ("podAffinity", "podAntiAffinity")
        if (affinity.get(kind) or {}).get("requiredDuringSchedulingIgnoredDuringExecution")
    ]
    spread = spec.get("topologySpreadConstraints") or ()
    if any(item.get("whenUnsatisfiable", "DoNotSchedule") == "DoNotSchedule" for item in spread):
        found.append("topologySpreadConstraints")
    if spec.get("schedulerName", _SCHEDULER) != _SCHEDULER:
        found.append("schedulerName")
    return found + (["resourceClaims"] if spec.get("resourceClaims") else [])


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return toleration.get("key") in (None, "", taint["key"])
    return bool(toleration.get("key") == taint["key"] and toleration.get("value", "") == taint.get("value", ""))


def _has_affinity(node: Object, spec: Object) -> bool:
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    if not required:
        return True
    return any(_fits(node, term) for term in required.get("nodeSelectorTerms") or ())


def _fits(node: Object, term: Mapping[str, Any]) -> bool:
    found = node["metadata"].get("labels") or {}
    expressions: Sequence[Mapping[str, Any]] = term.get("matchExpressions") or ()
    fields = {"metadata.name": node["metadata"]["name"]}
    return all(_matches(found, item) for item in expressions) and all(
        _matches(fields, item) for item in term.get("matchFields") or ()
    )


def _matches(found: Mapping[str, str], item: Mapping[str, Any]) -> bool:
    key, operator, values = str(item["key"]), item["operator"], list(item.get("values") or ())
    if operator == "In":
        return found.get(key) in values
    if operator == "NotIn":
        return found.get(key) not in values
    if operator in ("Exists", "DoesNotExist"):
        return bool((key in found) == (operator == "Exists"))
    try:
        number, bound = int(found[key]), int(values[0])
    except (KeyError, ValueError, IndexError):
        return False
    return number > bound if operator == "Gt" else number < bound
