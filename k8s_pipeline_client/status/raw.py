"""Reading raw Kubernetes objects without trusting their shape, and saying their numbers in words.

A field may be missing, null, or of a kind that a newer API server brought: whatever cannot be used reads as "not
there". A status that raises would keep a whole list of healthy runs from being shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Raw = Mapping[str, Any]

_LONGEST = timedelta(days=36_500)


def mapping(value: Any) -> Raw:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def find(value: Any, *path: str) -> Any:
    """What lies at the path, or None."""
    for key in path:
        value = mapping(value).get(key)
    return value


def items(value: Any) -> list[Raw]:
    """The objects in a list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """The value if it is text, else an empty one."""
    return value.strip() if isinstance(value, str) else ""


def number(value: Any) -> int | None:
    """The value if it is a whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def real(value: Any) -> float | None:
    """The value if it is a finite number: NaN and infinity are no JSON."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def span(value: Any) -> timedelta | None:
    """A number of seconds as a time span; what no calendar holds is not there."""
    seconds = number(value)
    if seconds is None or not 0 <= seconds <= _LONGEST.total_seconds():
        return None
    return timedelta(seconds=seconds)


def moment(value: Any) -> datetime | None:
    """A point in time, in UTC.

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
    """A point in time some way after (or before) another, if both are known."""
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
    """A sentence made fit to follow a colon: its first letter small, unless that begins a name (``OOMKilled``)."""
    first_word = sentence.split(" ", 1)[0]
    return sentence[:1].lower() + sentence[1:] if first_word.istitle() else sentence
