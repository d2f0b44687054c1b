"""Which run Kubernetes would make up for, and the `startingDeadlineSeconds` with which it does not. Pure.

The CronJob controller starts a run whenever it looks at a CronJob that is not suspended, and the newest due time is
after the last one that it served (before the first: after the CronJob's creation) and not longer ago than
`startingDeadlineSeconds`. Since when the schedule is what it is, or that it was suspended until now, it does not know.
It looks at the next due time, after any write to the CronJob, also of an annotation, and when a Job of it changes.
Source: `syncCronJob` and `mostRecentScheduleTime` of pkg/controller/cronjob, Kubernetes 1.34.

So whoever switches a schedule on, or gives another one, narrows `startingDeadlineSeconds` in the same moment to less
than the age of the newest due time, and notes on the CronJob what it is to be again. Once the controller would not
choose that due time any more, any write can put it back.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from k8s_pipeline_client.domain.cron import parse_every
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.domain.schedule import Schedule

MARGIN = 5
"""Seconds by which the clocks of API server and controller may differ, and by which a write may be late."""
LEAST = 10
"""Seconds; with less, a controller that has much to do drops runs that come on time."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A narrowed `startingDeadlineSeconds`, as it is noted on the CronJob.

    Attributes:
        seconds: What is in force.
        configured: What is to be in force again.
        due: The due time that is not to be made up for; whole seconds.
    """

    seconds: int
    configured: int
    due: datetime

    @property
    def needed_until(self) -> datetime:
        """When the due time is past the configured deadline, too; it may be over sooner."""
        return self.due + timedelta(seconds=self.configured + MARGIN)

    def to_text(self) -> str:
        """Return it as an annotation's value."""
        return json.dumps({"seconds": self.seconds, "configured": self.configured, "due": rfc3339(self.due)})

    @classmethod
    def from_text(cls, text: str, in_force: object) -> Narrowed | None:
        """Read an annotation; None if it is none of ours, or if what it says is not in force any more.

        Args:
            text: The annotation's value, empty if there is none.
            in_force: `startingDeadlineSeconds` as it is: somebody may have set it since.
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
    """What the controller goes by, as a CronJob is now.

    Attributes:
        schedule: None where it is none that we know.
        since: The last due time that was served, else the creation; aware.
        deadline: `startingDeadlineSeconds`; None where there is none, and all is made up for.
        narrowed: What is noted, if it is in force.
    """

    schedule: Schedule | None
    suspended: bool
    since: datetime
    deadline: int | None
    narrowed: Narrowed | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """What a write is to set.

    Attributes:
        seconds: `startingDeadlineSeconds`.
        narrowed: What is to be noted; None where the configured value is in force.
        wait: Seconds after which to ask again before anything is written; 0 for now.
        starts_at_once: Whether a run starts that cannot be prevented.
    """

    seconds: int
    narrowed: Narrowed | None = None
    wait: float = 0.0
    starts_at_once: bool = False


def begins_anew(live: Live, schedule: Schedule) -> bool:
    """Return whether a CronJob that is to run on this schedule does not do so as yet."""
    return live.suspended or live.schedule != schedule


def deadline_of(live: Live, schedule: Schedule, configured: int, now: datetime) -> Deadline:
    """Return with which `startingDeadlineSeconds` a schedule is in force from now on, and makes up for nothing.

    Args:
        live: The CronJob before the write.
        schedule: After the write, which leaves the CronJob enabled; one that is suspended has the configured value.
        configured: What the settings ask for, in seconds.
        now: The API server's time; it may lag, but not be ahead.
    """
    anew = begins_anew(live, schedule)
    every = parse_every(schedule.expression)
    if every is not None:
        # Counted from the last run. With a deadline that is shorter than the interval there never is one.
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
        return Deadline(configured)  # more than now is not made up for
    if live.narrowed is None:
        seconds = max(live.deadline, age - MARGIN)
        return Deadline(seconds, Narrowed(seconds, configured, due))
    chosen = schedule.last_before(now - timedelta(seconds=MARGIN))
    if chosen is not None and chosen > live.narrowed.due:
        return Deadline(configured)  # it came due while the schedule was in force: late, but asked for
    return Deadline(live.deadline, replace(live.narrowed, configured=configured))


def held_back(live: Live, now: datetime) -> datetime | None:
    """Return the due time that Kubernetes makes up for as soon as no run is active; None if there is none."""
    if live.suspended or live.schedule is None or parse_every(live.schedule.expression) is not None:
        return None
    due = live.schedule.last_before(now)
    if due is None or due <= live.since:
        return None
    return due if live.deadline is None or due > now - timedelta(seconds=live.deadline) else None
