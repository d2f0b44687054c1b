"""The paths of the contract: three roots, the same operations below each. Pure."""

from __future__ import annotations

import re

ROOTS = ("/pluginsv2/api/v2/openmetadata", "/api/v2/openmetadata", "/api/v1/openmetadata")
"""In the order in which OpenMetadata's server looks for one that answers; the oldest knows the last alone."""

OPERATIONS = (
    *("health", "health-auth", "csrf-token", "ip"),
    *("deploy", "trigger", "enable", "disable", "kill", "delete"),
    *("status", "last_dag_logs", "run_automation", "run_application"),
)
_OTHERS = ("metrics", "docs", "openapi.json")
_SLASHES = re.compile(r"/{2,}")


def plain(path: str) -> str:
    """Return a path without double slashes: an ``apiEndpoint`` that ends in one leads to them."""
    return _SLASHES.sub("/", path)


def is_open(path: str) -> bool:
    """Return whether a path is responded to without a login."""
    return any(path == f"{root}/health" for root in ROOTS)


def operation_of(path: str) -> str:
    """Return what metrics and logs call a path; whatever is not ours is one and the same."""
    for root in ROOTS:
        name = path.removeprefix(f"{root}/")
        if name != path:
            return name if name in OPERATIONS else "unknown"
    name = path.removeprefix("/")
    return name if name in _OTHERS else "unknown"
