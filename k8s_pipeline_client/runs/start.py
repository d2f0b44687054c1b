"""Starts runs."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object, Propagation
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.managers import MANAGER
from k8s_pipeline_client.domain.objects import (
    annotation,
    is_finished,
    is_marked_deleted,
    is_terminating,
    label,
)
from k8s_pipeline_client.errors import (
    ConflictError,
    DefinitionError,
    InputError,
    PipelineError,
    UnknownNameError,
)
from k8s_pipeline_client.inventory.lookup import get_or_none
from k8s_pipeline_client.render.config import DOCUMENT_KEY
from k8s_pipeline_client.render.job import release, run_job
from k8s_pipeline_client.render.metadata import owner_reference
from k8s_pipeline_client.render.override import own_secret, with_own_secret
from k8s_pipeline_client.runs import overlap

Taken = Callable[[Object], PipelineError]
"""Returns the error for a Job that cannot be created, given the one that has its name."""

Rival = Callable[[], Object | None]
"""Returns the Job of another call that goes first, once the own one is there; None if there is none."""


def no_rival() -> None:
    """Return that no other call can go first."""


def start_run(
    cluster: Cluster,
    cronjob: Object,
    *,
    requested_id: str | None = None,
    allow_overlap: bool = False,
    document: str | None = None,
    dry_run: bool = False,
) -> Object:
    """Create a Job from the CronJob's template, and return it.

    The same call again with an id that was handed over finds the run of the first one, and completes what a killed
    process has left of it. Of runs that must not overlap, and are requested in the same moment, one is started.

    Args:
        cluster: The cluster.
        cronjob: As read from the cluster; it may be suspended.
        requested_id: The run's UUID; a new one if None.
        allow_overlap: Start even while another run is active; not needed if the CronJob allows it.
        document: The run's own workflow document; the pipeline's if None.
        dry_run: Have the API server check it, and create nothing.

    Raises:
        InputError: The id is not a UUID, or another run has the Job's name.
        RunActiveError: Another run is active.
        UnknownNameError: OpenMetadata has deleted the pipeline: a run would create it there again.
    """
    given = check_run_id(requested_id) if requested_id else ""
    name = cronjob["metadata"]["name"]
    _refuse_deleted(cronjob)
    may_overlap = allow_overlap or cronjob["spec"].get("concurrencyPolicy") == "Allow"
    rival: Rival = no_rival
    known = overlap.known_runs(cluster, cronjob, given, may_overlap=may_overlap)
    earlier = overlap.earlier_call(known, given)
    if may_overlap:
        identity = given or str(uuid.uuid4())
        job_name = naming.run_name(name, identity)
    else:
        if earlier is None:
            overlap.refuse_overlap(cluster, cronjob, known)
        now = cluster.now()
        turn = overlap.turn_of(cronjob, known, now)
        rival = partial(overlap.rival_of_before, cluster, cronjob, known, now)
        identity = given or _named_after(turn)
        job_name = naming.run_name(name, turn)
    job = run_job(
        cronjob["spec"]["jobTemplate"],
        name=earlier["metadata"]["name"] if earlier else job_name,
        namespace=cluster.namespace,
        run_id=identity,
        owners=[owner_reference(cronjob)],
    )
    if given:
        mark_given(job)
    if dry_run:
        return checked_run(cluster, job if document is None else with_own_secret(job, document))
    taken = overlap.id_taken if may_overlap else partial(overlap.run_active, cronjob)
    if document is None:
        return earlier or create_run(cluster, job, taken=taken, rival=rival)
    return create_with_document(cluster, job, document, earlier=earlier, taken=taken, rival=rival)


def _named_after(turn: str) -> str:
    """Return a new run id that begins as the Job's name ends; all else of it is random."""
    return str(uuid.UUID(turn[: naming.RUN_DIGITS] + uuid.uuid4().hex[naming.RUN_DIGITS :]))


def checked_run(cluster: Cluster, job: Object) -> Object:
    """Let the API server validate a Job, and return it as it would be; nothing is created."""
    return cluster.apply(job, manager=MANAGER, dry_run=True)


def create_with_document(
    cluster: Cluster,
    job: Object,
    document: str,
    *,
    earlier: Object | None = None,
    taken: Taken = overlap.id_taken,
    rival: Rival = no_rival,
) -> Object:
    """Create a Job with a Secret of its own, and return it.

    The Job is created first, suspended, so that the Secret has an owner from its first write.

    Args:
        cluster: Where.
        job: The Job, as it would be with the pipeline's document.
        document: The run's own one.
        earlier: The Job of an earlier call, which is completed.
        taken: See `create_run`.
        rival: See `create_run`.
    """
    wanted = with_own_secret(job, document)
    created = earlier or create_run(cluster, wanted, taken=taken, rival=rival)
    secret = own_secret(created, document)
    held = bool(wanted["spec"].get("suspend"))
    ours = is_of_this_call(created, wanted)
    return let_go(cluster, created, lambda: cluster.apply(secret, manager=MANAGER), held=held, ours=ours)


