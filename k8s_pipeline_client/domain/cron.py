"""The schedule grammar of Kubernetes CronJobs, exactly.

Kubernetes parses schedules with the Go library ``robfig/cron``; Python libraries accept more (day-of-week 7, six
fields, ``L``) and less (``@every``). This module accepts the same schedules as the API server.
Source: ``ParseStandard`` of robfig/cron v3 and ``validateScheduleFormat`` of Kubernetes' batch validation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from k8s_pipeline_client.domain.duration import parse_duration

_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1
    )
}
_DAYS = {name: number for number, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}

# Go's definition of white space; Python's str.split() would also split at the separators 0x1c to 0x1f.
_SPACE = re.compile("[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_INTEGER = re.compile(r"(?:(-)|\+)?0*([0-9]{1,19})")  # not more digits: Python's int() has a limit
_MAX_INT = 2**63 - 1
_STEP = re.compile(r"0{0,9}[1-9][0-9]{0,8}")

_ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


class CronSyntaxError(ValueError):
    """An invalid schedule; ``str()`` says which part and why."""


@dataclass(frozen=True, slots=True)
class Field:
    """The values at which one of the five fields matches.

    Attributes:
        values: Ascending.
        star: Whether it was written as ``*`` or ``?``. Between the two day fields this decides between
            "both" and "either", as in every cron.
    """

    values: tuple[int, ...]
    star: bool


@dataclass(frozen=True, slots=True)
class _Bounds:
    name: str
    low: int
    high: int
    names: dict[str, int] | None = None


_BOUNDS = (
    _Bounds("minute", 0, 59),
    _Bounds("hour", 0, 23),
    _Bounds("day of month", 1, 31),
    _Bounds("month", 1, 12, _MONTHS),
    _Bounds("day of week", 0, 6, _DAYS),
)


def split_fields(expression: str) -> list[str]:
    """Split at white space, as Go does."""
    return [part for part in _SPACE.split(expression) if part]


@lru_cache  # cached, since many due times are computed from a schedule
def parse_fields(expression: str) -> tuple[Field, Field, Field, Field, Field]:
    """Parse five fields or an alias such as ``@daily``.

    Returns:
        minute, hour, day of month, month, day of week.

    Raises:
        CronSyntaxError: Kubernetes would reject it.
    """
    if "TZ" in expression:
        raise CronSyntaxError("the schedule contains a time zone, which belongs to pipelineTimezone")
    if expression.startswith("@"):
        if expression not in _ALIASES:
            known = ", ".join([*_ALIASES, "@every <duration>"])
            raise CronSyntaxError(f"{expression} is not among the aliases {known}")
        expression = _ALIASES[expression]
    parts = split_fields(expression)
    if len(parts) != len(_BOUNDS):
        raise CronSyntaxError(
            f"five fields are required (minute hour day-of-month month day-of-week), not {len(parts)}"
        )
    minute, hour, day, month, weekday = (
        _parse_field(part, bounds) for part, bounds in zip(parts, _BOUNDS, strict=True)
    )
    return minute, hour, day, month, weekday


def parse_every(expression: str) -> float | None:
    """Return the interval of ``@every <duration>`` in seconds, or None if it is not of that form.

    Raises:
        CronSyntaxError: It is of that form, but the duration is invalid.
    """
    prefix = "@every "
    if not expression.startswith(prefix):
        return None
    try:
        seconds = parse_duration(expression[len(prefix) :])
    except ValueError as error:
        raise CronSyntaxError(str(error)) from None
    # Kubernetes rounds down to whole seconds, and up to one second.
    return max(1.0, float(seconds // 1))


def sunday_as_zero(expression: str) -> str:
    """Rewrite day-of-week 7, which is common but rejected by Kubernetes, as 0."""
    parts = split_fields(expression)
    if len(parts) != len(_BOUNDS) or "7" not in parts[4]:
        return expression
    parts[4] = ",".join(_sunday_in_range(item) for item in parts[4].split(","))
    return " ".join(parts)


def _sunday_in_range(item: str) -> str:
    head, slash, step = item.partition("/")
    low, hyphen, high = head.partition("-")
    if slash and not _STEP.fullmatch(step):
        return item  # validated later
    if not hyphen:
        return "0" if item == "7" else item
    start = _DAYS.get(low.lower(), int(low) if low in tuple("01234567") else None)
    if high != "7" or start is None:
        return item
    return ",".join(str(day % 7) for day in range(start, 8, int(step or 1)))


def _parse_field(text: str, bounds: _Bounds) -> Field:
    values: set[int] = set()
    star = False
    for item in text.split(","):
        if not item:  # Go drops empty items, so `1,,2` is accepted
            continue
        found, is_star = _parse_range(item, bounds)
        values.update(found)
        star = star or is_star
    return Field(tuple(sorted(values)), star)


def _parse_range(item: str, bounds: _Bounds) -> tuple[range, bool]:
    head, *steps = item.split("/")
    ends = head.split("-")
    star = ends[0] in ("*", "?")
    if star:
        low, high = bounds.low, bounds.high
    else:
        if len(ends) > 2:
            raise CronSyntaxError(f"too many hyphens in {item!r} ({bounds.name})")
        low = _parse_value(ends[0], item, bounds)
        high = _parse_value(ends[1], item, bounds) if len(ends) == 2 else low
    step = 1
    if len(steps) > 1:
        raise CronSyntaxError(f"too many slashes in {item!r} ({bounds.name})")
    if steps:
        step = _parse_integer(steps[0], item, bounds)
        if len(ends) == 1:
            high = bounds.high  # `5/10` means from 5 to the end
    if low < bounds.low or high > bounds.high:
        raise CronSyntaxError(f"{item!r}: {bounds.name} goes from {bounds.low} to {bounds.high}")
    if low > high:
        raise CronSyntaxError(f"{item!r}: the range of {bounds.name} is reversed")
    if step == 0:
        raise CronSyntaxError(f"{item!r}: a step of zero ({bounds.name})")
    return range(low, high + 1, step), star and step == 1


def _parse_value(text: str, item: str, bounds: _Bounds) -> int:
    if bounds.names is not None and text.lower() in bounds.names:
        return bounds.names[text.lower()]
    return _parse_integer(text, item, bounds)


def _parse_integer(text: str, item: str, bounds: _Bounds) -> int:
    match = _INTEGER.fullmatch(text)
    if match is None or int(match[2]) > (0 if match[1] else _MAX_INT):
        # The whole item, for the part may be empty: -1 is a range without a beginning.
        raise CronSyntaxError(f"{item!r} is not a {bounds.name} that Kubernetes knows")
    return int(match[2])
