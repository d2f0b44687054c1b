"""What is written in a row to tell it from the others. Pure."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol

from k8s_pipeline_client.domain.likeness import CLOSE, close_to
from k8s_pipeline_client.launcher.visible import visible

KINDS = ("cronjob.batch/", "cronjobs.batch/", "cronjob/", "cj/", "job.batch/", "jobs.batch/", "job/")
"""What may stand before a NAME, as ``-o name`` and kubectl print it; it is no part of the NAME."""


class Named(Protocol):
    """What has a display name and a fully qualified one."""

    @property
    def fqn(self) -> str:
        """The fully qualified name."""

    @property
    def display_name(self) -> str:
        """What OpenMetadata shows to people."""

    @property
    def resource_name(self) -> str | None:
        """What its objects are called; None if it has none."""


def look(text: str) -> str:
    """Return what a person sees of a text; texts of one look cannot be told apart, nor typed apart."""
    return " ".join(unicodedata.normalize("NFC", visible(text)).split())


def is_typable(text: str) -> bool:
    """Return whether a text that is typed as it is shown is the same text, and is taken for a NAME.

    Not one with characters that are shown as escapes, or with blanks that cannot be seen or counted; not one that reads
    as an option, or as the kind of an object.
    """
    return bool(text) and visible(text) == text == " ".join(text.split()) and not text.startswith(("-", *KINDS))


def typable(*texts: str) -> str:
    """Return the first text that can be typed as it is shown, or the last one."""
    return next(filter(is_typable, texts), texts[-1])


def close_titles(typed: str, known: Iterable[tuple[Iterable[str], str]]) -> tuple[str, ...]:
    """Return what may have been meant by a NAME: of what is seen like it, what can be typed.

    Args:
        typed: The NAME.
        known: Of each thing what it is called, and what to type where that cannot be typed as it is shown.
    """
    of_look: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for texts, title in known:
        for text in texts:
            of_look[look(text)].append((text, title))
    found: dict[str, None] = {}
    for seen in close_to(typed, of_look):
        is_one_text = len({text for text, _ in of_look[seen]}) == 1
        found |= {text if is_one_text and is_typable(text) else title: None for text, title in of_look[seen]}
    return tuple(found)[:CLOSE]


def titles_of(found: Iterable[Named]) -> dict[str, str]:
    """Return by their FQN what pipelines are called beside one another.

    The display name; the FQN if two share what is seen of it, or it cannot be typed so; else the resource name.
    """
    rows = list(dict.fromkeys((item.display_name, item.fqn, item.resource_name or item.fqn) for item in found))
    return {fqn: title for (_, fqn, _), title in zip(rows, told_apart(rows), strict=True)}


def told_apart(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return of each row the first text that can be typed and looks like none of another row, or its last one.

    Args:
        rows: Of each the texts that could stand for it, the most readable first. Rows with the same texts are about
            the same thing, and need not be told apart.
    """
    counts = Counter(seen for row in set(map(tuple, rows)) for seen in set(map(look, row)))
    return [next((text for text in row if is_typable(text) and counts[look(text)] == 1), row[-1]) for row in rows]
