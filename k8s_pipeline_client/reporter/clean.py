"""Makes a row acceptable to the OpenMetadata server and its database: known fields only, no NUL, nothing too long.

What is cut is said where it was. The fields are those of OpenMetadata 1.12 and 2.0: what a server does not know, it
has never put into a row that was read from it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from k8s_pipeline_client.domain.entities import Document

MAX_BYTES = 2 * 2**20
"""Of a row, as JSON; servers have been seen to take 20 MB, and to break off at 60."""
_ROOM = ((64_000, 1_000), (8_000, 200), (1_000, 50), (200, 10))
"""Characters of a text and members of a list or object: the first bounds with which a row fits."""
_MAX_DEPTH = 24
_MAX_STEPS = 300

_ROW = frozenset({"runId", "pipelineState", "startDate", "timestamp", "endDate", "status", "config", "metadata"})
_COUNTS = ("records", "updated_records", "warnings", "errors", "filtered")
_STEP = frozenset({"name", *_COUNTS, "failures", "progress", "operationMetrics", "sourceTimeMs", "sinkTimeMs"})
_ESSENCE = ("name", *_COUNTS, "failures")
_FAILURE = frozenset({"name", "error", "stackTrace"})
_TIMES = ("startDate", "timestamp", "endDate")
_NAMELESS = "unknown"

_REFUSED = re.compile("[\x00\ud800-\udfff]")
_LONGEST_NUMBER = 2**63


def clean(row: Document) -> Document:
    """Return a row without what the server would reject; cleaning it again changes nothing."""
    known = {key: value for key, value in row.items() if key in _ROW and value is not None}
    if isinstance(known.get("runId"), str):
        known["runId"] = known["runId"].lower()
    for key in _TIMES:
        if key in known and not is_time(known[key]):
            del known[key]
    for key in ("config", "metadata"):
        if key in known and not isinstance(known[key], dict):
            del known[key]
    cleaned: Document = {}
    for text, members in _ROOM:
        cleaned = _within(known, text, members)
        if len(json.dumps(cleaned, ensure_ascii=False).encode()) <= MAX_BYTES:
            return cleaned
    # Whatever is so large by the number of its parts.
    essence = {key: value for key, value in cleaned.items() if key not in ("config", "metadata")}
    steps = [{key: step[key] for key in _ESSENCE if key in step} for step in cleaned.get("status", [])[-10:]]
    return {**essence, "status": steps}


def _within(row: Document, text: int, members: int) -> Document:
    made = {key: _plain(value, text, members) for key, value in row.items() if key != "status"}
    if "status" in row:
        steps = [step for step in row["status"] if isinstance(step, dict)] if isinstance(row["status"], list) else []
        made["status"] = [_step(step, text, members) for step in steps[-_MAX_STEPS:]]
    return made


def _step(step: Document, text: int, members: int) -> Document:
    made = {
        key: plain
        for key, value in step.items()
        if key in _STEP and key != "failures" and (plain := _plain(value, text, members)) is not None
    }
    made["name"] = _plain(_text(step.get("name")), text, members)
    for key in _COUNTS:
        if key in made and not _is_whole(made[key]):
            del made[key]
    failures = step.get("failures")
    if isinstance(failures, list):
        known = [_failure(one, text) for one in failures if isinstance(one, dict)]
        made["failures"] = _some(known, members)
    return made


def _some(failures: list[Document], members: int) -> list[Document]:
    """The first failures, as many as there may be, and how many there were."""
    if len(failures) <= members:
        return failures
    kept = [one for one in failures if not one["error"].endswith(_LEFT_OUT)][: members - 1]
    return [*kept, {"name": _NAMELESS, "error": f"{len(failures) - len(kept)}{_LEFT_OUT}"}]


_LEFT_OUT = " more failures are left out"


def _failure(failure: Document, text: int) -> Document:
    made = {
        key: _cut(_REFUSED.sub("", value), text)
        for key, value in failure.items()
        if key in _FAILURE and isinstance(value, str)
    }
    return {"name": _NAMELESS, "error": _NAMELESS, **made}


def is_time(value: Any) -> bool:
    """Tell whether a value can be a time in milliseconds."""
    return _is_whole(value) and value > 0


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LONGEST_NUMBER


def _text(value: Any) -> str:
    return value if isinstance(value, str) and value else _NAMELESS


def _plain(value: Any, text: int, members: int, depth: int = 0) -> Any:
    """A JSON value without what is refused, or too much."""
    if isinstance(value, str):
        return _cut(_REFUSED.sub("", value), text)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) < _LONGEST_NUMBER else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth >= _MAX_DEPTH:
        return "… (what lies deeper is left out)"
    if isinstance(value, Mapping):
        pairs = list(value.items())[:members]
        return {_cut(_REFUSED.sub("", str(key)), 200): _plain(one, text, members, depth + 1) for key, one in pairs}
    if isinstance(value, list | tuple):
        return [_plain(one, text, members, depth + 1) for one in value[:members]]
    return None


_CUT = re.compile(r"… \((\d+) more characters are left out\)\Z")


def _cut(text: str, length: int) -> str:
    """A text of that length at most; what was left out before is counted in."""
    if len(text) <= length:
        return text
    before = _CUT.search(text)
    whole = text[: before.start()] if before else text
    kept = whole[: length - 60]
    left_out = len(whole) - len(kept) + (int(before[1]) if before else 0)
    return f"{kept}… ({left_out} more characters are left out)"
