"""Says which namespace is written to, where nobody has named it."""

from __future__ import annotations

from k8s_pipeline_client.settings.load import DEFAULT, Loaded


def unnamed_namespace(loaded: Loaded) -> str:
    """Return which namespace applies, and why; empty where a flag, a variable or a file of settings names one."""
    if loaded.names_namespace:
        return ""
    origin = loaded.origins["namespace"]
    why = "the default; -n names another" if origin == DEFAULT else f"from {origin}"
    return f"in namespace {loaded.settings.namespace} ({why})"
