"""Asks a server for its version, as anybody may: once, without a token, and with little patience."""

from __future__ import annotations

import json
import ssl

import httpx

from k8s_pipeline_client.errors import InputError
from k8s_pipeline_client.openmetadata.server import api_address

_TIMEOUT = 2.0
_MOST_BYTES = 64 * 1024


def ask_version(address: str, *, verify: ssl.SSLContext | bool = True, timeout: float = _TIMEOUT) -> str:
    """Return the version of an OpenMetadata server; empty where it does not respond, or is no OpenMetadata.

    Args:
        address: The URL of its API.
        verify: How to verify the certificate; see `server.trust`.
        timeout: In seconds, for each step of the connection.
    """
    try:
        with (
            httpx.Client(verify=verify, timeout=timeout, follow_redirects=False) as client,
            client.stream("GET", f"{api_address(address)}/v1/system/version") as response,
        ):
            found = json.loads(next(response.iter_bytes(_MOST_BYTES), b"")) if response.status_code == 200 else None
    except (httpx.HTTPError, httpx.InvalidURL, InputError, OSError, ValueError, RecursionError):
        return ""
    version = found.get("version") if isinstance(found, dict) else None
    return version if isinstance(version, str) and len(version) < 100 and version.isprintable() else ""
