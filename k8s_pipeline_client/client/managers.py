"""The field managers under which we write."""

from __future__ import annotations

MANAGER = "k8s-pipeline"
SUSPEND_MANAGER = "k8s-pipeline-suspend"
"""Owns ``spec.suspend`` alone, so that a deploy does not undo what a person set, and neither is in doubt."""
