"""When a pipeline runs: the checked schedule, and the times that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from k8s_pipeline_client.domain import cron
from k8s_pipeline_client.errors import ScheduleError

NEVER = "0 0 31 2 *"
"""Accepted by Kubernetes, and never due: the schedule of a CronJob that is run on demand only."""

_FULL_WEEK = tuple(range(7))
_FULL_MONTH = tuple(range(1, 32))


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule that Kubernetes accepts.

    Attributes:
        expression: As it goes into ``spec.schedule``.
        timezone: IANA name as it goes into ``spec.timeZone``.
    """

    expression: str
    timezone: str = "UTC"

    def next_after(self, moment: datetime, *, anchor: datetime | None = None) -> datetime | None:
        """Return the first due time after ``moment`` (UTC), or None where it is never due.

        Args:
            moment: Aware.
            anchor: The last run (or the creation) that ``@every`` counts from; ``moment`` if None.
        """
        every = cron.parse_every(self.expression)
        if every is not None:
            start = anchor or moment
            elapsed = max(0.0, (moment - start).total_seconds())
            return start + timedelta(seconds=every * (elapsed // every + 1))
        return self._step(moment, forwards=True)

    def last_before(self, moment: datetime) -> datetime | None:
        """Return the last due time at or before ``moment`` (UTC); None for ``@every`` and for never."""
        if cron.parse_every(self.expression) is not None:
            return None
        return self._step(moment + timedelta(microseconds=1), forwards=False)

    def runs_within(self, window: timedelta, *, start: datetime, limit: int = 100) -> int:
        """Count the due times in the window that begins at ``start``, up to ``limit``."""
        count, moment = 0, start
        while count < limit:
            following = self.next_after(moment)
            if following is None or following > start + window:
                break
            count, moment = count + 1, following
        return count

    def _step(self, moment: datetime, *, forwards: bool) -> datetime | None:
        expression = _for_croniter(self.expression)
        if expression is None:
            return None
        from croniter import CroniterBadDateError, croniter  # 30 ms that most commands do not need

        local = moment.astimezone(ZoneInfo(self.timezone))
        iterator = croniter(expression, local)
        try:
            due: datetime = iterator.get_next(datetime) if forwards else iterator.get_prev(datetime)
        except CroniterBadDateError:
            return None
        return due.astimezone(UTC)


def parse_schedule(expression: str, timezone: str | None = None) -> Schedule:
    """Check a schedule and a time zone against what Kubernetes accepts.

    Day-of-week 7 is rewritten as 0; aliases are kept as they are.

    Raises:
        ScheduleError: Kubernetes would refuse it.
    """
    text = cron.sunday_as_zero(" ".join(cron.split_fields(expression)))
    try:
        if cron.parse_every(text) is None:
            cron.parse_fields(text)
    except cron.CronSyntaxError as error:
        raise ScheduleError(
            f"schedule {expression!r} is not one that Kubernetes accepts: {error}",
            hint="write five fields such as '30 2 * * *', or an alias such as @daily",
        ) from None
    return Schedule(text, check_timezone(timezone))


def check_timezone(name: str | None) -> str:
    """Return the IANA name, ``UTC`` for none.

    Raises:
        ScheduleError: It is not in the time zone database.
    """
    if not name:
        return "UTC"
    if name not in _zones():
        close = [zone for zone in sorted(_zones()) if zone.lower() == name.lower()]
        hint = f"did you mean {close[0]}?" if close else "use an IANA name such as Europe/Berlin"
        raise ScheduleError(f"time zone {name!r} is unknown", hint=hint)
    return name


@cache
def _zones() -> frozenset[str]:
    # The list of the tzdata package, not the machine's: the answer must not depend on where we run.
    return frozenset(resources.files("tzdata").joinpath("zones").read_text().split())


def _for_croniter(expression: str) -> str | None:
    """Write the parsed fields out as lists, so that both libraries mean the same; None if never due."""
    minute, hour, day, month, weekday = cron.parse_fields(expression)
    fields = [minute, hour, day, month, weekday]
    if not all(field.values for field in fields):
        return None
    either = not day.star and not weekday.star
    if either and (day.values == _FULL_MONTH or weekday.values == _FULL_WEEK):
        # Either of the two, one of them always: every day. croniter would read a full list as a star.
        day = weekday = cron.Field((), star=True)
    fields = [minute, hour, day, month, weekday]
    return " ".join("*" if field.star else ",".join(map(str, field.values)) for field in fields)
