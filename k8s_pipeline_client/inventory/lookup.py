"""Finds pipelines and runs by name, with requests whose number and size do not grow with the namespace.

A NAME may be a resource name, an FQN, an id, a name, a display name or ``service/type``. For each there is a label on
the CronJob, and on the Job of a one-shot run, so that each is one small list request. Objects of earlier versions have
no such labels until they are deployed again; a selector for missing labels finds those.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator

from k8s_pipeline_client.cluster.port import Cluster, Kind
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.objects import Object, annotation, is_finished, label, newest_first, selector
from k8s_pipeline_client.errors import NotFoundError, UnknownNameError
from k8s_pipeline_client.inventory.find import fitting

_RESOURCE_NAME = re.compile(r"om-[a-z0-9-]{1,60}")
_JOB_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
UNLABELLED = f"{labels.PIPELINE},!{labels.FQN_HASH}"
"""Selects the CronJobs of an earlier version, which lack the labels for lookups."""


def get_or_none(cluster: Cluster, kind: Kind, name: str) -> Object | None:
    """Read one object; None if it does not exist."""
    try:
        return cluster.get(kind, name)
    except NotFoundError:
        return None


def pods_of(cluster: Cluster, job_name: str) -> list[Object]:
    """Read the pods of one Job."""
    return cluster.list(Kind.POD, labels=f"{labels.JOB_NAME}={job_name}")


def jobs_of(cluster: Cluster, name: str) -> list[Object]:
    """Read the Jobs of a pipeline, newest first."""
    return newest_first(cluster.list(Kind.JOB, labels=selector(name)))


def active_jobs(cluster: Cluster, name: str) -> list[Object]:
    """Read the unfinished Jobs of a pipeline, newest first."""
    return [job for job in jobs_of(cluster, name) if not is_finished(job)]


def look_up(cluster: Cluster, name: str, *, within: str = "", pipelines_first: bool = False) -> list[Object]:
    """Return the CronJobs and the Jobs of one-shot runs that match NAME, by the most specific key.

    Args:
        cluster: The cluster.
        name: What a person typed.
        within: An additional label selector; empty for the whole namespace.
        pipelines_first: Look for one-shot runs only where no CronJob matches.

    Returns:
        Empty if there is none; more than one if it is ambiguous.
    """
    for kind, mark in ((Kind.CRONJOB, labels.PIPELINE), (Kind.JOB, labels.ONE_SHOT)):
        found = _by_resource_name(cluster, kind, name, mark, within)
        if found:
            return found
        found = _by_other_keys(cluster, kind, name, _all_of(mark, within))
        if found:
            alike = [] if pipelines_first or kind is Kind.JOB else _one_shots_alike(cluster, found[0], name, within)
            return fitting([*found, *alike], name)
    return []


def _one_shots_alike(cluster: Cluster, found: Object, name: str, within: str) -> list[Object]:
    """Return the Jobs of one-shot runs that match NAME by the key by which a pipeline does: one request as a rule."""
    mark = _all_of(labels.ONE_SHOT, within)
    for wanted in (*_exact(name), *_titles(name)):
        key, _, value = wanted.partition("=")
        if label(found, key) == value:
            return cluster.list(Kind.JOB, labels=_all_of(wanted, mark))
    return _by_other_keys(cluster, Kind.JOB, name, mark)  # of an earlier version, without labels


def _by_other_keys(cluster: Cluster, kind: Kind, name: str, mark: str) -> list[Object]:
    for wanted in _exact(name):
        found = fitting(cluster.list(kind, labels=_all_of(wanted, mark)), name)
        if found:
            return found
    return _by_title(cluster, kind, name, mark)


def _by_resource_name(cluster: Cluster, kind: Kind, name: str, mark: str, within: str) -> list[Object]:
    """Return the object of this resource name, if it matches the selector."""
    if not _RESOURCE_NAME.fullmatch(name):
        return []
    item = get_or_none(cluster, kind, name)
    return [item] if item is not None and label(item, mark) and _is_within(item, within) else []


def _by_title(cluster: Cluster, kind: Kind, name: str, mark: str) -> list[Object]:
    """Return the objects with this name, by keys that several may share; objects without labels have to be read, too.

    Otherwise one of an earlier version with the same display name would be missed.
    """
    earlier = cluster.list(kind, labels=_all_of(UNLABELLED, mark))
    items = list(earlier)
    for wanted in _titles(name):
        items += cluster.list(kind, labels=_all_of(wanted, mark))
        if len(items) > len(earlier) and not earlier:
            break
    return fitting(_each_once(items), name)


def by_fqn(cluster: Cluster, fqn: str, *, within: str = "") -> list[Object]:
    """Return the CronJobs of a fully qualified name: at most one per OpenMetadata instance."""
    for wanted in (f"{labels.FQN_HASH}={naming.lookup_hash(fqn)}", UNLABELLED):
        items = cluster.list(Kind.CRONJOB, labels=_all_of(wanted, within))
        found = [item for item in items if annotation(item, labels.FQN) == fqn]
        if found:
            return found
    return []


def by_name(cluster: Cluster, name: str, *, within: str = "") -> list[Object]:
    """Return the CronJobs of a pipeline's own name: OpenMetadata's server says no more to its pipeline service.

    One for each service and each OpenMetadata instance at most.
    """
    for wanted in (f"{labels.NAME_HASH}={naming.lookup_hash(name)}", UNLABELLED):
        items = cluster.list(Kind.CRONJOB, labels=_all_of(wanted, within))
        found = [item for item in items if annotation(item, labels.NAME) == name]
        if found:
            return found
    return []


def job_by_run(cluster: Cluster, text: str, *, within: str = "") -> Object | None:
    """Return the Job of a run by the complete run id, or by the Job's name; None if there is none.

    The id of a scheduled run is its Job's UID, which cannot be selected; its pods have it as a label. Without pods, the
    Jobs of scheduled runs are listed.

    Raises:
        UnknownNameError: Several runs have this id, such as one of a pipeline and one of a file.
    """
    if _is_uuid(text):
        return _job_by_id(cluster, str(uuid.UUID(text)), within)
    if _JOB_NAME.fullmatch(text):
        job = get_or_none(cluster, Kind.JOB, text)
        if job is not None and label(job, labels.PIPELINE) and _is_within(job, within):
            return job
    return None


def _job_by_id(cluster: Cluster, identity: str, within: str) -> Object | None:
    jobs = cluster.list(Kind.JOB, labels=_all_of(f"{labels.APP_RUN_ID}={identity}", within))
    if len(jobs) > 1:
        names = ", ".join(job["metadata"]["name"] for job in newest_first(jobs))
        raise UnknownNameError(f"{len(jobs)} runs have the id {identity}: {names}", hint="use the name of one's Job")
    if jobs:
        return jobs[0]
    for pod in cluster.list(Kind.POD, labels=_all_of(f"{labels.CONTROLLER_UID}={identity}", within)):
        job = get_or_none(cluster, Kind.JOB, label(pod, labels.JOB_NAME))
        if job is not None:
            return job
    scheduled = _all_of(labels.PIPELINE, f"!{labels.APP_RUN_ID}", within)
    pages = cluster.pages(Kind.JOB, labels=scheduled, restart=lambda: None)
    return next((job for page in pages for job in page if job["metadata"]["uid"] == identity), None)


def _is_within(item: Object, within: str) -> bool:
    return not within or label(item, labels.INSTANCE) == within.partition("=")[2]


def _exact(name: str) -> Iterator[str]:
    """Yield the label selectors for unique keys."""
    if "." in name:
        yield f"{labels.FQN_HASH}={naming.lookup_hash(name)}"
    if _is_uuid(name):
        yield f"{labels.PIPELINE_ID}={naming.label_value(str(naming.identity(name)))}"


def _titles(name: str) -> Iterator[str]:
    """Yield the label selectors for keys that several pipelines may share, the most specific first."""
    digest = naming.lookup_hash(name)
    yield f"{labels.NAME_HASH}={digest}"
    yield f"{labels.DISPLAY_NAME_HASH}={digest}"
    if "/" in name:
        yield f"{labels.SERVICE_AND_TYPE_HASH}={digest}"


def _each_once(items: Iterable[Object]) -> list[Object]:
    return list({item["metadata"]["uid"]: item for item in items}.values())


def _all_of(*selectors: str) -> str:
    return ",".join(item for item in selectors if item)


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
