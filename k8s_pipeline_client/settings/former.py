"""The deprecated Airflow settings of older servers and charts: recognised, to suggest the current ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.settings.masking import masked

SERVER_BLOCK = "airflowConfiguration"
_HELM_BLOCKS = (("global", "airflow"), ("global", "pipelineServiceClientConfig"))
_TODAY = {
    ("metadataApiEndpoint",): "metadataApiEndpoint",
    ("openmetadata", "serverHostApiUrl"): "metadataApiEndpoint",
    ("verifySSL",): "verifySSL",
    ("verifySsl",): "verifySSL",
    ("hostIp",): "hostIp",
}
_OF_AIRFLOW = ("apiEndpoint", "host", "username", "password", "auth", "authProvider", "authConfig")
"""Airflow's address, and how to log in to it."""
_DEFAULT_ADDRESS = "http://openmetadata:8585/api"


def server_error(block: Mapping[str, Any], origin: str) -> SettingsError:
    """Return the error for the file of an older server."""
    return _error(SERVER_BLOCK, "servers", block, origin)


def helm_block(content: Any) -> tuple[str, Mapping[str, Any]] | None:
    """Return the block of an old values file, with its key; None where there is none."""
    for outer, inner in _HELM_BLOCKS:
        place = content.get(outer) if isinstance(content, Mapping) else None
        block = place.get(inner) if isinstance(place, Mapping) else None
        if isinstance(block, Mapping):
            return f"{outer}.{inner}", block
    return None


def helm_error(key: str, block: Mapping[str, Any], origin: str) -> SettingsError:
    """Return the error for the values of an older chart."""
    return _error(key, "charts", block, origin)


def _error(key: str, whose: str, block: Mapping[str, Any], origin: str) -> SettingsError:
    # Not as the server's own block: with a client named in it, the server would run the same pipelines once more.
    hint = f"write a settings file of our own: {_lines(block)}"
    dropped = [name for name in _OF_AIRFLOW if block.get(name) is not None]
    if dropped:
        names = ", ".join(f"{key}.{name}" for name in dropped)
        hint += f"; {names} {'is' if len(dropped) == 1 else 'are'} Airflow's address and login, and dropped"
    return SettingsError(f"settings file {origin}: {key} is the form of older {whose}", hint=hint)


def _lines(block: Mapping[str, Any]) -> str:
    """Return what to write today as a mapping in one line."""
    today = {"metadataApiEndpoint": _DEFAULT_ADDRESS}
    for path, key in _TODAY.items():
        value: Any = block
        for part in path:
            value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, str) and value:
            today[key] = masked(value)
    return "{" + ", ".join(f'{key}: "{value}"' for key, value in today.items()) + "}"
