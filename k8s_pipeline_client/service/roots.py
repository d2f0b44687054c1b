"""The paths of the contract: three roots, the same operations below each. Pure."""

from __future__ import annotations

import re

ROOTS = ("/pluginsv2/api/v2/openmetadata", "/api/v2/openmetadata", "/api/v1/openmetadata")
"""In the order in which OpenMetadata's server probes them; the oldest knows only the last."""

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
    """Return whether a path needs no login."""
    return any(path == f"{root}/health" for root in ROOTS)


def operation_of(path: str) -> str:
    """Return the operation of a path for metrics and logs; ``unknown`` for any other path."""
    for root in ROOTS:
        name = path.removeprefix(f"{root}/")
        if name != path:
            return name if name in OPERATIONS else "unknown"
    name = path.removeprefix("/")
    return name if name in _OTHERS else "unknown"
