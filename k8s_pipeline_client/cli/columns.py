"""How wide the columns of a table are: what may be cut where the terminal is too narrow, and in which order.

Pure. Ids, states and times are what people copy and decide by, so they are never cut: a terminal that is too narrow
even for them wraps the line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

GAP = 2
"""Blanks between two columns."""

_SHORTEST: Mapping[str, int] = MappingProxyType(
    {
        "CAUSE": 12,
        "MESSAGE": 12,
        "WHY": 12,
        "VALUE": 12,
        "PIPELINE": 12,
        "NAME": 12,
        "FQN": 16,
        "SERVICE": 10,
        "SCHEDULE": 14,
        "NAMESPACE": 16,
        "POD": 16,
        "OBJECT": 20,
    }
)
"""To how many cells each column may be cut, the first one first; no other is."""

_ALIGNED = 40
"""In a pipe the columns are aligned to cells of up to this width: one long cell does not fill every other line."""


def fitted(headers: Sequence[str], lengths: Sequence[Sequence[int]], room: int) -> list[int]:
    """Return the width of each column on a terminal.

    Args:
        headers: One per column.
        lengths: Of each row's cells, in terminal cells.
        room: The terminal's width.

    Returns:
        The natural widths where they fit; else with the columns cut that may be, in their order, as far as needed.
    """
    widths = [max(column) for column in zip([len(header) for header in headers], *lengths, strict=True)]
    excess = sum(widths) + GAP * (len(widths) - 1) - room
    for header, shortest in _SHORTEST.items():
        if excess <= 0:
            break
        if header in headers:
            at = headers.index(header)
            cut = min(excess, max(widths[at] - shortest, 0))
            widths[at] -= cut
            excess -= cut
    return widths


def aligned(headers: Sequence[str], lengths: Sequence[Sequence[int]]) -> list[int]:
    """Return to which width the cells of each column are filled up in a pipe, where nothing is cut."""
    columns = zip([len(header) for header in headers], *lengths, strict=True)
    return [max((length for length in column if length <= _ALIGNED), default=0) for column in columns]
