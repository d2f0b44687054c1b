"""Prevents the CronJob controller from starting missed runs, by a narrowed `startingDeadlineSeconds`. Pure.

The CronJob controller starts a run whenever it syncs a CronJob that is not suspended, if the newest due time is after
`lastScheduleTime` (or, before the first run, after the CronJob's creation) and not longer ago than
`startingDeadlineSeconds`. It does not know when the schedule was changed, or that it was suspended until now. It syncs
at the next due time, after any write to the CronJob, even of an annotation, and when one of its Jobs changes.
Source: `syncCronJob` and `mostRecentScheduleTime` of pkg/controller/cronjob, Kubernetes 1.34.

So a write that enables or changes a schedule also narrows `startingDeadlineSeconds` to less than the age of the newest
due time, and stores the configured value in an annotation. Once that due time would not be selected any more, any
write can restore it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from k8s_pipeline_client.domain.cron import parse_every
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.domain.schedule import Schedule

MARGIN = 5
"""Tolerance in seconds for clock differences between API server and controller, and for slow writes."""
LEAST = 10
"""Seconds; with less, a busy controller drops runs."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A narrowed `startingDeadlineSeconds`, as stored in the annotation.

    Attributes:
        seconds: The narrowed value.
        configured: The value to restore.
        due: The due time to skip; whole seconds.
    """

    seconds: int
    configured: int
    due: datetime

    @property
    def needed_until(self) -> datetime:
        """When the due time is past the configured deadline, too; the latest time until which it is needed."""
        return self.due + timedelta(seconds=self.configured + MARGIN)

    def to_text(self) -> str:
        """Return it as an annotation's value."""
        return json.dumps({"seconds": self.seconds, "configured": self.configured, "due": rfc3339(self.due)})

    @classmethod
    def from_text(cls, text: str, in_force: object) -> Narrowed | None:
        """Parse the annotation; None if it is invalid, or does not match the current value.

        Args:
            text: The annotation's value, empty if there is none.
            in_force: The current `startingDeadlineSeconds`, which may have been changed since.
        """
        try:
            found = json.loads(text)
            note = cls(int(found["seconds"]), int(found["configured"]), datetime.fromisoformat(found["due"]))
            is_ours = note.needed_until.tzinfo is not None
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return None
        return note if is_ours and note.seconds == in_force else None


@dataclass(frozen=True, slots=True)
class Live:
    """The fields of a CronJob that the controller uses.

    Attributes:
        schedule: None if it is not supported.
        since: `lastScheduleTime`, else the creation; aware.
        deadline: `startingDeadlineSeconds`; None for no limit.
        narrowed: The annotation, if it matches.
    """

    schedule: Schedule | None
    suspended: bool
    since: datetime
    deadline: int | None
    narrowed: Narrowed | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """The values to write.

    Attributes:
        seconds: `startingDeadlineSeconds`.
        narrowed: The annotation; None for the configured value.
        wait: Seconds to wait before computing it again; 0 to write now.
        starts_at_once: Whether a run will start that cannot be prevented.
    """

    seconds: int
    narrowed: Narrowed | None = None
    wait: float = 0.0
    starts_at_once: bool = False


def begins_anew(live: Live, schedule: Schedule) -> bool:
    """Return whether the schedule is not active yet."""
    return live.suspended or live.schedule != schedule


def deadline_of(live: Live, schedule: Schedule, configured: int, now: datetime) -> Deadline:
    """Return the `startingDeadlineSeconds` with which a schedule becomes active without starting missed runs.

    Args:
        live: The CronJob before the write.
        schedule: The schedule after the write, which enables it; a suspended CronJob has the configured value.
        configured: The value in the settings, in seconds.
        now: The API server's time; it may lag, but not be ahead.
    """
    anew = begins_anew(live, schedule)
    every = parse_every(schedule.expression)
    if every is not None:
        # Counted from the last run. With a deadline shorter than the interval there never is a run.
        never_ran = live.deadline is not None and live.deadline < every <= configured
        return Deadline(configured, starts_at_once=(anew or never_ran) and live.since + timedelta(seconds=every) <= now)
    due = schedule.last_before(now)
    if due is None or due <= live.since:
        return Deadline(configured)
    age = int((now - due).total_seconds())
    if age >= configured + MARGIN:
        return Deadline(configured)
    if anew:
        seconds = min(configured, max(LEAST, age - MARGIN))
        return Deadline(seconds, Narrowed(seconds, configured, due), wait=max(0.0, float(LEAST + MARGIN - age)))
    if live.deadline is None or live.deadline >= configured:
        return Deadline(configured)  # a wider deadline would not start more
    if live.narrowed is None:
        seconds = max(live.deadline, age - MARGIN)
        return Deadline(seconds, Narrowed(seconds, configured, due))
    chosen = schedule.last_before(now - timedelta(seconds=MARGIN))
    if chosen is not None and chosen > live.narrowed.due:
        return Deadline(configured)  # it was due while the schedule was active: late, but intended
    return Deadline(live.deadline, replace(live.narrowed, configured=configured))


def held_back(live: Live, now: datetime) -> datetime | None:
    """Return the due time whose run Kubernetes starts as soon as no run is active; None if there is none."""
    if live.suspended or live.schedule is None or parse_every(live.schedule.expression) is not None:
        return None
    due = live.schedule.last_before(now)
    if due is None or due <= live.since:
        return None
    return due if live.deadline is None or due > now - timedelta(seconds=live.deadline) else None
