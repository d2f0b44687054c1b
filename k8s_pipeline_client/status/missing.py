"""Missing objects that a container or volume needs, parsed from the kubelet's messages."""

from __future__ import annotations

import re
from collections.abc import Iterable

from k8s_pipeline_client.status.asked import Asked
from k8s_pipeline_client.status.models import Cause, CauseCode

_OBJECT = re.compile(r'\b(secret|configmap|serviceaccount|persistentvolumeclaim)s? "([^"]+)" not found', re.IGNORECASE)
_KEY = re.compile(r"couldn't find key (\S+) in (Secret|ConfigMap) [^/\s]*/([^\s,]+)")
_KEY_IN_VOLUME = re.compile(r"references non-existent (secret|config) key: (\S+)")
"""The message does not name the Secret or ConfigMap."""
_PROVIDER_CLASS = re.compile(r"failed to get secretproviderclass [^/\s]*/([^\s,]+)")
_VOLUME = re.compile(r'for volume "([^"]+)"')

_KINDS = {
    "secret": "Secret",
    "configmap": "ConfigMap",
    "config": "ConfigMap",
    "serviceaccount": "ServiceAccount",
    "persistentvolumeclaim": "PersistentVolumeClaim",
}
_OURS = "om-"
"""The prefix of the names of a pipeline's own objects."""


def either(names: Iterable[str]) -> str:
    """For example ``"a"`` or ``"a" or "b"``."""
    return " or ".join(f'"{name}"' for name in names)


def volume_of(message: str) -> str:
    """``Volume "x" of the run's pod`` if the message names it."""
    found = _VOLUME.search(message)
    return f'Volume "{found[1]}" of the run\'s pod' if found else "A volume of the run's pod"


def missing_cause(what: str, message: str, asked: Asked) -> Cause | None:
    """The cause if an object that the pod needs, or a key in one, does not exist.

    Args:
        what: What needs it: the beginning of the sentence.
        message: The kubelet's.
        asked: What the pod asks for.
    """
    in_volume = _KEY_IN_VOLUME.search(message)
    if in_volume:
        kind, key = _KINDS[in_volume[1]], in_volume[2]
        return _without_key(
            what, message, key, kind, [it.name for it in asked.keys if (it.kind, it.key) == (kind, key)]
        )
    in_environment = _KEY.search(message)
    if in_environment:
        key, kind, name = in_environment.groups()
        return _without_key(what, message, key, kind, [name])
    found = _OBJECT.search(message)
    if found:
        return _without_object(what, message, _KINDS[found[1].lower()], found[2])
    provider = _PROVIDER_CLASS.search(message)
    return _without_object(what, message, "SecretProviderClass", provider[1]) if provider else None


def _without_object(what: str, message: str, kind: str, name: str) -> Cause:
    return Cause(
        CauseCode.CONFIG_MISSING,
        f'{what} needs the {kind} "{name}", which does not exist',
        message,
        _hint(f'create the {kind} "{name}" in the run\'s namespace', [name]),
    )


def _without_key(what: str, message: str, key: str, kind: str, names: list[str]) -> Cause:
    of = f"the {kind} {either(names)}" if names else f"a {kind}"
    return Cause(
        CauseCode.CONFIG_MISSING,
        f'{what} needs the key "{key}" of {of}, which does not exist',
        message,
        _hint(f'add the key "{key}" to {of}', names),
    )


def _hint(create: str, names: list[str]) -> str:
    if any(name.startswith(_OURS) for name in names):
        return f"deploy the pipeline again, or {create}"
    where = "a secretRef of the definition, or the settings (volumes, envFrom, podTemplate)"
    return f"{create}, or correct what references it: {where}"
