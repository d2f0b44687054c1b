"""Scheduled runs for which Kubernetes has made no Job, and will make none. Pure.

Only what is surely missed counts. Since when a CronJob is on its schedule nothing on it tells; so a run is missed only
if it came due after the reporter had seen the CronJob with the very same spec (its ``generation``), not suspended.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from k8s_pipeline_client.cluster.port import Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.cron import parse_every
from k8s_pipeline_client.domain.objects import annotation, is_finished, is_terminating, label
from k8s_pipeline_client.domain.raw import find, moment
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.domain.schedule import Schedule
from k8s_pipeline_client.render.makeup import schedule_of
from k8s_pipeline_client.status import Cause, CauseCode, RunStatus, State, Trigger
from k8s_pipeline_client.status.events import Event, events_about, read_events
from k8s_pipeline_client.status.refused import creation_cause
from k8s_pipeline_client.status.words import inline

SLACK = timedelta(seconds=120)
"""By which the CronJob controller may be behind."""
EVIDENCE = timedelta(minutes=55)
"""For so long events are there, and finished Jobs."""
_DEFAULT_DEADLINE = timedelta(seconds=600)
_MOST = 120
"""Due times of one pipeline that are looked at in one pass: those of an hour, every 30 seconds."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """What is kept of a CronJob's schedule from pass to pass.

    Attributes:
        uid: Of the CronJob.
        generation: Of its spec.
        since: From when on it is known to have been on its schedule.
        instance: Of which OpenMetadata it is, as the label has it.
        owed: Runs that were missed and are not reported yet: due time to cause; None for the usual one.
    """

    uid: str
    generation: int
    since: datetime
    instance: str = ""
    owed: Mapping[datetime, Cause | None] = field(default_factory=dict)

    def to_text(self) -> str:
        """Return it as an entry of the ledger."""
        owed = {due.isoformat(): cause.as_dict() if cause else None for due, cause in self.owed.items()}
        kept = {"uid": self.uid, "generation": self.generation, "since": self.since.isoformat(), "owed": owed}
        if self.instance:
            kept["instance"] = self.instance
        return json.dumps(kept, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Tracked | None:
        """Read an entry; None if it is none of ours."""
        try:
            found = json.loads(text)
            since = datetime.fromisoformat(found["since"])
            owed = {
                datetime.fromisoformat(due): None if cause is None else Cause.from_dict(cause)
                for due, cause in found["owed"].items()
            }
            if not all(at.tzinfo for at in (since, *owed)):
                return None
            return cls(str(found["uid"]), int(found["generation"]), since, str(found.get("instance", "")), owed)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    def without(self, due: datetime) -> Tracked:
        """Return it without a run that is reported by now."""
        return replace(self, owed={key: cause for key, cause in self.owed.items() if key != due})


def tracked(cronjob: Object, before: Tracked | None, now: datetime) -> Tracked | None:
    """Return what is to be kept of a CronJob; None of one that is not on a schedule and owes nothing."""
    uid, generation = cronjob["metadata"]["uid"], int(cronjob["metadata"].get("generation") or 0)
    instance = label(cronjob, labels.INSTANCE)
    owed = before.owed if before else {}
    if _schedule(cronjob) is None:
        if not owed:
            return None
        # As it was left, so that an unchanged entry is not written again.
        return before if before and before.generation == -1 else Tracked(uid, -1, now, instance, owed)
    if before is not None and (before.uid, before.generation) == (uid, generation):
        return replace(before, instance=instance)
    return Tracked(uid, generation, now, instance, owed)


def suspects(cronjob: Object, known: Tracked, now: datetime) -> list[datetime]:
    """Return the due times at which a run may have been missed, oldest first."""
    schedule = _schedule(cronjob)
    if schedule is None:
        return []
    served = _served(cronjob)
    at = max(known.since, now - EVIDENCE - _deadline(cronjob) - SLACK)
    end = now - _deadline(cronjob) - SLACK
    found: list[datetime] = []
    while len(found) < _MOST:
        due = schedule.next_after(at)
        if due is None or due > end:
            break
        at = due
        # What was served before is beyond doubt only as long as its Job would be there.
        if due != served and due not in known.owed and (served is None or due > served or now - due < EVIDENCE):
            found.append(due)
    return found


def missed(
    cronjob: Object, dues: Sequence[datetime], jobs: Iterable[Object], events: Iterable[Object]
) -> Iterator[tuple[datetime, Cause | None]]:
    """Yield which of the suspected due times had no run, each with its cause; one skipped by Forbid had none to have.

    The cause is None where nothing tells more than `missed_cause`.

    Args:
        cronjob: The raw CronJob.
        dues: Those that are suspected.
        jobs: All Jobs of the pipeline.
        events: About the CronJob.
    """
    jobs = list(jobs)
    about = events_about(cronjob["metadata"]["uid"], read_events(list(events)))
    served = {moment(annotation(job, labels.CRONJOB_SCHEDULED_AT)) for job in jobs}
    created = {event.message.removeprefix("Created job ") for event in about if event.reason == "SuccessfulCreate"}
    last = _served(cronjob)
    for due in dues:
        if due in served or job_name(cronjob, due) in created or _was_skipped(cronjob, due, jobs, about):
            continue
        # After a later one, its Job may have been and gone; not if one that is older still is there.
        if last is not None and due < last and not any(at and at < due for at in served):
            continue
        yield due, _refusal(cronjob, due, about)


def job_name(cronjob: Object, due: datetime) -> str:
    """Return how the CronJob controller calls the Job of a due time: by the minute."""
    return f"{cronjob['metadata']['name']}-{int(due.timestamp()) // 60}"


def missed_cause(name: str, due: datetime) -> Cause:
    """Return why a due run of a CronJob was missed where nobody refused its Job."""
    return Cause(
        CauseCode.MISSED,
        f"The run that was due at {rfc3339(due)} was not started: Kubernetes made no Job for it",
        f"missed startingDeadlineSeconds of CronJob {name}",
        "ask the cluster's admin whether the controller manager was down or late; start a run by hand if it is needed",
    )


def missed_run(uid: str, due: datetime, cause: Cause) -> RunStatus:
    """Return a run that never was, as it is reported: its id follows from the CronJob and the due time."""
    return RunStatus(
        run_id=str(uuid.uuid5(uuid.UUID(uid), rfc3339(due))),
        job_name="",
        state=State.FAILED,
        trigger=Trigger.SCHEDULED,
        cause=cause,
        scheduled_at=due,
        created_at=due,
        ended_at=due,
    )


def _schedule(cronjob: Object) -> Schedule | None:
    """Return the schedule on which a CronJob is; None where it is on none, or nobody knows when it is due."""
    spec = cronjob["spec"]
    if spec.get("suspend") or annotation(cronjob, labels.ON_DEMAND) or is_terminating(cronjob):
        return None
    if not spec.get("timeZone"):  # that of the controller manager
        return None
    found = schedule_of(cronjob)
    return None if found is None or parse_every(found.expression) is not None else found


def _served(cronjob: Object) -> datetime | None:
    return moment(find(cronjob, "status", "lastScheduleTime"))


def _deadline(cronjob: Object) -> timedelta:
    seconds = cronjob["spec"].get("startingDeadlineSeconds")
    return timedelta(seconds=seconds) if isinstance(seconds, int) else _DEFAULT_DEADLINE


def _was_skipped(cronjob: Object, due: datetime, jobs: Iterable[Object], about: Collection[Event]) -> bool:
    """Return whether the run before it was active for as long as it could have started."""
    if cronjob["spec"].get("concurrencyPolicy") not in ("Forbid", None):
        return False
    end = due + _deadline(cronjob)
    if any(event.reason == "JobAlreadyActive" and event.at and due <= event.at for event in about):
        return True
    return any(_was_active(job, due, end) for job in jobs if annotation(job, labels.CRONJOB_SCHEDULED_AT))


def _was_active(job: Object, begin: datetime, end: datetime) -> bool:
    created = moment(job["metadata"]["creationTimestamp"])
    if created is None or created > begin:
        return False
    return not is_finished(job) or _ended_at(job) > end


def _ended_at(job: Object) -> datetime:
    conditions: list[Any] = (job.get("status") or {}).get("conditions") or []
    ends = [moment(item.get("lastTransitionTime")) for item in conditions if item.get("type") in ("Complete", "Failed")]
    return max(filter(None, ends), default=datetime.max.replace(tzinfo=UTC))


def _refusal(cronjob: Object, due: datetime, about: Iterable[Event]) -> Cause | None:
    """Return what the API server said as it refused the Job of a due time; None where it said nothing."""
    end = due + _deadline(cronjob) + SLACK
    refused = creation_cause(
        [event for event in about if event.reason == "FailedCreate" and event.at and due <= event.at <= end]
    )
    if refused is None:
        return None
    said = inline(refused.summary).replace("the run's pod", "its Job")
    return replace(refused, summary=f"The run that was due at {rfc3339(due)} was not started: {said}")
