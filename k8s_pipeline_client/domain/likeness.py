"""What may have been meant where a name was typed wrong. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from shlex import quote

from k8s_pipeline_client.launcher.visible import visible

CLOSE = 3
"""So many names are offered at most."""


def close_to(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return which names are like a text, whatever their case: those that contain it, then those that differ little."""
    by_folded = {name.casefold(): name for name in reversed(list(known))}
    wanted = text.casefold()
    if wanted in by_folded:
        return (by_folded[wanted],)
    inside = sorted((name for name in by_folded if wanted and wanted in name), key=len)
    found = dict.fromkeys([*get_close_matches(wanted, by_folded, n=CLOSE, cutoff=0.75), *inside])
    return tuple(by_folded[name] for name in found)[:CLOSE]


def did_you_mean(close: Sequence[str]) -> str:
    """Return the question; empty if nothing is close."""
    return f"did you mean {' or '.join(map(_quoted, close))}?" if close else ""


def _quoted(text: str) -> str:
    """Return a text in quotes, as a shell reads it: what is offered is copied."""
    is_as_in_shells = "\\" not in repr(text) or visible(text) != text
    return repr(text) if is_as_in_shells else quote(text)


def misspelt(text: str, known: Iterable[str]) -> str:
    """Return the one of the known names that a text is with a slip of the hand; empty where it may be a name itself.

    A name that only has more, or other digits, is one of its own: ``pg_prod_eu`` and ``pg_prod2`` beside ``pg_prod``.
    """
    names = set(known)
    if text in names:
        return ""
    same = [name for name in sorted(names) if name.casefold() == text.casefold()]
    if same:
        return same[0]
    for name in get_close_matches(text, sorted(names), n=CLOSE, cutoff=0.8):
        if name not in text and text not in name and _letters(name) != _letters(text):
            return name
    return ""


def _letters(text: str) -> str:
    return "".join(sign for sign in text if not sign.isdigit())
