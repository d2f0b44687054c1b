"""Whether a run may start beside the others of its pipeline, those that are asked for in the same moment included."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.objects import annotation, is_finished, is_terminating, label, run_id, selector
from k8s_pipeline_client.errors import InputError, RunActiveError
from k8s_pipeline_client.inventory.lookup import get_or_none, jobs_of, pods_of
from k8s_pipeline_client.runs.kill import end_abandoned
from k8s_pipeline_client.runs.sidecars import has_ended, stop_sidecars

_WINDOW_SECONDS, _LATE_SECONDS = 60, 10
_OFFSET = 30
"""Windows begin at half minutes: people's scripts, and schedules, begin at full ones."""


def known_runs(cluster: Cluster, cronjob: Object, given: str, *, may_overlap: bool) -> list[Object]:
    """Read the Jobs of a pipeline that decide about another run: all of them, or those of its id.

    Args:
        cluster: The cluster.
        cronjob: The pipeline's.
        given: The id that the caller has given; empty if none.
        may_overlap: Other runs do not matter.
    """
    name = cronjob["metadata"]["name"]
    if not may_overlap:
        return jobs_of(cluster, name)
    return cluster.list(Kind.JOB, labels=f"{selector(name)},{labels.APP_RUN_ID}={given}") if given else []


def earlier_call(jobs: Sequence[Object], given: str) -> Object | None:
    """Return the Job of an earlier call with the same run id; None if there is none.

    Raises:
        InputError: Another run has this id: nobody has given it, or its Job is terminating.
    """
    for job in jobs if given else ():
        if run_id(job) == given:
            if label(job, labels.RUN_ID_GIVEN) and not is_terminating(job):
                return job
            raise id_taken(job)
    return None


def refuse_overlap(cluster: Cluster, cronjob: Object, jobs: Sequence[Object]) -> None:
    """Refuse another run while one of these is active; those that have as good as ended are ended.

    Raises:
        RunActiveError: One is.
    """
    for job in jobs:
        if is_finished(job) or end_abandoned(cluster, job):
            continue
        pods = pods_of(cluster, job["metadata"]["name"])
        stop_sidecars(cluster, job, pods)
        if not has_ended(job, pods, cluster.now()):
            raise run_active(cronjob, job)


def turn_of(cronjob: Object, jobs: Sequence[Object], now: datetime) -> str:
    """Return what names the Job of the run that follows these ones: hexadecimal digits.

    Between the list of Jobs and the creation of another one somebody else may create one, too. Whoever has seen the
    same runs within a minute wants a Job of the same name, and of a name the API server creates one. The minute is
    there because the runs that there are may be the same again, when the last one has been deleted: what is left of
    that one, such as its pods, is not to be taken for the next one's.
    """
    seen = sorted(job["metadata"]["uid"] for job in jobs)
    window = (int(now.timestamp()) + _OFFSET) // _WINDOW_SECONDS
    return hashlib.sha256("\0".join([cronjob["metadata"]["uid"], str(window), *seen]).encode()).hexdigest()


def rival_of_before(cluster: Cluster, cronjob: Object, jobs: Sequence[Object], now: datetime) -> Object | None:
    """Return the active Job of somebody who has seen the same runs just before the present window began, if any.

    Read only where a window has just begun, and once the own Job is there: of two on either side of that moment the
    later one gives way.
    """
    if (int(now.timestamp()) + _OFFSET) % _WINDOW_SECONDS >= _LATE_SECONDS:
        return None
    turn = turn_of(cronjob, jobs, now - timedelta(seconds=_WINDOW_SECONDS))
    found = get_or_none(cluster, Kind.JOB, naming.run_name(cronjob["metadata"]["name"], turn))
    return None if found is None or is_finished(found) or is_terminating(found) else found


def run_active(cronjob: Object, job: Object) -> RunActiveError:
    """Return the error for a pipeline of which a run is active."""
    title = annotation(cronjob, labels.DISPLAY_NAME) or cronjob["metadata"]["name"]
    return RunActiveError(
        f"{title}: run {run_id(job)} is active",
        facts={
            "title": title,
            "run_id": run_id(job),
            "job": job["metadata"]["name"],
            "created_at": job["metadata"]["creationTimestamp"],
        },
        hint="wait for it, kill it, or allow overlapping runs",
    )


def id_taken(job: Object) -> InputError:
    """Return the error for an id, or a name, that another run has."""
    return InputError(
        f"run {run_id(job)} already exists, as Job {job['metadata']['name']}",
        code="RunIdTaken",
        facts={"run_id": run_id(job), "job": job["metadata"]["name"]},
        hint="use a new run id, or none",
    )
