"""The `startingDeadlineSeconds` of a CronJob whose schedule is being enabled, in manifests. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.makeup import Deadline, Live, Narrowed, held_back
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.domain.schedule import Schedule, parse_schedule
from k8s_pipeline_client.errors import ScheduleError


def live_of(cronjob: Document) -> Live:
    """Return the fields of a CronJob that the CronJob controller uses."""
    spec = cronjob["spec"]
    since = (cronjob.get("status") or {}).get("lastScheduleTime") or cronjob["metadata"]["creationTimestamp"]
    return Live(
        schedule=schedule_of(cronjob),
        suspended=bool(spec.get("suspend")),
        since=datetime.fromisoformat(since),
        deadline=spec.get("startingDeadlineSeconds"),
        narrowed=_narrowed(cronjob),
    )


def schedule_of(cronjob: Document) -> Schedule | None:
    """Return the schedule; None if somebody else set an unsupported one."""
    try:
        return parse_schedule(cronjob["spec"]["schedule"], cronjob["spec"].get("timeZone"))
    except ScheduleError:
        return None


def configured_deadline(cronjob: Document) -> int | None:
    """Return the configured `startingDeadlineSeconds`, before narrowing; None if there is none."""
    note = _narrowed(cronjob)
    found: int | None = note.configured if note else cronjob["spec"].get("startingDeadlineSeconds")
    return found


def with_deadline(cronjob: Document, deadline: Deadline) -> Document:
    """Return the manifest with the deadline, and its annotation."""
    metadata = cronjob["metadata"]
    annotations = {
        key: value for key, value in (metadata.get("annotations") or {}).items() if key != labels.STARTING_DEADLINE
    }
    if deadline.narrowed:
        annotations[labels.STARTING_DEADLINE] = deadline.narrowed.to_text()
    return {
        **cronjob,
        "metadata": {**metadata, "annotations": annotations},
        "spec": {**cronjob["spec"], "startingDeadlineSeconds": deadline.seconds},
    }


def as_configured(item: Document) -> Document:
    """Return an object without a narrowed deadline, which is not a change of the definition."""
    if item["kind"] != "CronJob" or (note := _narrowed(item)) is None:
        return item
    return with_deadline(item, Deadline(note.configured))


def notes(before: Live, schedule: Schedule, deadline: Deadline) -> Iterator[str]:
    """Yield notes about a write that sets the deadline, one sentence each."""
    if deadline.starts_at_once:
        yield (
            f"a run starts at once: Kubernetes counts {schedule.expression!r} from the last run that it started, or "
            f"from the CronJob's creation ({rfc3339(before.since)})"
        )
    narrowed = deadline.narrowed
    if narrowed and narrowed != before.narrowed:
        yield (
            f"the run that was due at {rfc3339(narrowed.due)} is skipped: startingDeadlineSeconds is "
            f"{narrowed.seconds} for now, and {narrowed.configured} again with the next deploy or enable after "
            f"{rfc3339(narrowed.needed_until)}"
        )
    if before.narrowed and not narrowed:
        yield f"startingDeadlineSeconds is {deadline.seconds} again"


def follows_the_end(cronjob: Document, now: datetime) -> str:
    """Return a note about the run that starts as soon as the active ones have ended; empty if there is none."""
    if cronjob["spec"].get("concurrencyPolicy") != "Forbid" or not (cronjob.get("status") or {}).get("active"):
        return ""
    due = held_back(live_of(cronjob), now)
    if due is None:
        return ""
    return (
        f"the run that was due at {rfc3339(due)} is delayed by the active one, and Kubernetes starts it once that "
        "has ended: to prevent it, disable the pipeline first"
    )


def waiting(deadline: Deadline) -> str:
    """Return a note about the wait before the write."""
    assert deadline.narrowed
    return (
        f"waiting {deadline.wait:.0f} s, so that Kubernetes does not start the run that was due at "
        f"{rfc3339(deadline.narrowed.due)}"
    )


def _narrowed(cronjob: Document) -> Narrowed | None:
    text = (cronjob["metadata"].get("annotations") or {}).get(labels.STARTING_DEADLINE, "")
    return Narrowed.from_text(text, cronjob["spec"].get("startingDeadlineSeconds"))
