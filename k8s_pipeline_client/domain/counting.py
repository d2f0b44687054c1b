"""Numbers of things in words."""

from __future__ import annotations


def counted(number: int, what: str) -> str:
    """Return, for example, ``1 pipeline`` or ``3 pipelines``; the plural of ``what`` has an s."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
