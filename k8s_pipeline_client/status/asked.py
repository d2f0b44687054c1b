"""What a pod references, by its spec: names that the cluster's messages about it omit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.domain.raw import find, items, mapping, text


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a Secret or ConfigMap that a volume projects.

    Attributes:
        kind: ``Secret`` or ``ConfigMap``.
        name: The object's name.
        key: The key.
    """

    kind: str
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a pod references.

    Attributes:
        image: The image of container ``main``; empty if unknown.
        claims: The PersistentVolumeClaims that it mounts.
        keys: The keys of Secrets and ConfigMaps that its volumes project one by one.
        node_labels: Its nodeSelector.
        pull_secrets: Its imagePullSecrets.
        scheduler: Its schedulerName; empty for the default scheduler.
        resource_claims: Its ResourceClaims and ResourceClaimTemplates, with their kinds.
    """

    image: str = ""
    claims: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    node_labels: tuple[tuple[str, str], ...] = ()
    pull_secrets: tuple[str, ...] = ()
    scheduler: str = ""
    resource_claims: tuple[str, ...] = ()


_SOURCES = (("secret", "Secret", "secretName"), ("configMap", "ConfigMap", "name"))


def _keys(spec: Object) -> Iterator[Key]:
    for volume in items(spec.get("volumes")):
        for field, kind, name in _SOURCES:
            yield from _keys_of(kind, text(find(volume, field, name)), find(volume, field, "items"))
            for source in items(find(volume, "projected", "sources")):
                yield from _keys_of(kind, text(find(source, field, "name")), find(source, field, "items"))


def _keys_of(kind: str, name: str, listed: object) -> Iterator[Key]:
    for item in items(listed):
        yield Key(kind, name, text(item.get("key")))


def _claims(spec: Object, pod_name: str) -> Iterator[str]:
    for volume in items(spec.get("volumes")):
        claim = text(find(volume, "persistentVolumeClaim", "claimName"))
        if claim:
            yield claim
        elif pod_name and mapping(volume.get("ephemeral")):
            yield f"{pod_name}-{text(volume.get('name'))}"


def _resource_claims(spec: Object) -> Iterator[str]:
    for claim in items(spec.get("resourceClaims")):
        for field in ("resourceClaimName", "resourceClaimTemplateName"):
            if name := text(claim.get(field)):
                yield f'the {field[0].upper()}{field[1:].removesuffix("Name")} "{name}"'


def read_asked(spec: Object, image: str, *, pod_name: str = "") -> Asked:
    """Parse a raw pod spec, or that of a Job's template."""
    labels = mapping(spec.get("nodeSelector"))
    scheduler = text(spec.get("schedulerName"))
    return Asked(
        image=image,
        claims=tuple(_claims(spec, pod_name)),
        keys=tuple(_keys(spec)),
        node_labels=tuple((str(key), str(value)) for key, value in labels.items()),
        pull_secrets=tuple(text(secret.get("name")) for secret in items(spec.get("imagePullSecrets"))),
        scheduler="" if scheduler == "default-scheduler" else scheduler,
        resource_claims=tuple(_resource_claims(spec)),
    )
