"""The structure of the kinds that we touch: which fields there are, and how server-side apply merges each.

The fields come from the official client's models. How lists are merged only the API server's OpenAPI document says;
``tests/contract/test_schema.py`` holds the tables below against it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from kubernetes.client import models

from k8s_pipeline_client.cluster.port import Kind

SETS = {
    "V1ObjectMeta.finalizers",
    "V1PodFailurePolicyOnExitCodesRequirement.values",
    "V1ContainerRestartRuleOnExitCodes.values",
    "V1UncountedTerminatedPods.failed",
    "V1UncountedTerminatedPods.succeeded",
}
"""Lists that are sets."""

_OF_CONTAINERS = {
    "env": ("name",),
    "ports": ("containerPort", "protocol"),
    "volumeDevices": ("devicePath",),
    "volumeMounts": ("mountPath",),
}
KEYS: dict[str, tuple[str, ...]] = {
    "V1ObjectMeta.ownerReferences": ("uid",),
    "V1PodSpec.containers": ("name",),
    "V1PodSpec.ephemeralContainers": ("name",),
    "V1PodSpec.hostAliases": ("ip",),
    "V1PodSpec.imagePullSecrets": ("name",),
    "V1PodSpec.initContainers": ("name",),
    "V1PodSpec.resourceClaims": ("name",),
    "V1PodSpec.schedulingGates": ("name",),
    "V1PodSpec.topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "V1PodSpec.volumes": ("name",),
    "V1ResourceRequirements.claims": ("name",),
    **{
        f"V1{kind}.{field}": keys
        for kind in ("Container", "EphemeralContainer")
        for field, keys in _OF_CONTAINERS.items()
    },
    "V1PodStatus.conditions": ("type",),
    "V1PodStatus.podIPs": ("ip",),
    "V1PodStatus.resourceClaimStatuses": ("name",),
    "V1ContainerStatus.allocatedResourcesStatus": ("name",),
    "V1ContainerStatus.volumeMounts": ("mountPath",),
    "V1ResourceStatus.resources": ("resourceID",),
}
"""Lists whose items are told apart by these fields; every other list is replaced as a whole."""

ATOMIC = {
    "V1OwnerReference",
    "V1LabelSelector",
    "V1NodeSelector",
    "V1NodeSelectorTerm",
    "V1ConfigMapKeySelector",
    "V1FileKeySelector",
    "V1LocalObjectReference",
    "V1ObjectFieldSelector",
    "V1ObjectReference",
    "V1ResourceFieldSelector",
    "V1SecretKeySelector",
    "V1TypedLocalObjectReference",
    "V1PodSpec.nodeSelector",
}
"""Structures and maps that are replaced as a whole."""

_KEY_DEFAULTS = {"protocol": "TCP"}
_MODELS = {Kind.EVENT: "CoreV1Event"}


@dataclass(frozen=True)
class Field:
    """What a value is.

    Attributes:
        type: As the official client says it: ``V1Container``, ``List[V1Container]``, ``Dict[str, str]``, ``str``.
        owner: The structure and field that it is the value of, such as ``V1PodSpec.containers``.
    """

    type: str
    owner: str = ""

    @cached_property
    def is_list(self) -> bool:
        """Whether it is a list."""
        return self.type.lower().startswith("list[")

    @cached_property
    def is_map(self) -> bool:
        """Whether it is a map whose keys are anybody's choice."""
        return self.type.lower().startswith("dict")

    @cached_property
    def is_structure(self) -> bool:
        """Whether it has fields of its own."""
        return hasattr(models, self.type) and bool(self.type[0].isupper())

    @cached_property
    def is_atomic(self) -> bool:
        """Whether an apply replaces it as a whole."""
        if self.is_list:
            return self.owner not in SETS and self.owner not in KEYS
        return not (self.is_map or self.is_structure) or self.type in ATOMIC or self.owner in ATOMIC

    @cached_property
    def item(self) -> Field:
        """What the items of a list are, or the values of a map."""
        inside = self.type[self.type.index("[") + 1 : -1]
        return Field(inside if self.is_list else inside.partition(", ")[2])

    def below(self, key: str) -> Field | None:
        """Return what stands under a key; None if there is no such field."""
        return self.item if self.is_map else fields(self.type).get(key)


@cache
def root(kind: Kind) -> Field:
    """Return what the objects of a kind are."""
    return Field(_MODELS.get(kind, f"V1{kind}"))


@cache
def fields(model: str) -> Mapping[str, Field]:
    """Return the fields of a structure, by their names in JSON."""
    found = getattr(models, model)
    types = found.openapi_types
    return {name: Field(types[key], f"{model}.{name}") for key, name in found.attribute_map.items()}


def children(value: Any, field: Field) -> Iterator[tuple[str, Any, Field]]:
    """Yield what is in a list or map, by its element of a path in FieldsV1; unknown fields are left out."""
    if field.is_list:
        for item in value:
            yield element_of(item, field), item, field.item
        return
    for key, below in value.items():
        its = field.below(key)
        if its is not None:
            yield f"f:{key}", below, its


def element_of(item: Any, field: Field) -> str:
    """Return what tells an item of a list from the others, as FieldsV1 says it."""
    if field.owner in SETS:
        return "v:" + json.dumps(item, separators=(",", ":"))
    found = {key: item.get(key, _KEY_DEFAULTS.get(key)) for key in KEYS[field.owner]}
    return "k:" + json.dumps(found, separators=(",", ":"), sort_keys=True)
