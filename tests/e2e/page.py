"""The table of what was seen, between two marks in docs/reference/real-ingestion.md."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.e2e.case import Case, Seen
from tests.e2e.cases import CASES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "real-ingestion.md"
_BEGIN, _END = "<!-- written by make e2e -->", "<!-- end of what make e2e writes -->"
_HEAD = (
    "| what happens | without this client: Kubernetes | OpenMetadata hears | with it: Kubernetes | the run says "
    "| OpenMetadata has in the end | with this cause | seconds after the Job's end |"
)
_LONGEST = 220
_CHANGING = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "…"),
    (re.compile(r"; the run was therefore killed by the reporter at [0-9T:Z-]+"), ""),
    (re.compile(r"\b10\.\d+\.\d+\.\d+\b"), "10.0.0.1"),
    (re.compile(r"om-[a-z0-9-]+-[a-z0-9]{10}(-[a-z0-9]+)*"), "om-…"),
)


def written(folder: Path) -> int:
    """Write the table out of a folder with what was seen; return of how many cases nothing was seen."""
    seen = {path.stem: Seen(**json.loads(path.read_text())) for path in folder.glob("*.json")}
    lines = [_HEAD, "|" + "---|" * _HEAD.count(" | ") + "---|"]
    lines += [_row(case, seen[case.name]) for case in CASES if case.name in seen]
    before, found, rest = PAGE.read_text().partition(_BEGIN)
    assert found, f"{PAGE} has no place for the table"
    PAGE.write_text("\n".join([before + _BEGIN, *lines, _END + rest.partition(_END)[2]]))
    return len([case for case in CASES if case.name not in seen])


def _row(case: Case, seen: Seen) -> str:
    seconds = "-" if seen.seconds is None else f"{seen.seconds:.0f}"
    cells = (
        case.what,
        case.kubernetes,
        case.heard,
        seen.kubernetes,
        ", ".join(f"`{state}`" for state in seen.run.split(", ") if state) or "nothing",
        f"`{seen.state}`",
        _short(seen.cause) or "-",
        seconds,
    )
    return "| " + " | ".join(cells) + " |"


def _short(text: str) -> str:
    text = " ".join(text.split()).replace("|", "\\|")
    for pattern, instead in _CHANGING:
        text = pattern.sub(instead, text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"
