"""Kubernetes quantities such as ``500m`` or ``4Gi``."""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)|[eE]([+-]?[0-9]{1,2}))?")
_FACTORS: dict[str | None, Decimal] = {
    None: Decimal(1),
    "m": Decimal("0.001"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", start=1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", start=1)},
}


def parse_quantity(text: str) -> Decimal:
    """Return a quantity as a number.

    Raises:
        ValueError: It is not a quantity.
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a quantity such as 500m, 2 or 4Gi")
    number, unit, exponent = match.groups()
    return Decimal(number) * _FACTORS[unit] * Decimal(10) ** int(exponent or 0)


def memory_bytes(quantity: str | None) -> int | None:
    """Return a memory quantity in bytes; None if there is none, or it is less than a byte."""
    try:
        return int(parse_quantity(quantity or "")) or None
    except ValueError:
        return None
