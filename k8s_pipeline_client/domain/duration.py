"""Durations as Go, Kubernetes and kubectl write them: ``90s``, ``1h30m``."""

from __future__ import annotations

import re
from decimal import Decimal

_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_SECONDS = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "μs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
}
_MOST = Decimal(2**63 - 1) / 10**9  # Go counts nanoseconds in 64 bits


def parse_duration(text: str) -> Decimal:
    """Return the seconds of a duration by the grammar of Go's ``time.ParseDuration``.

    Raises:
        ValueError: It is not a duration.
    """
    sign = -1 if text.startswith("-") else 1
    unsigned = text[1:] if text[:1] in ("+", "-") else text
    if unsigned == "0":
        return Decimal(0)
    parts = list(_PART.finditer(unsigned))
    total = sum((Decimal(part[1]) * _SECONDS[part[2]] for part in parts), Decimal(0))
    if not parts or "".join(part[0] for part in parts) != unsigned or total > _MOST:
        raise ValueError(f"{text!r} is not a duration such as 90s, 15m or 1h30m")
    return sign * total
