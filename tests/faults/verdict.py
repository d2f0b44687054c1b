"""How a row ended: what Kubernetes showed, what OpenMetadata received, after how long, and whether that is right."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from tests.faults.puts import REPORTER, Put, said
from tests.faults.scenario import Scenario

_MOST = 160
_KILLER = re.compile(r"(was killed by) \S+@\S+")


@dataclass(frozen=True)
class Verdict:
    """What the page has of a row.

    Attributes:
        shown: What Kubernetes showed, in order.
        received: What was put, in order.
        seconds: To the terminal row; None where it never came.
        faults: What is wrong; nothing, as a rule.
    """

    scenario: Scenario
    shown: Sequence[str]
    received: Sequence[Put]
    seconds: float | None
    faults: Sequence[str] = field(default=())

    def cells(self) -> list[str]:
        """Return the row's cells."""
        time = "never" if self.seconds is None else after(self.seconds)
        if self.scenario.since:
            time += f" from {self.scenario.since}"
        right = "**" + "; ".join(self.faults) + "**" if self.faults else self.scenario.state
        return [self.scenario.what, " → ".join(_few(self.shown)) or "no Job", told(self.received), time, right]


def after(seconds: float) -> str:
    """Return a duration as people write it."""
    if seconds < 0:
        return "before it"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def told(received: Iterable[Put]) -> str:
    """Return who has put which states, in order, and with what cause."""
    parts = []
    for (by, state, status), group in groupby(received, lambda put: (put.by, put.state, put.status)):
        items = list(group)
        times = f" {len(items)} times" if len(items) > 1 else ""
        refused = "" if items[-1].is_accepted else f" ({status or 'no response'})"
        cause = said(items[-1].row) if by == REPORTER and not refused else ""
        parts.append(f"{by}: `{state}`{times}{refused}{f' “{_short(cause)}”' if cause else ''}")
    return ", ".join(parts) or "nothing"


def _short(text: str) -> str:
    line = _KILLER.sub(r"\1 USER@HOST", " ".join(text.split()).replace("|", "\\|"))
    return line if len(line) <= _MOST else f"{line[: _MOST - 1]}…"


def _few(shown: Sequence[str]) -> list[str]:
    words = [text.replace("|", "\\|") for text in shown]
    return words if len(words) <= 5 else [words[0], "…", *words[-3:]]
