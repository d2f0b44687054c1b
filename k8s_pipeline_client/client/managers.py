"""The field managers under which we write."""

from __future__ import annotations

MANAGER = "k8s-pipeline"
SUSPEND_MANAGER = "k8s-pipeline-suspend"
"""Owns ``spec.suspend`` alone: a deploy, `enable` and `disable` set it, and whoever else does is seen by name."""
