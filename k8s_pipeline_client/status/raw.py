"""Tolerant parsing of raw Kubernetes objects, and formatting of their numbers.

A field may be missing, null, or of a type of a newer API server: invalid values count as missing. An exception for
one object would break the status of a whole list.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Raw = Mapping[str, Any]

_LONGEST = timedelta(days=36_500)


def mapping(value: Any) -> Raw:
    """The value if it is an object, else an empty object."""
    return value if isinstance(value, Mapping) else {}


def find(value: Any, *path: str) -> Any:
    """The value at the path, or None."""
    for key in path:
        value = mapping(value).get(key)
    return value


def items(value: Any) -> list[Raw]:
    """The objects of a list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


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


def duration_in_words(value: timedelta) -> str:
    """For example ``2 h``, ``1 h 30 min``, ``45 s``."""
    seconds = int(value.total_seconds())
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"


def mebibytes(value: int) -> str:
    """For example ``503 MiB``."""
    return f"{value // 2**20} MiB"


def inline(sentence: str) -> str:
    """A sentence to follow a colon: its first letter in lower case, unless it begins a name (``OOMKilled``)."""
    first_word = sentence.split(" ", 1)[0]
    return sentence[:1].lower() + sentence[1:] if first_word.istitle() else sentence
