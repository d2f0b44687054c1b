"""What a pod asks for and refers to. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from k8s_pipeline_client.cluster.port import Object
from k8s_pipeline_client.domain.quantity import parse_quantity

BASIC = ("cpu", "memory", "ephemeral-storage")
"""The resources that every node has; others, such as ``nvidia.com/gpu``, only some."""
PULL_SECRET, SECRET, CONFIG_MAP, CLAIM = "pull Secret", "Secret", "ConfigMap", "PersistentVolumeClaim"


def references(spec: Object, own: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    """Return kind and name of what has to be there before the pod can start; what is optional is left out.

    Args:
        spec: The pod's.
        own: The volumes whose objects a deploy makes.
    """
    found = [(PULL_SECRET, item["name"]) for item in spec.get("imagePullSecrets") or ()]
    for volume in spec.get("volumes") or ():
        if volume["name"] not in own:
            found += _of_volume(volume)
    for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
        found += _of_environment(container)
    return list(dict.fromkeys(found))


def _of_volume(volume: Object) -> Iterator[tuple[str, str]]:
    if claim := volume.get("persistentVolumeClaim"):
        yield CLAIM, claim["claimName"]
    parts = [volume, *((volume.get("projected") or {}).get("sources") or ())]
    for part in parts:
        secret, config_map = part.get("secret"), part.get("configMap")
        if secret and not secret.get("optional"):
            yield SECRET, secret.get("secretName") or secret["name"]
        if config_map and not config_map.get("optional"):
            yield CONFIG_MAP, config_map["name"]


def _of_environment(container: Object) -> Iterator[tuple[str, str]]:
    sources = list(container.get("envFrom") or ())
    sources += [item["valueFrom"] for item in container.get("env") or () if item.get("valueFrom")]
    for source in sources:
        for key, kind in (("secretRef", SECRET), ("secretKeyRef", SECRET)):
            if (found := source.get(key)) and not found.get("optional"):
                yield kind, found["name"]
        for key in ("configMapRef", "configMapKeyRef"):
            if (found := source.get(key)) and not found.get("optional"):
                yield CONFIG_MAP, found["name"]


def asked_for(spec: Object) -> Mapping[str, Decimal]:
    """Return what a run counts for in a quota: ``requests.cpu``, ``limits.memory`` and the like, its pod, its Job."""
    found: dict[str, Decimal] = dict.fromkeys(("pods", "count/pods", "count/jobs.batch"), Decimal(1))
    for container in spec["containers"]:
        for kind, amounts in (container.get("resources") or {}).items():
            for resource, amount in (amounts or {}).items() if kind in ("requests", "limits") else ():
                key = f"{kind}.{resource}"
                found[key] = found.get(key, Decimal(0)) + parse_quantity(str(amount))
    for key in [key for key in found if key.startswith("limits.")]:  # a limit alone is the request, too
        found.setdefault(f"requests.{key.removeprefix('limits.')}", found[key])
    for resource in BASIC:
        if f"requests.{resource}" in found:
            found[resource] = found[f"requests.{resource}"]
    return found
