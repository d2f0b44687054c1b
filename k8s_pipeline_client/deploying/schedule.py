"""How a CronJob comes to be on its schedule, so that no run starts that nobody asked for. Pure.

`domain.makeup` tells why one would, and with which ``startingDeadlineSeconds`` it does not.
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
    """Look again after so many seconds."""

    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class ScheduledCronJob:
    """The CronJob as it is to be written now.

    Attributes:
        manifest: On its schedule, and with a deadline that makes up for nothing, in one write: the next one would start
            what is due.
        notes: What a person should know.
        announcement: That of the notes which a person should know before it happens; may be empty.
        wait: What to do before anything is written, if the clock allows it.
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
