"""Placeholders that somebody was to replace, in settings that can have no such value."""

from __future__ import annotations

import re
from typing import Any

from k8s_pipeline_client.domain.suspicious import placeholder_kind
from k8s_pipeline_client.settings.contribution import Problem
from k8s_pipeline_client.settings.keys import Layer

_HOLD_ANYTHING = frozenset(
    {
        *("extraEnvVars", "podAnnotations", "podLabels", "podTemplate", "volumes", "volumeMounts", "envFrom"),
        *("overrides", "kubeConfigContent", "affinity", "tolerations", "topologySpreadConstraints"),
    }
)
"""Settings whose values may be what looks like one."""
_VARIABLE = re.compile(r"\s*\$(?:\{\w[^{}]*\}|\(\w+\))\s*")


def placeholders(layer: Layer) -> list[Problem]:
    """Return the settings whose value is a placeholder, a template or a variable; the value itself is not told."""
    found = []
    for path, given in layer.items():
        if path[0] not in _HOLD_ANYTHING and (what := _what(given.value)):
            found.append(Problem(".".join(path), f"it is {what}: replace it with the value", f"from {given.origin}"))
    return found


def _what(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    if _VARIABLE.fullmatch(value):
        return "a variable, which nothing replaces here"
    return placeholder_kind(value)
