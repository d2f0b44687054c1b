"""Runs that no reporter has seen: their Jobs were created and removed while none was running. Pure.

Of a scheduled run the id is its Job's UID, which its Job's events have: for about an hour they tell that it was there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import Object, label
from k8s_pipeline_client.reporter.memory import OpenRun
from k8s_pipeline_client.status.events import Event, read_events

_SCHEDULED = re.compile(r"(?P<cronjob>.+)-(?P<minutes>\d{7,10})")
"""The name that the CronJob controller gives a Job."""


def unseen(events: Iterable[Object], cronjobs: Mapping[str, Object], known: Collection[str]) -> Iterator[OpenRun]:
    """Yield the scheduled runs that events tell of, and of which nothing else is left; where they report is left open.

    Args:
        events: Object events of Jobs.
        cronjobs: By name.
        known: The UIDs of Jobs that are there, or remembered.
    """
    first: dict[str, Event] = {}
    for event in read_events(list(events)):
        if event.kind == "Job" and event.uid and event.uid not in known and event.at is not None:
            first.setdefault(event.uid, event)
    for uid, event in first.items():
        match = _SCHEDULED.fullmatch(event.name)
        cronjob = cronjobs.get(match["cronjob"]) if match else None
        if cronjob is not None and event.at is not None:
            yield OpenRun(
                run_id=uid,
                job=event.name,
                uid=uid,
                created=event.at,
                pipeline=cronjob["metadata"]["name"],
                instance=label(cronjob, labels.INSTANCE),
                place=cronjob["metadata"]["name"],
            )
