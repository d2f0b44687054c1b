"""Masks secrets in settings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from k8s_pipeline_client.launcher import MASK, is_secret_key, mask, secret_values

_LONGEST = 80
_NAMED_BY_PEOPLE = ("extraEnvVars", "podAnnotations", "annotations")
_HOLD_ANYTHING = (*_NAMED_BY_PEOPLE, "podTemplate", "volumes")
_SECRETS = ("serverToken", "kubeConfigContent", "awsAccessKeyId", "awsSecretAccessKey", "awsSessionToken")
_NAMES_OF_SECRETS = ("imagePullSecrets", "tokenSecret")
_NEVER_TEXT = ("tokenSecret", "sslConfig", "logStorageConfiguration", "awsConfig")
"""Mappings about secrets: what stands in the place of one is perhaps a secret itself."""
_PASSWORD = re.compile(r"(?<=:)[^:@\s]+(?=@)")
_SECRET_WORD = re.compile(
    r"(?:^|[^a-z0-9])(?:pass|pat|pwd|pw|key|auth|pin)(?![a-z0-9])|cred|token|secret|passw|passphrase", re.IGNORECASE
)
"""Stricter than the launcher's redaction: here it does no harm to mask too much."""


def masked(value: Any, key: str = "") -> Any:
    """Return a value without its secrets.

    Args:
        value: What JSON can hold.
        key: Where it stands. Below ``extraEnvVars``, ``podAnnotations`` and ``annotations`` are names that people gave.
    """
    if key in _SECRETS and value is not None:
        return MASK
    if isinstance(value, str):
        return mask(value, secret_values(value))
    if isinstance(value, list | tuple):
        return [masked(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    by_people = key in _NAMED_BY_PEOPLE
    named = _says_secret(str(value.get("name", "")))  # {"name": "API_TOKEN", "value": …}
    return {
        inner: MASK
        if isinstance(item, str) and ((by_people and _says_secret(inner)) or (named and inner == "value"))
        else masked(item, inner)
        for inner, item in value.items()
    }


def shown(path: Sequence[str | int], value: Any) -> str | None:
    """Return a single value as an error may show it; None for what is no single value, or may be a secret.

    Args:
        path: Its key, from the outermost.
        value: What stands there.
    """
    if isinstance(value, Mapping | list | tuple) or any(key in _HOLD_ANYTHING for key in path):
        return None
    if path and path[-1] in _NEVER_TEXT:
        return None
    if any(isinstance(key, str) and (key in _SECRETS or is_secret_key(key)) for key in path):
        return shown((), value) if path[0] in _NAMES_OF_SECRETS else MASK
    if isinstance(value, str):
        # Of an address that is none, for a sign was forgotten, the password is not found where it should be.
        text = repr(_PASSWORD.sub(MASK, masked(value)))
    else:
        text = json.dumps(masked(value), default=str)  # in the words of YAML: true, and not True
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _says_secret(name: str) -> bool:
    return is_secret_key(name) or bool(_SECRET_WORD.search(name))
