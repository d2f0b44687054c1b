"""Faults on demand: what a test wants to see go wrong, and how often."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The faults that real servers were seen to have, by name; "match" and the rest may be given by hand too.
NAMED: dict[str, dict[str, Any]] = {
    "status500": {"path": r"/pipelineStatus$", "method": "PUT", "status": 500},
    "bulk500": {"path": r"/bulk$", "method": "PUT", "status": 500},
    "unauthorized": {"path": r"", "status": 401, "message": "Token signature rejected"},
    "unavailable": {"path": r"", "status": 503},
    "slow": {"path": r"", "delaySeconds": 5.0},
    "drop": {"path": r"", "drop": True},
}

_FIELDS = {
    "fault",
    "method",
    "path",
    "status",
    "message",
    "retryAfter",
    "delaySeconds",
    "holdSeconds",
    "drop",
    "reset",
    "times",
    "skip",
}


@dataclass
class Fault:
    """A rule: requests that match are delayed, dropped, reset within the answer, or answered with an error.

    A first row of a run may also be held between the look-up and the insertion, so that another one overtakes it.
    """

    method: str | None
    path: re.Pattern[str]
    status: int | None
    message: str
    retry_after: str | None
    delay_seconds: float
    hold_seconds: float
    drop: bool
    reset: bool
    times: int | None
    skip: int
    hits: int = 0

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> "Fault":
        unknown = set(document) - _FIELDS
        if unknown:
            raise ValueError(f"unknown fields {sorted(unknown)}; known: {sorted(_FIELDS)}")
        name = document.get("fault")
        if name is not None and name not in NAMED:
            raise ValueError(f"unknown fault {name!r}; known: {sorted(NAMED)}")
        rule = {**(NAMED[name] if name else {}), **document}
        status = rule.get("status")
        return cls(
            method=rule.get("method"),
            path=re.compile(rule.get("path", "")),
            status=None if status is None else int(status),
            message=rule.get("message", f"Injected fault {name or status}"),
            retry_after=rule.get("retryAfter"),
            delay_seconds=float(rule.get("delaySeconds", 0)),
            hold_seconds=float(rule.get("holdSeconds", 0)),
            drop=bool(rule.get("drop", False)),
            reset=bool(rule.get("reset", False)),
            times=rule.get("times"),
            skip=int(rule.get("skip", 0)),
        )

    def as_json(self) -> dict[str, Any]:
        return {**self.__dict__, "path": self.path.pattern}


class Faults:
    """The rules in force; the first that matches is taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Fault] = []

    def add(self, document: Mapping[str, Any]) -> None:
        with self._lock:
            self._rules.append(Fault.parse(document))

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def listed(self) -> list[dict[str, Any]]:
        with self._lock:
            return [rule.as_json() for rule in self._rules]

    def take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for rule in self._rules:
                if rule.method not in (None, method) or not rule.path.search(path):
                    continue
                rule.hits += 1
                seen = rule.hits - rule.skip
                if seen > 0 and (rule.times is None or seen <= rule.times):
                    return rule
        return None
