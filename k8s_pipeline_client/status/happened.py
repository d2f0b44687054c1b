"""What Kubernetes reports of a pipeline: the events about its CronJob, its Jobs, and their pods, also those gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.domain.raw import find, text
from k8s_pipeline_client.status.events import Event, events_of_gone_pods, read_events
from k8s_pipeline_client.status.models import Json
from k8s_pipeline_client.status.related import related_objects


@dataclass(frozen=True, slots=True)
class Happened(Json):
    """An event of Kubernetes.

    Attributes:
        at: When it was last seen.
        type: ``Normal`` or ``Warning``.
        reason: For example ``FailedCreate``.
        kind: Of the object that it is about.
        name: Of the object that it is about.
        count: How often it was seen; None where Kubernetes does not say.
        message: The whole message.
    """

    at: datetime | None
    type: str
    reason: str
    kind: str
    name: str
    count: int | None
    message: str


def happened(known: Sequence[Object], events: Any) -> tuple[Happened, ...]:
    """Return the events about a pipeline, oldest first.

    Args:
        known: Its CronJob, Jobs and pods.
        events: Those of the namespace.
    """
    found = read_events(events)
    uids = {text(find(item, "metadata", "uid")) for item in known} - {""}
    jobs = [text(find(item, "metadata", "name")) for item in known if item.get("kind") == "Job"]
    gone = {id(event) for job in jobs for event in events_of_gone_pods(job, uids, found)}
    claims = {wanted for wanted in related_objects(known, ()) if wanted[0] != "Pod"}
    chosen = (event for event in found if event.uid in uids or id(event) in gone or (event.kind, event.name) in claims)
    return tuple(map(_shown, chosen))


def _shown(event: Event) -> Happened:
    return Happened(event.at, event.type, event.reason, event.kind, event.name, event.count, event.message)
