"""What one source of settings gives, what of it cannot be used, and what is to be said about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from k8s_pipeline_client.settings.keys import KNOWN, SYNONYMS, VARIABLES, KeyPath, Layer, documented, leaves


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that cannot be used.

    Attributes:
        key: Of which setting.
        why: And what would be right.
        origin: Where it stands.
    """

    key: str
    why: str
    origin: str


@dataclass
class Contribution:
    """What one source gives.

    Attributes:
        layer: The settings.
        problems: What cannot be used.
        warnings: One sentence each.
        passed_over: Keys of a server's own file that do not concern runs, as they stand below its block.
        without_namespace: The block of Helm values that sets no namespace, with its file; empty otherwise.
    """

    layer: Layer = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    without_namespace: str = ""


def leaves_of(block: Mapping[str, Any]) -> Iterator[tuple[KeyPath, KeyPath, Any]]:
    """Yield the settings of a block; see `leaves`."""
    for key, value in block.items():
        yield from leaves((str(key),), value)


def meant(key: str) -> str:
    """Return what an unknown key may have been meant as, to follow another sentence; empty where nothing is near."""
    if (path := VARIABLES.get(key)) is not None:
        return f"; it is an environment variable: export it, or write {'.'.join(path)} here"
    names = [*KNOWN, *(path[-1] for path in SYNONYMS.values())]
    close = [documented(key)] if documented(key) in KNOWN else get_close_matches(key, names, n=1, cutoff=0.75)
    return f"; {close[0]} is one" if close and close[0] != key else ""
