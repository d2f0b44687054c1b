"""Which pipelines usually run for longer than from one due time to the next, by the Jobs that are still there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from k8s_pipeline_client.cluster.port import Cluster, Kind
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import Object, label
from k8s_pipeline_client.domain.raw import mapping, moment
from k8s_pipeline_client.domain.schedule import Schedule
from k8s_pipeline_client.domain.unusual import overlap_of, usual_of
from k8s_pipeline_client.inventory.snapshot import read_reduced

MOST = 20
"""How many pipelines are looked at: one request for all of them, whose response grows with their runs."""


def overlaps(cluster: Cluster, schedules: Mapping[str, Schedule]) -> dict[str, str]:
    """Return a warning for each that does, by resource name; nothing where they are many.

    Args:
        cluster: Where they are deployed.
        schedules: The enabled schedules, by resource name.
    """
    if not schedules or len(schedules) > MOST:
        return {}
    jobs = read_reduced(cluster, Kind.JOB, labels=f"{labels.PIPELINE} in ({','.join(sorted(schedules))})")
    now = cluster.now()
    return {
        name: text
        for name, schedule in schedules.items()
        if (usual := usual_of(_durations(job for job in jobs if label(job, labels.PIPELINE) == name)))
        and (text := overlap_of(schedule, now, usual))
    }


def _durations(jobs: Iterable[Object]) -> list[timedelta]:
    found: list[tuple[datetime | None, datetime | None]] = []
    for job in jobs:
        status = mapping(job.get("status"))
        found.append((moment(status.get("startTime")), moment(status.get("completionTime"))))
    return [end - start for start, end in found if start and end]
