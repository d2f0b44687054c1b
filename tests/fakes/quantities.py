"""Quantities as the API server writes them back: with the largest unit that leaves a whole number."""

from __future__ import annotations

import re
from decimal import Decimal

from k8s_pipeline_client.domain.quantity import parse_quantity

_DECIMAL = ["m", "", "k", "M", "G", "T", "P", "E"]
_EXPONENTS = ["e-3", "", *(f"e{power}" for power in range(3, 19, 3))]
_BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]


def canonical(text: object) -> str:
    """Return a quantity in its canonical form."""
    given = str(text)
    number = parse_quantity(given)
    if re.search(r"[eE][+-]?[0-9]", given):
        return _with_unit(number * 1000, Decimal(1000), _EXPONENTS)
    if given.endswith("i") and number == number.to_integral_value():
        return _with_unit(number, Decimal(1024), _BINARY)
    return _with_unit(number * 1000, Decimal(1000), _DECIMAL)


def _with_unit(number: Decimal, base: Decimal, units: list[str]) -> str:
    power = 0
    while number and number % base == 0 and power < len(units) - 1:
        number, power = number / base, power + 1
    return f"{int(number)}{units[power] if number else ''}"
