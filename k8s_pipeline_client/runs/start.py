"""Starts runs."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object, Propagation
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.managers import MANAGER
from k8s_pipeline_client.domain.objects import annotation, run_id
from k8s_pipeline_client.errors import ClusterError, ConflictError, InputError, RunActiveError
from k8s_pipeline_client.inventory.lookup import active_jobs, pods_of
from k8s_pipeline_client.render.config import DOCUMENT_KEY
from k8s_pipeline_client.render.job import run_job
from k8s_pipeline_client.render.metadata import owner_reference
from k8s_pipeline_client.render.override import own_secret, with_own_secret
from k8s_pipeline_client.runs.sidecars import has_ended, stop_sidecars


def start_run(
    cluster: Cluster,
    cronjob: Object,
    *,
    requested_id: str | None = None,
    allow_overlap: bool = False,
    document: str | None = None,
) -> Object:
    """Create a Job from the CronJob's template, and return it.

    Args:
        cluster: The cluster.
        cronjob: As read from the cluster; it may be suspended.
        requested_id: The run's UUID; a new one if None.
        allow_overlap: Start even while another run is active; not needed if the CronJob allows it.
        document: The run's own workflow document; the pipeline's if None.

    Raises:
        InputError: The id is not a UUID, or that of an existing run.
        RunActiveError: A run is active.
    """
    identity = check_run_id(requested_id) if requested_id else str(uuid.uuid4())
    name = cronjob["metadata"]["name"]
    if not allow_overlap and cronjob["spec"].get("concurrencyPolicy") != "Allow":
        _refuse_overlap(cluster, cronjob)
    job = run_job(
        cronjob["spec"]["jobTemplate"],
        name=naming.run_name(name, identity),
        namespace=cluster.namespace,
        run_id=identity,
        owners=[owner_reference(cronjob)],
    )
    return create_run(cluster, job) if document is None else create_with_document(cluster, job, document)


def create_with_document(cluster: Cluster, job: Object, document: str) -> Object:
    """Create a Job with a Secret of its own, and return it.

    The Job is created first, suspended, so that the Secret has an owner from its first write.
    """
    wanted = with_own_secret(job, document)
    created = create_run(cluster, wanted)
    secret = own_secret(created, document)
    held = bool(wanted["spec"].get("suspend"))
    return let_go(cluster, created, lambda: cluster.apply(secret, manager=MANAGER), held=held)


def let_go(cluster: Cluster, job: Object, write_secret: Callable[[], object], *, held: bool) -> Object:
    """Write the Secret that a Job needs, and resume the Job; return it.

    Args:
        cluster: Where.
        job: As the API server returned it.
        write_secret: Writes the Secret.
        held: The Job is suspended by this program; one that is suspended by a queue is resumed by that.

    Raises:
        ClusterError: The write failed; the Job has been deleted, or the error's outcome says that it has not.
    """
    name = job["metadata"]["name"]
    try:
        write_secret()
        return cluster.merge(Kind.JOB, name, {"spec": {"suspend": False}}) if held else job
    except ClusterError as error:
        raise error.with_outcome(_removed(cluster, job)) from error


def _removed(cluster: Cluster, job: Object) -> str:
    """Delete a Job that would stay suspended and block other runs; return the outcome."""
    name = job["metadata"]["name"]
    try:
        cluster.delete(Kind.JOB, name, Propagation.BACKGROUND, uid=job["metadata"]["uid"])
    except ClusterError:
        return f"Job {name} is left, suspended: delete it"
    return "the run has been removed"


def create_run(cluster: Cluster, job: Object) -> Object:
    """Create a Job, and return it; or the one that an earlier attempt of this request has created.

    Raises:
        InputError: A run with this id exists.
    """
    request = str(uuid.uuid4())
    job["metadata"].setdefault("annotations", {})[labels.REQUEST] = request
    try:
        return cluster.create(job)
    except ConflictError as error:
        existing = cluster.get(Kind.JOB, job["metadata"]["name"])
        if annotation(existing, labels.REQUEST) == request:
            return existing
        raise InputError(
            f"run {run_id(existing)} already exists, as Job {existing['metadata']['name']}",
            code="RunIdTaken",
            facts={"run_id": run_id(existing), "job": existing["metadata"]["name"]},
            hint="use a new run id, or none",
        ) from error


def document_of(cluster: Cluster, secret: str) -> str:
    """Return the workflow document that a Secret holds.

    Raises:
        NotFoundError: The Secret does not exist.
    """
    found = cluster.get(Kind.SECRET, secret)
    return base64.b64decode(found["data"][DOCUMENT_KEY]).decode()


def check_run_id(text: str) -> str:
    """Return the UUID in canonical form; the ingestion accepts only UUIDs as run ids.

    Raises:
        InputError: It is not a UUID.
    """
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise InputError(
            f"run id {text!r} is not a UUID", code="InvalidRunId", facts={"run_id": text}, hint="use a UUID, or none"
        ) from error


def _refuse_overlap(cluster: Cluster, cronjob: Object) -> None:
    for job in active_jobs(cluster, cronjob["metadata"]["name"]):
        pods = pods_of(cluster, job["metadata"]["name"])
        stop_sidecars(cluster, job, pods)
        if not has_ended(job, pods, cluster.now()):
            title = annotation(cronjob, labels.DISPLAY_NAME) or cronjob["metadata"]["name"]
            raise RunActiveError(
                f"{title}: run {run_id(job)} is active",
                facts={"title": title, "run_id": run_id(job)},
                hint="wait for it, kill it, or allow overlapping runs",
            )
