"""Pods and Services of the recording server and of the shop's database, fit for `restricted` namespaces."""

import json
from collections.abc import Mapping
from typing import Any

Manifest = dict[str, Any]

SERVER_PORT = 8585
POSTGRES_PORT = 5432
POSTGRES_DATABASE = "shop"
POSTGRES_USER = "om_reader"

_SILENT = f"""\
import socket
kept = []
with socket.create_server(("", {POSTGRES_PORT})) as listening:
    while True:
        kept.append(listening.accept())
"""
_USER_ID = 1000
_CONTAINER_SECURITY = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}
_POD_SECURITY = {
    "runAsNonRoot": True,
    "runAsUser": _USER_ID,
    "runAsGroup": _USER_ID,
    "fsGroup": _USER_ID,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def recording_server(
    namespace: str, *, image: str, name: str = "openmetadata", seed: Mapping[str, Any] | None = None
) -> list[Manifest]:
    """Secret (the seed: it may hold passwords), Service, Pod; `http://NAME:8585/api` within the namespace."""
    container = _container(name, image, ["python", "/standin/server.py", "--seed", "/seed/seed.json"])
    container["ports"] = [{"name": "http", "containerPort": SERVER_PORT}]
    container["readinessProbe"] = {
        "httpGet": {"path": "/_healthz", "port": SERVER_PORT},
        "periodSeconds": 1,
        "failureThreshold": 30,
    }
    container["volumeMounts"] = [{"name": "seed", "mountPath": "/seed", "readOnly": True}]
    return [
        _secret(namespace, name, {"seed.json": json.dumps(dict(seed or {}))}),
        _service(namespace, name, SERVER_PORT),
        _pod(namespace, name, container, [{"name": "seed", "secret": {"secretName": name}}]),
    ]


def postgres(namespace: str, *, image: str, password: str, name: str = "shop-postgres") -> list[Manifest]:
    """Secret, Service and Pod of the shop's database; user `om_reader`, database `shop`."""
    container = _container(name, image, ["/bin/sh", "/postgres/start.sh"])
    container["env"] = [{"name": "READER_PASSWORD", "valueFrom": {"secretKeyRef": {"name": name, "key": "password"}}}]
    container["ports"] = [{"name": "postgres", "containerPort": POSTGRES_PORT}]
    # It listens on TCP only after the shop has been filled, so an open port is enough to know.
    container["readinessProbe"] = {
        "tcpSocket": {"port": POSTGRES_PORT},
        "periodSeconds": 1,
        "failureThreshold": 60,
    }
    container["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    return [
        _secret(namespace, name, {"password": password}),
        _service(namespace, name, POSTGRES_PORT),
        _pod(namespace, name, container, [{"name": "data", "emptyDir": {"sizeLimit": "256Mi"}}]),
    ]


def silent_database(namespace: str, *, image: str, name: str = "silent-database") -> list[Manifest]:
    """Service and Pod of what takes connections where a database would, and never says a word; needs Python alone."""
    container = _container(name, image, ["python", "-c", _SILENT])
    # Only until it listens: each probe would be one more connection.
    container["startupProbe"] = {"tcpSocket": {"port": POSTGRES_PORT}, "periodSeconds": 1, "failureThreshold": 60}
    return [_service(namespace, name, POSTGRES_PORT), _pod(namespace, name, container, [])]


def _metadata(namespace: str, name: str) -> Manifest:
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "k8s-pipeline-client-tests"}
    return {"name": name, "namespace": namespace, "labels": labels}


def _secret(namespace: str, name: str, data: Mapping[str, str]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": _metadata(namespace, name),
        "type": "Opaque",
        "stringData": dict(data),
    }


def _service(namespace: str, name: str, port: int) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(namespace, name),
        "spec": {
            "selector": {"app.kubernetes.io/name": name},
            "ports": [{"port": port, "targetPort": port, "protocol": "TCP"}],
        },
    }


def _container(name: str, image: str, command: list[str]) -> Manifest:
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": command,
        "resources": {
            "requests": {"cpu": "20m", "memory": "64Mi"},
            "limits": {"cpu": "1", "memory": "256Mi"},
        },
        "securityContext": dict(_CONTAINER_SECURITY),
    }


def _pod(namespace: str, name: str, container: Manifest, volumes: list[Manifest]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(namespace, name),
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 2,
            "securityContext": dict(_POD_SECURITY),
            "containers": [container],
            "volumes": volumes,
        },
    }
