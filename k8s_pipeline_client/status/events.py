"""Parses events, in chronological order, and selects those about an object.

A core/v1 Event has its time in one of five fields, depending on the version of the component that wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.domain.raw import find, items, moment, number, text

_BEGINNING = datetime.min.replace(tzinfo=UTC)

# The API server truncates a generateName to 58 characters and appends five random ones.
_RANDOM_LENGTH = 5
_GENERATE_NAME_LENGTH = 58


@dataclass(frozen=True, slots=True)
class Event:
    """The relevant fields of an Event.

    Attributes:
        kind: ``involvedObject.kind``.
        name: ``involvedObject.name``.
        uid: ``involvedObject.uid``.
        field: ``involvedObject.fieldPath``, for example ``spec.containers{main}``.
        reason: For example ``FailedCreate``.
        message: The whole message.
        at: When it was last seen.
        type: ``Normal`` or ``Warning``.
        count: How often it was seen; None where it does not say.
        first_at: When it was first seen.
    """

    kind: str
    name: str
    uid: str
    field: str
    reason: str
    message: str
    at: datetime | None
    type: str = ""
    count: int | None = None
    first_at: datetime | None = None


def _read(raw: Object) -> Event:
    times = (
        find(raw, "series", "lastObservedTime"),
        raw.get("lastTimestamp"),
        raw.get("eventTime"),
        raw.get("firstTimestamp"),
        find(raw, "metadata", "creationTimestamp"),
    )
    about = raw.get("involvedObject")
    at = next((at for at in map(moment, times) if at), None)
    return Event(
        kind=text(find(about, "kind")),
        name=text(find(about, "name")),
        uid=text(find(about, "uid")),
        field=text(find(about, "fieldPath")),
        reason=text(raw.get("reason")),
        message=text(raw.get("message")),
        at=at,
        type=text(raw.get("type")),
        count=number(find(raw, "series", "count")) or number(raw.get("count")),
        first_at=moment(raw.get("firstTimestamp")) or moment(raw.get("eventTime")) or at,
    )


def read_events(raw: Any) -> tuple[Event, ...]:
    """Parse raw events, oldest first; those without a time come first."""
    return in_order(map(_read, items(raw)))


def in_order(events: Iterable[Event]) -> tuple[Event, ...]:
    """Sort events by time, oldest first.

    Those of the same second keep their order: most have whole seconds only, and the API server lists those about one
    object by time.
    """
    return tuple(sorted(events, key=lambda event: event.at.replace(microsecond=0) if event.at else _BEGINNING))


def events_about(uid: str, events: Iterable[Event]) -> tuple[Event, ...]:
    """The events about the object with this UID, in the same order."""
    return tuple(event for event in events if uid and event.uid == uid)


def events_of_gone_pods(job_name: str, known_uids: Iterable[str], events: Iterable[Event]) -> tuple[Event, ...]:
    """The events about deleted pods of the Job.

    They do not reference the Job, so the pod's name decides: the Job's name and five characters.
    """
    prefix = f"{job_name}-"[:_GENERATE_NAME_LENGTH]
    known = set(known_uids)

    def is_one(event: Event) -> bool:
        suffix = event.name.removeprefix(prefix)
        return (
            event.kind == "Pod"
            and event.uid not in known
            and event.name.startswith(prefix)
            and len(suffix) == _RANDOM_LENGTH
            and "-" not in suffix
        )

    return tuple(event for event in events if job_name and is_one(event))
