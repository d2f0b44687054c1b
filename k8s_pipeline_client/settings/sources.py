"""Volumes, mounts and environment variables from existing objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ConfigDict, model_validator

from k8s_pipeline_client.settings.fields import (
    OWN_VOLUME,
    DnsLabel,
    DnsSubdomain,
    EnvironmentName,
    Flag,
    Model,
    MountPath,
    RelativePath,
)


class Volume(Model):
    """A volume of any source that Kubernetes has; the source itself is checked by the API server."""

    model_config = ConfigDict(extra="allow")

    name: DnsLabel

    @model_validator(mode="after")
    def _one_source(self) -> Volume:
        sources = self.model_extra or {}
        if len(sources) != 1 or not all(isinstance(source, dict) for source in sources.values()):
            raise ValueError("beside its name a volume has one source, a mapping such as configMap: {name: ca}")
        if self.name == OWN_VOLUME:
            raise ValueError(f"the name {OWN_VOLUME} is taken by the volume of the run itself")
        return self


class VolumeMount(Model):
    """Where a volume stands in the container; what is not here goes into `podTemplate`."""

    name: DnsLabel
    mount_path: MountPath
    sub_path: RelativePath | None = None
    read_only: Flag | None = None


class ObjectReference(Model):
    """The name of a Secret or ConfigMap in the namespace of the runs."""

    name: DnsSubdomain
    optional: Flag | None = None


class EnvFromSource(Model):
    """All keys of a Secret or ConfigMap as environment variables."""

    prefix: EnvironmentName | None = None
    config_map_ref: ObjectReference | None = None
    secret_ref: ObjectReference | None = None

    @model_validator(mode="after")
    def _one_reference(self) -> EnvFromSource:
        if (self.config_map_ref is None) == (self.secret_ref is None):
            raise ValueError("give either configMapRef or secretRef")
        return self


def check_mounts(volumes: Sequence[Volume], mounts: Sequence[VolumeMount]) -> None:
    """Check that volumes and mounts go together.

    Raises:
        ValueError: They do not.
    """
    names = [volume.name for volume in volumes]
    _refuse_twice("volumes", names)
    _refuse_twice("volumeMounts", [mount.mount_path for mount in mounts])
    for mount in mounts:
        if mount.name not in names:
            raise ValueError(f"volumeMounts names {mount.name!r}, which is none of the volumes")


def _refuse_twice(what: str, values: Iterable[Any]) -> None:
    seen = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{what} has {value!r} twice")
        seen.add(value)
