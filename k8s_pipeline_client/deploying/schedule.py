"""How a CronJob's schedule is enabled without starting missed runs. Pure.

See `domain.makeup` for the reason, and for the ``startingDeadlineSeconds`` that prevents it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from k8s_pipeline_client.deploying.live import Live
from k8s_pipeline_client.domain.makeup import begins_anew, deadline_of
from k8s_pipeline_client.domain.managers import suspend_is_set_by_others
from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.render.makeup import live_of, notes, schedule_of, waiting, with_deadline
from k8s_pipeline_client.render.plan import Plan


@dataclass(frozen=True, slots=True)
class Wait:
    """Check again after this number of seconds."""

    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class ScheduledCronJob:
    """The CronJob to write now.

    Attributes:
        manifest: With its schedule and a deadline that skips missed runs, in one write: the next write would start
            them.
        notes: Notes for people.
        announcement: The note to report in advance; may be empty.
        wait: A wait before any write, if the clock allows it.
    """

    manifest: Object
    notes: Sequence[str] = ()
    announcement: str = ""
    wait: Wait | None = None


def on_schedule(plan: Plan, live: Live, cronjob: Object, *, force: bool) -> ScheduledCronJob:
    """Return the CronJob of a plan as it can be written now."""
    wanted = plan.suspended_cronjob() if live.earlier else plan.cronjob
    schedule, configured = schedule_of(wanted), wanted["spec"]["startingDeadlineSeconds"]
    by_others = suspend_is_set_by_others(cronjob) and not (force or live.earlier)
    stays_off = live.is_suspended if by_others else plan.suspend
    if schedule is None or stays_off or live.claimed:
        return ScheduledCronJob(wanted)
    before = live_of(cronjob)
    if not begins_anew(before, schedule) and before.deadline == configured:
        return ScheduledCronJob(wanted)
    deadline = deadline_of(before, schedule, configured, live.now)
    found = tuple(notes(before, schedule, deadline))
    return ScheduledCronJob(
        with_deadline(wanted, deadline),
        notes=found,
        announcement=found[0] if deadline.starts_at_once else "",
        wait=Wait(deadline.wait, waiting(deadline)) if deadline.wait else None,
    )
