"""Validated schedules, and their due times."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from k8s_pipeline_client.domain import cron
from k8s_pipeline_client.errors import ScheduleError

NEVER = "0 0 31 2 *"
"""A schedule that is never due, for the CronJob of an on-demand pipeline."""

_LONGEST_MONTHS = dict(enumerate((31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), start=1))
_FULL_WEEK = tuple(range(7))
_FULL_MONTH = tuple(range(1, 32))
_MINUTES_OF_A_DAY = 24 * 60
_LONGEST_FOLD = timedelta(hours=3)
_MAX_YEARS = 5
"""The horizon for due times, as in Kubernetes."""

_Fields = tuple[cron.Field, cron.Field, cron.Field, cron.Field, cron.Field]


@dataclass(frozen=True, slots=True)
class Schedule:
    """A valid schedule.

    Attributes:
        expression: For ``spec.schedule``.
        timezone: IANA name, for ``spec.timeZone``.
    """

    expression: str
    timezone: str = "UTC"

    def next_after(self, moment: datetime, *, anchor: datetime | None = None) -> datetime | None:
        """Return the first due time after ``moment`` (UTC), or None if there is none.

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

    def is_ever_due(self) -> bool:
        """Return whether there is a day on which it is due; in the few years around 2100 without a leap day, too."""
        if cron.parse_every(self.expression) is not None:
            return True
        fields = cron.parse_fields(self.expression)
        *_, day, month, weekday = fields
        if not all(field.values for field in fields):
            return False
        if day.star or not weekday.star:  # any day of the month, or either of the two
            return True
        return any(date <= _LONGEST_MONTHS[number] for number in month.values for date in day.values)

    def last_before(self, moment: datetime) -> datetime | None:
        """Return the last due time at or before ``moment`` (UTC); None for ``@every``, or if there is none."""
        if cron.parse_every(self.expression) is not None:
            return None
        return self._step(moment + timedelta(microseconds=1), forwards=False)

    def is_shown_between(self, begin: datetime, end: datetime) -> bool:
        """Return whether clocks show a due time from ``begin`` to before ``end`` (naive); False for ``@every``."""
        if cron.parse_every(self.expression) is not None:
            return False
        return next(self._shown(begin, forwards=True), end) < end

    def most_within(self, seconds: int, limit: int = 100) -> int:
        """Return how often it is due in the busiest time of that length (a day at most), up to ``limit``."""
        every = cron.parse_every(self.expression)
        if every is not None:
            return min(limit, -int(-seconds // every))
        minutes, hours, *_ = cron.parse_fields(self.expression)
        due = sorted(60 * hour + minute for hour in hours.values for minute in minutes.values)
        through_midnight = [*due, *(moment + _MINUTES_OF_A_DAY for moment in due)]
        found = (bisect_left(through_midnight, first + seconds / 60) - number for number, first in enumerate(due))
        return min(limit, max(found, default=0))

    def _step(self, moment: datetime, *, forwards: bool) -> datetime | None:
        zone = ZoneInfo(self.timezone)
        here = moment.astimezone(zone)
        local = here.replace(tzinfo=None, fold=0)
        # Around a clock change, the next local time need not be the next point in time.
        ambiguous = here.utcoffset() != here.replace(fold=1 - here.fold).utcoffset()
        slack = _LONGEST_FOLD if ambiguous else timedelta()
        best: datetime | None = None
        for shown in self._shown(local - slack if forwards else local + slack, forwards=forwards):
            if best is not None and abs(shown - local) > slack:
                break
            for due in _moments_of(shown, zone):
                if forwards and due > moment:
                    best = min(best or due, due)
                elif not forwards and due < moment:
                    best = max(best or due, due)
        return best

    def _shown(self, start: datetime, *, forwards: bool) -> Iterator[datetime]:
        """Yield the due local times (naive), forwards or backwards from ``start``."""
        expression = _for_croniter(cron.parse_fields(self.expression))
        if expression is None:
            return
        from croniter import CroniterBadDateError, croniter  # imported here: 30 ms that most commands do not need

        nudge = timedelta(microseconds=-1 if forwards else 1)  # so that `start` itself counts
        # Without a time zone: clock changes are handled as in Kubernetes, not as in croniter.
        times = croniter(expression, start + nudge, max_years_between_matches=_MAX_YEARS)
        step = times.get_next if forwards else times.get_prev
        while True:
            try:
                yield step(datetime)
            except CroniterBadDateError:
                return


def _moments_of(shown: datetime, zone: ZoneInfo) -> set[datetime]:
    """Return the points in time of a local time: none if it is skipped, two if it is repeated."""
    moments = {shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return {moment for moment in moments if moment.astimezone(zone).replace(tzinfo=None, fold=0) == shown}


def _for_croniter(fields: _Fields) -> str | None:
    """Write the parsed fields as lists, which both libraries interpret equally; None if it is never due."""
    if not all(field.values for field in fields):
        return None
    minute, hour, day, month, weekday = fields
    either = not day.star and not weekday.star
    if either and (day.values == _FULL_MONTH or weekday.values == _FULL_WEEK):
        # Either of the two fields, one of them with all values: every day. croniter would treat a full list as a star.
        day = weekday = cron.Field((), star=True)
    return " ".join(
        "*" if field.star else ",".join(map(str, field.values)) for field in (minute, hour, day, month, weekday)
    )


def parse_schedule(expression: str, timezone: str | None = None) -> Schedule:
    """Validate a schedule and a time zone as Kubernetes does.

    Day-of-week 7 is rewritten as 0; aliases are kept.

    Raises:
        ScheduleError: Kubernetes would reject it.
    """
    text = cron.sunday_as_zero(" ".join(cron.split_fields(expression)))
    try:
        if cron.parse_every(text) is None:
            cron.parse_fields(text)
    except cron.CronSyntaxError as error:
        raise ScheduleError(
            f"schedule {expression!r} is not one that Kubernetes accepts: {error}",
            hint="write five fields such as '30 2 * * *', or an alias such as @daily",
        ) from error
    return Schedule(text, check_timezone(timezone))


def check_timezone(name: str | None) -> str:
    """Return the IANA name, by default ``UTC``.

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
    # The tzdata package's list, not the machine's, so that the result does not depend on the machine.
    return frozenset(resources.files("tzdata").joinpath("zones").read_text().split())
