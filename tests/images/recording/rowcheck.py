"""What the real server accepts as a status row, and what it makes of it: the schema `pipelineStatus`."""

import json
from collections.abc import Mapping
from typing import Any

STATES = ("queued", "success", "failed", "running", "partialSuccess", "stopped")

_COUNTS = ("records", "updated_records", "warnings", "errors", "filtered")
_TIMES = ("startDate", "timestamp", "endDate")
_OF_A_ROW = {"runId", "pipelineState", *_TIMES, "status", "config", "metadata"}
_OF_A_STEP = {"name", *_COUNTS, "failures", "progress"}
_OF_A_FAILURE = {"name", "error", "stackTrace"}


class InvalidRowError(ValueError):
    """400: the row is not of the schema."""


def checked(body: Any) -> dict[str, Any]:
    """The row as it is kept and read back.

    Raises:
        InvalidRowError: It is not of the schema.
    """
    row = _object(body, "PipelineStatus", _OF_A_ROW)
    if "runId" in row:
        row["runId"] = _text(row["runId"], "runId")
    if row.get("pipelineState") is not None and row["pipelineState"] not in STATES:
        raise InvalidRowError(f"Cannot deserialize value of type `PipelineStatusType` from {row['pipelineState']!r}")
    for key in _TIMES:
        if key in row and (time := _integer(row.pop(key), key)) is not None:
            row[key] = time
    for key in ("config", "metadata"):
        if key in row and not isinstance(row[key], dict):
            raise InvalidRowError(f"Cannot deserialize value of type `Map` for {key}")
    row["status"] = [None if step is None else _step(step) for step in _list(row.get("status"), "status")]
    return row


def holds_nul(body: Any) -> bool:
    """PostgreSQL refuses NUL in text."""
    return "\\u0000" in json.dumps(body)


def _step(given: Any) -> dict[str, Any]:
    step = _object(given, "StepSummary", _OF_A_STEP)
    _require(step, "name")
    step["name"] = _text(step["name"], "name")
    for key in _COUNTS:
        step[key] = _integer(step.get(key), key, bits=32) or 0
    if "progress" in step:
        found = _object(step["progress"], "Progress")
        step["progress"] = {kind: _progress(progress) for kind, progress in found.items()}
    failures = _list(step.get("failures"), "failures")
    step["failures"] = [None if each is None else _failure(each) for each in failures]
    return step


def _progress(given: Any) -> dict[str, Any]:
    progress = _object(given, "ProgressProperty")
    return {**progress, **{key: _integer(progress.get(key), key, bits=32) or 0 for key in ("total", "processed")}}


def _failure(given: Any) -> dict[str, Any]:
    failure = _object(given, "StackTraceError", _OF_A_FAILURE)
    _require(failure, "name", "error")
    return {key: _text(value, key) for key, value in failure.items()}


def _object(given: Any, kind: str, known: set[str] | None = None) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise InvalidRowError(f"Cannot construct instance of `{kind}`")
    unknown = sorted(set(given) - known) if known is not None else ()
    if unknown:
        raise InvalidRowError(f'Unrecognized field "{unknown[0]}" (class {kind}), not marked as ignorable')
    return {key: value for key, value in given.items() if value is not None}


def _list(given: Any, name: str) -> list[Any]:
    if given is None:
        return []
    if not isinstance(given, list):
        raise InvalidRowError(f"Cannot deserialize value of type `ArrayList` for {name}")
    return given


def _text(given: Any, name: str) -> str:
    """Text as Jackson reads it: out of every scalar."""
    if isinstance(given, str):
        return given
    if isinstance(given, list | dict):
        raise InvalidRowError(f"Cannot deserialize value of type `String` for {name}")
    return json.dumps(given)


def _integer(given: Any, name: str, *, bits: int = 64) -> int | None:
    """A number as Jackson reads it: out of text too, an empty one being none, and without a fraction."""
    if given is None or given == "":
        return None
    try:
        found = int(given)
    except (TypeError, ValueError):
        found = None
    if found is None or isinstance(given, bool):
        raise InvalidRowError(f"Cannot deserialize value of type `Long` for {name}")
    if not -(2 ** (bits - 1)) <= found < 2 ** (bits - 1):
        raise InvalidRowError(f"Numeric value ({found}) out of range for {name}")
    return found


def _require(given: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if name not in given:
            raise InvalidRowError(f"{name} must not be null")
