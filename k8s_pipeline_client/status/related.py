"""Whether a run's events should be read, and those of which related objects, which have to be requested by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.domain.raw import find, items, mapping, text
from k8s_pipeline_client.status.asked import read_asked
from k8s_pipeline_client.status.models import RunStatus, State

_CREATED = "Created pod: "
_MOST = 10
_KEPT = timedelta(hours=24)
"""Longer than API servers keep events by default: one hour, or three (OpenShift)."""
_LATE = timedelta(seconds=10)
"""By so much a next attempt may be late without a reason."""


def events_tell_more(run: RunStatus, now: datetime) -> bool:
    """Return whether events may add to a run's Job and pods: they are expensive to read.

    They do for a waiting run, for one whose next attempt is overdue, and for one that failed without an exit code. With
    an exit code of container main, that, its message and the pod are sufficient.

    Args:
        run: Its status, computed without events.
        now: The API server's time.
    """
    if run.state is State.QUEUED:
        return True
    if run.retry and run.retry.next_at and now - run.retry.next_at > _LATE:
        return True
    has_exit_code = bool(run.attempts) and run.attempts[-1].exit_code is not None
    is_recent = run.ended_at is None or now - run.ended_at < _KEPT
    return run.state is State.FAILED and not has_exit_code and is_recent


def related_objects(known: Sequence[Object], events: Iterable[Object]) -> list[tuple[str, str]]:
    """Kinds and names of related objects whose events should be read.

    These are deleted pods, which the Job's events name, and the PersistentVolumeClaims of unschedulable pods.

    Args:
        known: Object Jobs and pods.
        events: The events about them.

    Returns:
        Ten at most, the newest pods first.
    """
    names = {text(find(item, "metadata", "name")) for item in known}
    gone = [name for name in _created(events) if name not in names]
    claims = [claim for item in known for claim in _claims_waited_for(item)]
    found = [*(("PersistentVolumeClaim", name) for name in claims), *(("Pod", name) for name in reversed(gone))]
    return list(dict.fromkeys(found))[:_MOST]


def _created(events: Iterable[Object]) -> Iterator[str]:
    for event in events:
        message = text(event.get("message"))
        if event.get("reason") == "SuccessfulCreate" and message.startswith(_CREATED):
            yield message.removeprefix(_CREATED)


def _claims_waited_for(item: Object) -> tuple[str, ...]:
    conditions = items(find(item, "status", "conditions"))
    if not any((found.get("type"), found.get("status")) == ("PodScheduled", "False") for found in conditions):
        return ()
    return read_asked(mapping(item.get("spec")), "", pod_name=text(find(item, "metadata", "name"))).claims
