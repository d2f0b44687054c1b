"""How deep a value is nested: without recursion, which too deep a value would break."""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 100
"""Levels of mappings and lists that are read of what somebody else has written."""


def is_too_deep(value: Any) -> bool:
    """Return whether plain JSON values are nested deeper than `MAX_DEPTH` levels."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return True
