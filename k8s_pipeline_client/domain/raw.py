"""Tolerant parsing of raw Kubernetes objects. Pure.

A field may be missing, null, or of a type of a newer API server: invalid values count as missing. An exception for
one object would break the status of a whole list.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

_LONGEST = timedelta(days=36_500)


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty object."""
    return value if isinstance(value, dict) else {}


def find(value: Any, *path: str) -> Any:
    """The value at the path, or None."""
    for key in path:
        value = mapping(value).get(key)
    return value


def items(value: Any) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """The value if it is a string, else an empty string."""
    return value.strip() if isinstance(value, str) else ""


def number(value: Any) -> int | None:
    """The value if it is an integer."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def real(value: Any) -> float | None:
    """The value if it is a finite number: NaN and infinity are not JSON."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def span(value: Any) -> timedelta | None:
    """A number of seconds as a timedelta; None if it is out of range."""
    seconds = number(value)
    if seconds is None or not 0 <= seconds <= _LONGEST.total_seconds():
        return None
    return timedelta(seconds=seconds)


def moment(value: Any) -> datetime | None:
    """A time in UTC.

    Go's zero time and the UNIX epoch mean "never": containerd gives the latter where a container could not start.
    """
    try:
        parsed = datetime.fromisoformat(text(value))
        parsed = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        parsed = parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return parsed if parsed.year > 1970 else None


def shifted(start: datetime | None, by: timedelta | None) -> datetime | None:
    """A time plus a timedelta, if both are known."""
    try:
        return start + by if start is not None and by is not None else None
    except OverflowError:
        return None
