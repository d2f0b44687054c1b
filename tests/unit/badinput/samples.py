"""What is damaged: definitions, workflow documents, settings of each shape, kubeconfigs; with secrets in them."""

from __future__ import annotations

import base64
import copy
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from tests.data import SAMPLES
from tests.openmetadata import pipeline, service
from tests.unit.badinput import damage

SECRET = "S3cr3tThing"
"""Part of each secret."""
_SECRET_KEYS = ("password", "jwtToken", "serverToken", "token", "secretKey", "awsSecretAccessKey", "privateKey")
_CONNECTION = {
    "hostPort": "http://openmetadata:8585/api",
    "authProvider": "openmetadata",
    "securityConfig": {"jwtToken": f"eyJhbGciOiJSUzI1NiJ9.{SECRET}.x"},
}
_WORKFLOW = {
    "source": {
        "type": "postgres",
        "serviceName": "shop",
        "serviceConnection": {"config": {"type": "Postgres", "hostPort": "db:5432", "password": f"{SECRET}-1"}},
        "sourceConfig": {"config": {"type": "DatabaseMetadata", "schemaFilterPattern": {"includes": ["a.*"]}}},
    },
    "sink": {"type": "metadata-rest", "config": {}},
    "airflowConfig": {"scheduleInterval": "0 3 * * *", "pipelineTimezone": "Europe/Berlin", "retries": 2},
    "workflowConfig": {"loggerLevel": "INFO", "openMetadataServerConfig": _CONNECTION},
}
_OWN: dict[str, Any] = {
    "namespace": "data",
    "ingestionImage": "registry.example/openmetadata/ingestion-base:1.12.14",
    "serverToken": f"a.{SECRET}.c",
    "metadataApiEndpoint": "http://openmetadata:8585/api",
    "resources": {"limits": {"cpu": 2, "memory": "4Gi"}, "requests": {"cpu": "500m", "memory": "1Gi"}},
    "backoffLimit": 2,
    "nodeSelector": {"pool": "etl"},
    "tolerations": [{"key": "a", "operator": "Exists", "effect": "NoSchedule"}],
    "extraEnvVars": {"API_TOKEN": f"{SECRET}-2", "LEVEL": "x"},
    "envFrom": [{"secretRef": {"name": "warehouse"}, "prefix": "DB_"}],
    "volumes": [{"name": "ca", "configMap": {"name": "ca"}}],
    "volumeMounts": [{"name": "ca", "mountPath": "/etc/ca"}],
    "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone"}]}},
    "podTemplate": {"spec": {"hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}]}},
    "logStorageConfiguration": {"type": "s3", "bucketName": "b", "awsConfig": {"awsSecretAccessKey": f"{SECRET}-3"}},
    "overrides": [{"match": {"type": "metadata"}, "settings": {"backoffLimit": 1}}],
}


@dataclass(frozen=True)
class Case:
    """One bad input.

    Attributes:
        content: Of the file.
        what: What was done to it.
    """

    content: bytes
    what: str


def _certificate() -> str:
    return base64.b64encode(b"-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n").decode()


def _kubeconfig(chance: random.Random) -> list[Any]:
    users: list[dict[str, Any]] = [
        {"token": f"{SECRET}-4"},
        {"username": "me", "password": f"{SECRET}-5"},
        {"client-certificate-data": _certificate(), "client-key-data": base64.b64encode(SECRET.encode()).decode()},
        {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "true", "env": [], "args": ["x"]}},
        {"token": f"{SECRET}-6", "as": "jane", "as-groups": ["a"]},
    ]
    return [
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "one",
            "clusters": [{"name": "one", "cluster": {"server": "https://10.0.0.1:6443", "tls-server-name": "a"}}],
            "contexts": [{"name": "one", "context": {"cluster": "one", "user": "me", "namespace": "data"}}],
            "users": [{"name": "me", "user": copy.deepcopy(chance.choice(users))}],
        }
    ]


@cache
def _entities() -> list[list[Any]]:
    """Return pipelines with their services."""
    shop = service("shop")
    found = [[pipeline("nightly", shop, openMetadataServerConnection=_CONNECTION), shop]]
    services = [json.loads(path.read_text()) for path in sorted((SAMPLES / "services").glob("*.json"))]
    for path in sorted((SAMPLES / "pipelines").glob("*.json")):
        entity = json.loads(path.read_text())
        name = (entity.get("service") or {}).get("name")
        mine = [item for item in services if item.get("name") == name]
        if mine:
            found.append([entity, *mine])
    return [_with_secrets(item) for item in found]


def _with_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: f"{SECRET}-{key}" if key in _SECRET_KEYS and isinstance(item, str) else _with_secrets(item)
            for key, item in value.items()
        }
    return [_with_secrets(item) for item in value] if isinstance(value, list) else value


@cache
def _server_files() -> list[Any]:
    return [yaml.safe_load((SAMPLES / "settings" / name).read_text()) for name in ("openmetadata.yaml", "values.yaml")]


def _settings(chance: random.Random) -> list[Any]:
    return [copy.deepcopy(chance.choice([_OWN, _OWN, *_server_files()]))]


KINDS: dict[str, Callable[[random.Random], list[Any]]] = {
    "definitions": lambda chance: copy.deepcopy(chance.choice(_entities())),
    "workflow": lambda chance: [copy.deepcopy(_WORKFLOW)],
    "settings": _settings,
    "kubeconfig": _kubeconfig,
}
SHARES = {"definitions": 0.4, "workflow": 0.2, "settings": 0.25, "kubeconfig": 0.15}


def case(kind: str, number: int) -> Case:
    """Return a bad input of a kind: the same one for the same number."""
    chance = random.Random(f"{kind} {number}")
    documents = KINDS[kind](chance)
    done = []
    is_text = chance.random() < 0.35
    for _ in range(0 if is_text else chance.choice([1, 1, 1, 2, 3])):
        try:
            done.append(damage.meaning(chance)(chance.choice(documents)))
        except (IndexError, KeyError, TypeError):
            continue  # what it damages is gone already
    content = damage.as_text(chance, documents, is_yaml="pipelineServiceClientConfiguration" in str(documents))
    if not is_text:
        return Case(content.encode("utf-8", "surrogatepass"), "; ".join(done))
    raw, what = damage.text(chance, content)
    return Case(raw, what)
