"""Nodes that are lost, drained, or whose kubelet is away."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from tests.cluster.local.outage import api_server_killed, kubelet_killed
from tests.faults.puts import REPORTER
from tests.faults.row import Row
from tests.faults.stage import Stage

LOST = f"k8s-pipeline-faults-{secrets.token_hex(3)}"
"""Nodes belong to the whole cluster: two runs of this at once must have one each."""
_LABEL = "kubernetes.io/hostname"
SETTINGS: dict[str, Any] = {
    # Not a selector: when that node is gone, Kubernetes tries again on another.
    "affinity": {
        "nodeAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {
                    "weight": 100,
                    "preference": {"matchExpressions": [{"key": _LABEL, "operator": "In", "values": [LOST]}]},
                }
            ]
        }
    },
    # Else the pod would be left where it is for five minutes before it is deleted, and another five after that.
    "tolerations": [
        {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1}
        for key in ("unreachable", "not-ready")
    ]
    + [{"key": LOST, "operator": "Exists", "effect": "NoSchedule"}],
    "terminationGracePeriodSeconds": 5,
}


@contextmanager
def node_that_nobody_serves(stage: Stage) -> Iterator[None]:
    """Have a Node object that says once that it is ready."""
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": LOST, "labels": {_LABEL: LOST}},
        # So that no pod but this row's comes to it.
        "spec": {"taints": [{"key": LOST, "effect": "NoSchedule"}]},
    }
    stage.access.run("apply", "-f", "-", given=json.dumps(node))
    moment = _now()
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": moment}
    room = {"cpu": "4", "memory": "8Gi", "pods": "10"}
    status = {"conditions": [ready | {"lastTransitionTime": moment}], "capacity": room, "allocatable": room}
    stage.access.run(
        "patch", "node", LOST, "--subresource=status", "--type=merge", "-p", json.dumps({"status": status})
    )
    try:
        yield
    finally:
        stage.access.run("delete", "node", LOST, "--ignore-not-found", "--wait=false")


def lose(row: Row) -> None:
    """Have the pod run, as its kubelet would say; then say no more. Once that is told, the Node object goes."""
    row.until(lambda: row.pod()["spec"].get("nodeName"), "the pod is bound")
    pod = row.pod()
    moment = _now()
    container = {
        "name": "main",
        "image": pod["spec"]["containers"][0]["image"],
        "imageID": "sha256:0",
        "ready": True,
        "started": True,
        "restartCount": 0,
        "state": {"running": {"startedAt": moment}},
    }
    status = {"phase": "Running", "startTime": moment, "containerStatuses": [container]}
    patch = json.dumps({"status": status})
    row.stage.space.kubectl(
        "patch", "pod", pod["metadata"]["name"], "--subresource=status", "--type=merge", "-p", patch
    )
    row.shows("terminating")
    row.mark()
    row.until(lambda: [put for put in row.received() if put.by == REPORTER and put.is_end], "the loss is told")
    row.stage.access.run("delete", "node", LOST, "--wait=false")


def drain(row: Row) -> None:
    """Drain the node of its pod, of no others, and let it take pods again."""
    row.starts()
    pod = row.pod()
    node, job = pod["spec"]["nodeName"], pod["metadata"]["labels"]["job-name"]
    words = [f"--pod-selector=job-name={job}", "--force", "--ignore-daemonsets", "--delete-emptydir-data"]
    try:
        row.stage.access.run("drain", node, *words, "--timeout=90s")
    finally:
        row.stage.access.run("uncordon", node)


def stop_kubelet(row: Row) -> None:
    """Have the kubelet be away until its node is not ready, and longer than the run takes; and come back."""
    row.starts()
    node = row.pod()["spec"]["nodeName"]
    with kubelet_killed():
        row.until(lambda: not _is_ready(row.stage, node), "the node is not ready")
        row.until(lambda: any(put.is_end for put in row.received()), "the run has reported its end")
    row.mark()


def kill_api_server(row: Row) -> None:
    """Have the API server be away when the run ends, and while passes fail."""
    row.starts()
    with api_server_killed():
        begin = row.watch.now()
        row.until(lambda: row.watch.seconds_since(begin) > 30, "the run ends, and passes fail")
    row.mark()


def _is_ready(stage: Stage, node: str) -> bool:
    found = stage.access.api.request("GET", f"/api/v1/nodes/{node}")["status"]["conditions"]
    return any(item["type"] == "Ready" and item["status"] == "True" for item in found)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