def mark_given(job: Object) -> None:
    """Mark a Job that is to be created: its caller has given the run's id, and may ask again."""
    job["metadata"]["labels"][labels.RUN_ID_GIVEN] = "true"


def let_go(cluster: Cluster, job: Object, write_secret: Callable[[], object], *, held: bool, ours: bool) -> Object:
    """Write the Secret that a Job needs, and resume the Job; return it.

    A Job of an earlier call that was let go already, or has ended, is left as it is.

    Args:
        cluster: Where.
        job: As the API server returned it.
        write_secret: Writes the Secret.
        held: The Job is suspended by this program; one that is suspended by a queue is resumed by that.
        ours: This call has created the Job.

    Raises:
        PipelineError: The write failed, or there was no time left for it; a Job of ours has been deleted, or the
            error's outcome says that it has not.
    """
    name = job["metadata"]["name"]
    if is_finished(job) or (held and not job["spec"].get("suspend")):
        return job
    try:
        write_secret()
        return cluster.merge(Kind.JOB, name, release()) if held else job
    except PipelineError as error:  # a wait, or a time limit, may be over, too
        if not ours:
            raise error.with_outcome(f"Job {name} of an earlier call stays, and may wait for its document") from error
        raise error.with_outcome(_removed(cluster, job)) from error


def _removed(cluster: Cluster, job: Object) -> str:
    """Delete a Job that would stay suspended and block other runs; return the outcome."""
    name = job["metadata"]["name"]
    try:
        cluster.delete(Kind.JOB, name, Propagation.BACKGROUND, uid=job["metadata"]["uid"])
    except PipelineError:
        return f"Job {name} is left, suspended: the next run, or the reporter, ends it in a minute"
    return "the run has been removed"


def create_run(cluster: Cluster, job: Object, *, taken: Taken = overlap.id_taken, rival: Rival = no_rival) -> Object:
    """Create a Job, and return it; a Job of this very run, that an unanswered or an earlier call created, is as good.

    Args:
        cluster: Where.
        job: The Job.
        taken: Returns the error that is raised if another run has the name of the Job, or goes first, given that one's.
        rival: Returns the Job of another call that goes first: then this one's is deleted again.
    """
    job["metadata"].setdefault("annotations", {})[labels.REQUEST] = str(uuid.uuid4())
    try:
        created = cluster.create(job)
    except ConflictError as error:
        existing = get_or_none(cluster, Kind.JOB, job["metadata"]["name"])
        if existing is None:  # it has been removed again
            raise
        if is_of_this_call(existing, job) or _is_same_run(existing, job):
            return existing
        raise taken(existing) from error
    first = rival()
    if first is None:
        return created
    cluster.delete(Kind.JOB, created["metadata"]["name"], Propagation.BACKGROUND, uid=created["metadata"]["uid"])
    if _is_same_run(first, job):
        return first
    raise taken(first)


def is_of_this_call(found: Object, wanted: Object) -> bool:
    """Return whether a Job is what became of a `create_run` of the wanted one, as its request says."""
    return annotation(found, labels.REQUEST) == annotation(wanted, labels.REQUEST)


def _is_same_run(existing: Object, wanted: Object) -> bool:
    """Return whether a Job is the run that is asked for: of the same pipeline, with the same whole id.

    The Job's name has the beginning of the id only.
    """
    same = (labels.PIPELINE, labels.APP_RUN_ID, labels.RUN_ID_GIVEN)
    is_same = all(label(wanted, key) and label(existing, key) == label(wanted, key) for key in same)
    # The name of a one-shot run is made of its id alone, whatever its pipeline is called.
    is_same = is_same and annotation(existing, labels.FQN) == annotation(wanted, labels.FQN)
    return is_same and not is_terminating(existing)


def document_of(cluster: Cluster, secret: str) -> str:
    """Return the text of the workflow document that a Secret holds; errors are those of `parsed_document_of`."""
    return _document_in(cluster, secret)[0]


def parsed_document_of(cluster: Cluster, secret: str) -> Any:
    """Return the workflow document that a Secret holds.

    Raises:
        NotFoundError: The Secret does not exist.
        DefinitionError: It holds none: somebody else has changed it.
    """
    return _document_in(cluster, secret)[1]


def _document_in(cluster: Cluster, secret: str) -> tuple[str, Any]:
    found = cluster.get(Kind.SECRET, secret)
    try:
        text = base64.b64decode(found["data"][DOCUMENT_KEY]).decode()
        return text, json.loads(text)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise DefinitionError(
            f"Secret {secret} contains no workflow document",
            code="DocumentMissing",
            facts={"secret": secret},
            hint="deploy the pipeline again",
        ) from error


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


def _refuse_deleted(cronjob: Object) -> None:
    if is_marked_deleted(cronjob):
        title = annotation(cronjob, labels.DISPLAY_NAME) or cronjob["metadata"]["name"]
        raise UnknownNameError(
            f"{title} was deleted in OpenMetadata, and a run would create it there again",
            code="DeletedInOpenMetadata",
            facts={"title": title, "deleted_at": annotation(cronjob, labels.DELETED_AT)},
            hint="restore it there, or deploy it again",
        )
