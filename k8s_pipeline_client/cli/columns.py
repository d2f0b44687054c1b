"""How wide the columns of a table are: what may be cut where the terminal is too narrow, and in which order.

Pure. Ids, states and times are what people copy and decide by, so they are never cut: a terminal that is too narrow
even for them wraps the line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
        "DISPLAY NAME": 12,
        "FQN": 16,
        "SERVICE": 10,
        "SCHEDULE": 14,
        "NAMESPACE": 16,
        "POD": 16,
        "OBJECT": 20,
    }
)
"""To how many cells each column may be cut, the first one first; no other is."""

_ALIGNED = 63
"""In a pipe the columns are aligned to cells of up to this width, the longest name of most objects in Kubernetes."""

_MOST_ALIGNED = 120
"""And to longer ones, up to this width, where they are usual in their column: one long cell fills no other line."""

_WHOLE = frozenset({"RUN", "JOB", "POD", "OBJECT", "RESOURCE", "SECRET", "NAMESPACE"})
"""Names and ids that Kubernetes bounds: these columns are aligned to their longest cell."""

_TEXT = frozenset({"CAUSE", "MESSAGE", "WHY", "VALUE"})
"""Sentences: no length of theirs is usual."""


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
    columns: Iterable[Sequence[int]] = zip(*lengths, strict=True) if lengths else [()] * len(headers)
    return [max(len(header), _usual(header, column)) for header, column in zip(headers, columns, strict=True)]


def _usual(header: str, column: Sequence[int]) -> int:
    """Return up to which width the cells of a column are filled up, by the lengths of its cells."""
    if header in _WHOLE or not column:
        return max(column, default=0)
    limit = _ALIGNED
    if header not in _TEXT:
        # What three of four cells do with, and some room: names of one kind differ a little.
        most = sorted(column)[(len(column) - 1) * 3 // 4]
        limit = min(max(limit, most + most // 4), _MOST_ALIGNED)
    return max((length for length in column if length <= limit), default=0)
