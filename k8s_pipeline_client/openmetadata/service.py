"""Asks the HTTP service for its health, as OpenMetadata's server does."""

from __future__ import annotations

import ssl

import httpx

from k8s_pipeline_client.openmetadata.translate import message_of

HEALTH = "/pluginsv2/api/v2/openmetadata/health-auth"
"""The first of the paths that OpenMetadata's server tries."""
_TIMEOUT = 10.0
_MOST = 300


def ask_service(
    url: str, user: str, password: str, *, verify: ssl.SSLContext | bool = True, timeout: float = _TIMEOUT
) -> tuple[int, str]:
    """Return the HTTP status, 0 without a response, and what was said about it, nothing where it is well; no secrets.

    Args:
        url: The service's, without a path.
        user: Whom the server logs in as.
        password: With what.
        verify: How to verify the certificate; see `server.trust`.
        timeout: In seconds.
    """
    try:
        with httpx.Client(verify=verify, timeout=timeout, follow_redirects=False) as client:
            response = client.get(f"{url.rstrip('/')}{HEALTH}", auth=(user, password))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return 0, (str(error) or type(error).__name__)[:_MOST].replace(password or "\0", "***")
    if response.status_code == 200:
        return 200, "" if _is_healthy(response) else "what responds is another program"
    said = message_of(response.content) or _reason(response)
    return response.status_code, said[:_MOST].replace(password or "\0", "***")


def _is_healthy(response: httpx.Response) -> bool:
    """Return whether the service itself says so: OpenMetadata's own pages, for one, have status 200 for any path."""
    try:
        found = response.json()
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("status") == "healthy"


def _reason(response: httpx.Response) -> str:
    try:
        found = response.json()
    except ValueError:
        return ""
    said = found.get("reason") or found.get("error") or found.get("detail") if isinstance(found, dict) else ""
    return said if isinstance(said, str) else ""
