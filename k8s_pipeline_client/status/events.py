"""Events: which of them are about an object, in the order in which they happened.

A core/v1 Event keeps its time in one of five places, by the age of the component that wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from k8s_pipeline_client.status.raw import Raw, find, items, moment, text

_BEGINNING = datetime.min.replace(tzinfo=UTC)

# The API server puts five random characters behind a generateName, which it first cuts to 58.
_RANDOM_LENGTH = 5
_GENERATE_NAME_LENGTH = 58


@dataclass(frozen=True, slots=True)
class Event:
    """What matters of one Event.

    Attributes:
        kind: Of the object that it is about.
        name: Of that object.
        uid: Of that object: a later object of the same name has another.
        field: The part of it, for example ``spec.containers{main}``.
        reason: For example ``FailedCreate``.
        message: Whole.
        at: When it was last seen.
    """

    kind: str
    name: str
    uid: str
    field: str
    reason: str
    message: str
    at: datetime | None


def _read(raw: Raw) -> Event:
    times = (
        find(raw, "series", "lastObservedTime"),
        raw.get("lastTimestamp"),
        raw.get("eventTime"),
        raw.get("firstTimestamp"),
        find(raw, "metadata", "creationTimestamp"),
    )
    about = raw.get("involvedObject")
    return Event(
        kind=text(find(about, "kind")),
        name=text(find(about, "name")),
        uid=text(find(about, "uid")),
        field=text(find(about, "fieldPath")),
        reason=text(raw.get("reason")),
        message=text(raw.get("message")),
        at=next((at for at in map(moment, times) if at), None),
    )


def read_events(raw: Any) -> tuple[Event, ...]:
    """Every event of a raw list, oldest first; one without a time counts as older than all."""
    return tuple(sorted(map(_read, items(raw)), key=lambda event: event.at or _BEGINNING))


def events_about(uid: str, events: Iterable[Event]) -> tuple[Event, ...]:
    """The events about the object of that UID, in their order."""
    return tuple(event for event in events if uid and event.uid == uid)


def events_of_gone_pods(job_name: str, known_uids: Iterable[str], events: Iterable[Event]) -> tuple[Event, ...]:
    """The events about pods of the Job that are not there any more.

    Nothing on such an event names the Job, so the pod's name has to do: the Job's, and five characters.
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
