"""What a check found, and what all of them found together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """How bad it is; in the order in which the worst of several is chosen, the last one first."""

    OK = "ok"
    UNKNOWN = "unknown"
    """It could not be checked, so it is neither good nor bad."""
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line.

    Attributes:
        check: What was looked at, such as ``pod-security``.
        code: To branch on, such as ``QuotaFull``; all are listed in docs/how-to/doctor.md.
        message: What was found; no secrets.
        hint: What to do; empty where nothing is to be done.
    """

    check: str
    level: Level
    code: str
    message: str
    hint: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "check": self.check,
            "level": self.level.value,
            "code": self.code,
            "message": self.message,
            "hint": self.hint or None,
        }


@dataclass(frozen=True, slots=True)
class Examination:
    """All findings, in the order of the checks."""

    findings: Sequence[Finding]

    @property
    def worst(self) -> Level:
        """The level of the worst finding."""
        order = list(Level)
        return max((finding.level for finding in self.findings), key=order.index, default=Level.UNKNOWN)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"worst": self.worst.value, "findings": [finding.as_dict() for finding in self.findings]}


def ok(check: str, message: str) -> Finding:
    """Return that all is well."""
    return Finding(check, Level.OK, "Ok", " ".join(message.split()))


def warning(check: str, code: str, message: str, hint: str) -> Finding:
    """Return what will go wrong for some."""
    return Finding(check, Level.WARNING, code, " ".join(message.split()), hint)


def problem(check: str, code: str, message: str, hint: str) -> Finding:
    """Return what keeps runs, or this program, from working."""
    return Finding(check, Level.PROBLEM, code, " ".join(message.split()), hint)


def unknown(check: str, message: str, hint: str = "", *, code: str = "NotVisible") -> Finding:
    """Return that it could not be checked."""
    return Finding(check, Level.UNKNOWN, code, " ".join(message.split()), hint)
