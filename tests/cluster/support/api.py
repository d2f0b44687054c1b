"""The administrator's plain requests, over connections that stay open.

Tests look at the cluster thousands of times, most of them while they wait. A kubectl started for each look took more
of the machine than the cluster itself did; it is for what only kubectl does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from k8s_pipeline_client.cluster.connect import connect
from k8s_pipeline_client.cluster.transport import Transport
from k8s_pipeline_client.errors import PipelineError

_CORE, _BATCH, _RBAC = "/api/v1", "/apis/batch/v1", "/apis/rbac.authorization.k8s.io/v1"
_GROUPS = {
    "jobs": _BATCH,
    "cronjobs": _BATCH,
    "roles": _RBAC,
    "rolebindings": _RBAC,
}
"""Where a resource is served, unless it is of the core group."""


class Api:
    """Requests as the kubeconfig's user."""

    def __init__(self, kubeconfig: Path) -> None:
        """Take the kubeconfig.

        Raises:
            RuntimeError: It cannot be used.
        """
        try:
            self._transport = Transport(connect(kubeconfig))
        except PipelineError as error:
            raise RuntimeError(str(error)) from None

    def get(self, namespace: str, kind: str, name: str) -> dict[str, Any]:
        """Return one object; the kind as kubectl takes it, in the singular or the plural."""
        found: dict[str, Any] = self.request("GET", f"{_place(namespace, kind)}/{name}")
        return found

    def list(self, namespace: str, kind: str, selector: str = "") -> list[dict[str, Any]]:
        """Return the objects of a kind that the label selector takes in."""
        found = self.request("GET", _place(namespace, kind), {"labelSelector": selector})
        # The items of a list do not say what they are.
        type_of = {"apiVersion": found["apiVersion"], "kind": found["kind"].removesuffix("List")}
        return [type_of | item for item in found["items"]]

    def apply(self, manifest: Mapping[str, Any]) -> None:
        """Apply a manifest, server-side."""
        kind, metadata = manifest["kind"].lower(), manifest["metadata"]
        place = f"{_CORE}/namespaces" if kind == "namespace" else _place(metadata["namespace"], kind)
        self.request("PATCH", f"{place}/{metadata['name']}", {"fieldManager": "tests", "force": "true"}, manifest)

    def request(
        self, verb: str, path: str, query: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> Any:
        """Send a request, and return the answer.

        Raises:
            RuntimeError: The API server refused it, or cannot be reached.
        """
        try:
            answer = self._transport.send(
                verb,
                path,
                query=query,
                body=None if body is None else json.dumps(body).encode(),
                content_type="application/apply-patch+yaml" if verb == "PATCH" else "application/json",
            )
        except PipelineError as error:
            raise RuntimeError(f"{verb} {path}: {error}") from None
        if answer.status >= 400:
            raise RuntimeError(f"{verb} {path}: {answer.status} {answer.body.decode('utf-8', 'replace')}")
        return json.loads(answer.body) if answer.body else None


def _place(namespace: str, kind: str) -> str:
    plural = kind if kind.endswith("s") else f"{kind}s"
    return f"{_GROUPS.get(plural, _CORE)}/namespaces/{namespace}/{plural}"
