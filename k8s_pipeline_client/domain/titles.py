"""What is written in a row to tell it from the others. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol


class Named(Protocol):
    """What has a display name and a fully qualified one."""

    @property
    def fqn(self) -> str:
        """The fully qualified name."""

    @property
    def display_name(self) -> str:
        """What OpenMetadata shows to people."""


def titles_of(found: Iterable[Named]) -> dict[str, str]:
    """Return by their FQN what pipelines are called beside one another: the display name; the FQN if two share it."""
    rows = list(dict.fromkeys((item.display_name, item.fqn) for item in found))
    return {fqn: title for (_, fqn), title in zip(rows, told_apart(rows), strict=True)}


def told_apart(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return of each row the first text that no other row has, or its last one.

    Args:
        rows: Of each the texts that could stand for it, the most readable first. Rows with the same texts are about
            the same thing, and need not be told apart.
    """
    counts = Counter(text for row in set(map(tuple, rows)) for text in set(row))
    return [next((text for text in row if text and counts[text] == 1), row[-1]) for row in rows]
