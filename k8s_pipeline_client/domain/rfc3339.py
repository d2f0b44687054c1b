"""Times as Kubernetes and OpenMetadata write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


def rfc3339(moment: datetime) -> str:
    """Return an aware time as Kubernetes writes it: whole seconds, UTC, ``Z``."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


@overload
def milliseconds(moment: datetime) -> int: ...


@overload
def milliseconds(moment: None) -> None: ...


def milliseconds(moment: datetime | None) -> int | None:
    """Return an aware time as OpenMetadata writes it, milliseconds since 1970; None for none."""
    return None if moment is None else round(moment.timestamp() * 1000)
