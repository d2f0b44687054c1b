"""What a service mesh does to pods: a proxy beside the run's own container, with what goes with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

PROXY = "mesh-proxy"
LINE = "sidecar at work"

_CODE = f"""
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print({LINE!r}, flush=True)
time.sleep(float(sys.argv[1]))
"""


def mesh(image: str, *, native: bool = False, seconds: float = 3600) -> Callable[[dict[str, Any]], None]:
    """Return what injects the proxy; it comes first, and kubectl takes it for the pod's own container.

    Args:
        image: Has Python.
        native: As an init container that Kubernetes itself ends after the others.
        seconds: How long the proxy runs.
    """

    def inject(pod: dict[str, Any]) -> None:
        metadata, spec = pod["metadata"], pod["spec"]
        metadata.setdefault("labels", {})["mesh.example.com/revision"] = "stable"
        metadata.setdefault("annotations", {}).update(
            {"mesh.example.com/status": "injected", "kubectl.kubernetes.io/default-container": PROXY}
        )
        tolerations = spec.setdefault("tolerations", [])
        field = "initContainers" if native else "containers"
        containers = spec.setdefault(field, [])
        if not any(container["name"] == PROXY for container in containers):
            tolerations.append({"key": "mesh", "operator": "Exists"})
            containers.insert(0, _proxy(image, native=native, seconds=seconds))

    return inject


def _proxy(image: str, *, native: bool, seconds: float) -> dict[str, Any]:
    return {
        "name": PROXY,
        "image": image,
        "command": ["python", "-c", _CODE, str(seconds)],
        "resources": {"requests": {"cpu": "5m", "memory": "16Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        **({"restartPolicy": "Always"} if native else {}),
    }
