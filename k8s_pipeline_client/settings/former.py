"""The deprecated Airflow settings of older servers and charts: recognised, to suggest the current ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.settings.masking import masked
from k8s_pipeline_client.settings.server import OWN_CLASS

SERVER_BLOCK = "airflowConfiguration"
_HELM_BLOCKS = (("global", "airflow"), ("global", "pipelineServiceClientConfig"))
_TODAY = {
    ("metadataApiEndpoint",): "metadataApiEndpoint",
    ("openmetadata", "serverHostApiUrl"): "metadataApiEndpoint",
    ("verifySSL",): "verifySSL",
    ("verifySsl",): "verifySSL",
    ("hostIp",): "hostIp",
}
_DEFAULT_ADDRESS = "http://openmetadata:8585/api"


def server_error(block: Mapping[str, Any], origin: str) -> SettingsError:
    """Return the error for the file of an older server."""
    lines = _lines({"className": OWN_CLASS}, block)
    return SettingsError(
        f"settings file {origin}: {SERVER_BLOCK} is the form of older servers",
        hint=f"write pipelineServiceClientConfiguration: {lines}",
    )


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
    lines = _lines({"type": "k8s"}, block)
    return SettingsError(
        f"settings file {origin}: {key} is the form of older charts",
        hint=f"write openmetadata.config.pipelineServiceClientConfig: {lines}",
    )


def _lines(first: Mapping[str, str], block: Mapping[str, Any]) -> str:
    """Return what to write today as a mapping in one line."""
    today = {**first, "metadataApiEndpoint": _DEFAULT_ADDRESS}
    for path, key in _TODAY.items():
        value: Any = block
        for part in path:
            value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, str) and value:
            today[key] = masked(value)
    return "{" + ", ".join(f'{key}: "{value}"' for key, value in today.items()) + "}"
