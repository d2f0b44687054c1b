"""Objects that are being deleted, and stay."""

from __future__ import annotations

from k8s_pipeline_client.domain.objects import Object, finalizers
from k8s_pipeline_client.errors import WaitTimeoutError


def stuck(item: Object) -> WaitTimeoutError:
    """Return the error for an object that is being deleted and stays."""
    kind, name, held_by = item["kind"], item["metadata"]["name"], finalizers(item)
    return WaitTimeoutError(
        f"{kind} {name} is being deleted, but still exists{_held(held_by)}",
        code="Terminating",
        facts={"kind": kind, "name": name, "finalizers": held_by, "since": item["metadata"]["deletionTimestamp"]},
        hint="the controller that set the finalizer must remove it: check that it runs"
        if held_by
        else "it may be gone in a moment: try again",
    )


def held(item: Object) -> str:
    """Say what keeps an object that is being deleted; empty where nothing but time does."""
    held_by = finalizers(item)
    title = f"{item['kind']} {item['metadata']['name']}"
    return f"{title} stays until it is released{_held(held_by)}" if held_by else ""


def _held(held_by: tuple[str, ...]) -> str:
    return f", held by {' and '.join(f'finalizer {name}' for name in held_by)}" if held_by else ""
