"""The tables of what was seen, between marks in docs/reference/real-ingestion.md."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.e2e.case import Case, Seen
from tests.e2e.cases import CASES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "real-ingestion.md"
_STAND_IN = ("<!-- written by make e2e -->", "<!-- end of what make e2e writes -->")
_REAL = ("<!-- written by make e2e with OPENMETADATA_URL -->", "<!-- end of what it writes of a real server -->")
_HEAD = (
    "| what happens | without this client: Kubernetes | OpenMetadata hears | with it: Kubernetes | the run says "
    "| OpenMetadata has in the end | with this cause | seconds after the Job's end |"
)
_REAL_HEAD = (
    "| what happens | Kubernetes | OpenMetadata {} has in the end, by the run's id | with this cause "
    "| seconds after the Job's end |"
)
_LONGEST = 220
_CHANGING = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "…"),
    (re.compile(r"; the run was therefore killed by the reporter at [0-9T:Z-]+"), ""),
    (re.compile(r"\bcontract-[0-9a-f]{8}\b"), "contract-…"),
    (re.compile(r"/tmp/[^ :,']*/"), "…/"),
    (re.compile(r"\b10\.\d+\.\d+\.\d+\b"), "10.0.0.1"),
    (re.compile(r"om-[a-z0-9-]+-[a-z0-9]{10}(-[a-z0-9]+)*"), "om-…"),
)


def written(folder: Path) -> int:
    """Write both tables out of a folder with what was seen; return of how many cases nothing was seen.

    That of a real server is left as it is if none was asked.
    """
    seen = [Seen(**json.loads(path.read_text())) for path in folder.glob("*.json")]
    recorded = {item.name: item for item in seen if not item.server}
    real = {item.name: item for item in seen if item.server}
    text = _between(PAGE.read_text(), _STAND_IN, [_HEAD, _line(_HEAD), *_rows(recorded, _cells)])
    missing = [case for case in CASES if case.name not in recorded]
    if real:
        (version,) = {item.server for item in real.values()}
        head = _REAL_HEAD.format(version)
        text = _between(text, _REAL, [head, _line(head), *_rows(real, _real_cells)])
        missing += [case for case in CASES if not case.needs_fault and case.name not in real]
    PAGE.write_text(text)
    return len(missing)


def _between(text: str, marks: tuple[str, str], lines: list[str]) -> str:
    begin, end = marks
    before, found, rest = text.partition(begin)
    assert found, f"{PAGE} has no place for the table"
    return "\n".join([before + begin, *lines, end + rest.partition(end)[2]])


def _line(head: str) -> str:
    return "|" + "---|" * (head.count(" | ") + 1)


def _rows(seen: Mapping[str, Seen], cells: Callable[[Case, Seen], Sequence[str]]) -> Iterator[str]:
    for case in CASES:
        if case.name in seen:
            yield "| " + " | ".join(cells(case, seen[case.name])) + " |"


def _cells(case: Case, seen: Seen) -> Sequence[str]:
    told = _states(seen.run)
    return (case.what, case.kubernetes, case.heard, seen.kubernetes, told, *_end(seen))


def _real_cells(case: Case, seen: Seen) -> Sequence[str]:
    return (case.what, seen.kubernetes, *_end(seen))


def _end(seen: Seen) -> Sequence[str]:
    seconds = "-" if seen.seconds is None else f"{seen.seconds:.0f}"
    return (_states(seen.state), _short(seen.cause) or "-", seconds)


def _states(text: str) -> str:
    return ", ".join(f"`{state}`" for state in text.split(", ") if state) or "nothing"


def _short(text: str) -> str:
    text = " ".join(text.split()).replace("|", "\\|")
    for pattern, instead in _CHANGING:
        text = pattern.sub(instead, text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"
