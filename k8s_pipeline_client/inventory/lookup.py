"""Finds what a person or a server means, in requests whose number and size do not grow with the namespace.

A NAME may be a resource name, an FQN, an id, a name, a display name or ``service/type``. For each there is a label on
the CronJob, and on the Job of a one-shot run, so that each is one request with a short answer. What an earlier version
has deployed has no such labels until it is deployed again; it is asked for by that.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

from k8s_pipeline_client.cluster.port import Cluster, Kind
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.objects import Object, annotation, is_finished, label, newest_first, selector
from k8s_pipeline_client.errors import NotFoundError
from k8s_pipeline_client.inventory.find import fitting

_RESOURCE_NAME = re.compile(r"om-[a-z0-9-]{1,60}")
_JOB_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_UNLABELLED = f"{labels.PIPELINE},!{labels.FQN_HASH}"


def pods_of(cluster: Cluster, job_name: str) -> list[Object]:
    """Read the pods of one Job."""
    return cluster.list(Kind.POD, labels=f"{labels.JOB_NAME}={job_name}")


def jobs_of(cluster: Cluster, name: str) -> list[Object]:
    """Read the Jobs of a pipeline, newest first."""
    return newest_first(cluster.list(Kind.JOB, labels=selector(name)))


def active_jobs(cluster: Cluster, name: str) -> list[Object]:
    """Read the Jobs of a pipeline that have not come to their end, newest first."""
    return [job for job in jobs_of(cluster, name) if not is_finished(job)]


def look_up(cluster: Cluster, name: str, *, within: str = "") -> list[Object]:
    """Return the CronJobs that NAME stands for, by the most exact of what it may be; else the Jobs of one-shot runs.

    Args:
        cluster: Where.
        name: What a person typed.
        within: A label selector that has to fit as well; empty for the whole namespace.

    Returns:
        Empty if there is none; more than one if it does not say which.
    """
    for kind, mark in ((Kind.CRONJOB, ""), (Kind.JOB, labels.ONE_SHOT)):
        for wanted in (*_selectors(name), _UNLABELLED):
            found = fitting(cluster.list(kind, labels=_all_of(wanted, mark, within)), name)
            if found:
                return found
    return []


def by_fqn(cluster: Cluster, fqn: str, *, within: str = "") -> list[Object]:
    """Return the CronJobs of a fully qualified name: one in each OpenMetadata instance at most."""
    for wanted in (f"{labels.FQN_HASH}={naming.lookup_hash(fqn)}", _UNLABELLED):
        items = cluster.list(Kind.CRONJOB, labels=_all_of(wanted, within))
        found = [item for item in items if annotation(item, labels.FQN) == fqn]
        if found:
            return found
    return []


def job_by_run(cluster: Cluster, text: str, *, within: str = "") -> Object | None:
    """Return the Job of a run by the run's whole id, or by the Job's name; None if there is none.

    The id of a scheduled run is its Job's UID, which no selector of Jobs knows; its pods bear it as a label. Without
    pods, the Jobs of scheduled runs are read.
    """
    if _is_uuid(text):
        identity = str(uuid.UUID(text))
        jobs = cluster.list(Kind.JOB, labels=_all_of(f"{labels.APP_RUN_ID}={identity}", within))
        if not jobs:
            pods = cluster.list(Kind.POD, labels=_all_of(f"{labels.CONTROLLER_UID}={identity}", within))
            names = {label(pod, labels.JOB_NAME) for pod in pods}
            jobs = [job for name in names if (job := _job(cluster, name)) is not None]
        if not jobs:
            scheduled = cluster.list(Kind.JOB, labels=_all_of(labels.PIPELINE, f"!{labels.APP_RUN_ID}", within))
            jobs = [job for job in scheduled if job["metadata"]["uid"] == identity]
        return jobs[0] if jobs else None
    if _JOB_NAME.fullmatch(text):
        job = _job(cluster, text)
        if job is not None and (not within or label(job, labels.INSTANCE) == within.partition("=")[2]):
            return job if label(job, labels.PIPELINE) else None
    return None


def _job(cluster: Cluster, name: str) -> Object | None:
    try:
        return cluster.get(Kind.JOB, name)
    except NotFoundError:
        return None


def _selectors(name: str) -> Iterator[str]:
    """Yield the label selectors that may find NAME, the most exact first."""
    digest = naming.lookup_hash(name)
    if _RESOURCE_NAME.fullmatch(name):
        yield selector(name)
    if "." in name:
        yield f"{labels.FQN_HASH}={digest}"
    if _is_uuid(name):
        yield f"{labels.PIPELINE_ID}={naming.label_value(str(naming.identity(name)))}"
    yield f"{labels.NAME_HASH}={digest}"
    yield f"{labels.DISPLAY_NAME_HASH}={digest}"
    if "/" in name:
        yield f"{labels.SERVICE_AND_TYPE_HASH}={digest}"


def _all_of(*selectors: str) -> str:
    return ",".join(item for item in selectors if item)


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
