"""Asking the API server whether the cluster is ready: a few requests with the standard library."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any

from tests.cluster.local import addresses
from tests.cluster.local.paths import Paths

_TIMEOUT_SECONDS = 5.0


def get(paths: Paths, path: str) -> tuple[int, bytes]:
    """GET a path as the administrator; status 0 if there is no answer."""
    return _request(paths, "GET", path, None)


def post(paths: Paths, path: str, body: dict[str, object]) -> tuple[int, bytes]:
    """POST an object as the administrator; status 0 if there is no answer."""
    return _request(paths, "POST", path, json.dumps(body))


def _request(paths: Paths, method: str, path: str, body: str | None) -> tuple[int, bytes]:
    try:
        context = ssl.create_default_context(cafile=str(paths.pki / "ca.crt"))
        context.load_cert_chain(paths.pki / "admin.crt", paths.pki / "admin.key")
        # http.client, unlike urllib, never asks a proxy.
        connection = http.client.HTTPSConnection(
            str(addresses.GATEWAY), addresses.API_PORT, timeout=_TIMEOUT_SECONDS, context=context
        )
        try:
            connection.request(method, path, body=body, headers={"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()
    except (OSError, http.client.HTTPException):
        return 0, b""


def api_server_is_ready(paths: Paths) -> bool:
    """Whether the API server serves."""
    return get(paths, "/readyz")[0] == 200


def node_is_ready(paths: Paths) -> bool:
    """Whether the node runs pods."""
    return is_ready(_node(paths))


def node_is_schedulable(paths: Paths) -> bool:
    """Whether the node takes new pods: its not-ready taint goes a moment after the condition comes."""
    node = _node(paths)
    return is_ready(node) and not node["spec"].get("taints")


def is_ready(node: dict[str, Any]) -> bool:
    """Read a node's Ready condition."""
    conditions = node.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def namespace_is_furnished(paths: Paths) -> bool:
    """Whether controllers have given `default` what every pod needs there."""
    account = "/api/v1/namespaces/default/serviceaccounts/default"
    authority = "/api/v1/namespaces/default/configmaps/kube-root-ca.crt"
    return get(paths, account)[0] == 200 and get(paths, authority)[0] == 200


def _node(paths: Paths) -> dict[str, Any]:
    status, body = get(paths, f"/api/v1/nodes/{addresses.NODE_NAME}")
    node: dict[str, Any] = json.loads(body) if status == 200 else {}
    return node
