"""Starts a run again: the same pipeline and document, a new id."""

from __future__ import annotations

import copy
import uuid

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.objects import annotation, is_finished, run_id
from k8s_pipeline_client.errors import NotFoundError, RunActiveError, UnknownNameError
from k8s_pipeline_client.inventory.lookup import pods_of
from k8s_pipeline_client.render.job import run_job
from k8s_pipeline_client.render.override import secret_name
from k8s_pipeline_client.runs.sidecars import has_ended, stop_sidecars
from k8s_pipeline_client.runs.start import create_with_document, document_of, start_run

_OF_THE_JOB = ("selector", "suspend", "parallelism")
"""What Kubernetes, a queue and the kill of a run that a queue held have set."""
_NOT_COPIED = (
    *("controller-uid", "job-name", labels.CONTROLLER_UID, labels.JOB_NAME),
    *(labels.RUN_ID_GIVEN, labels.REPORTED),
)
"""The labels that Kubernetes has set, and what is said of that one run."""


def retry_run(cluster: Cluster, job: Object, *, allow_overlap: bool = False) -> Object:
    """Start a run like an earlier one, and return its Job.

    A run of a deployed pipeline uses the current template; if the earlier one had a document of its own, so has this
    one. A one-shot run is created from the earlier Job.

    Raises:
        RunActiveError: The run, or another one of the pipeline, is active.
        UnknownNameError: Its pipeline or document does not exist any more.
    """
    name = job["metadata"]["labels"][labels.PIPELINE]
    pods = [] if is_finished(job) else pods_of(cluster, job["metadata"]["name"])
    stop_sidecars(cluster, job, pods)
    if not has_ended(job, pods, cluster.now()):
        raise RunActiveError(
            f"run {run_id(job)} is active",
            code="RunStillActive",
            facts={"run_id": run_id(job)},
            hint="wait for it, or kill it",
        )
    try:
        own = secret_name(job)
        document = document_of(cluster, own) if own != name or _is_one_shot(job) else None
        if _is_one_shot(job):
            return _again(cluster, job, str(document))
        cronjob = cluster.get(Kind.CRONJOB, name)
    except NotFoundError as error:
        raise UnknownNameError(
            f"run {run_id(job)} cannot be started again: {error.message}",
            code="PipelineNotDeployed",
            hint="deploy its pipeline first",
        ) from error
    return start_run(cluster, cronjob, allow_overlap=allow_overlap, document=document)


def _is_one_shot(job: Object) -> bool:
    return labels.ONE_SHOT in job["metadata"]["labels"]


def _again(cluster: Cluster, job: Object, document: str) -> Object:
    """Create a one-shot run from an earlier one's Job, without fields that Kubernetes added."""
    identity = str(uuid.uuid4())
    name = naming.one_shot_name(
        service=annotation(job, labels.SERVICE),
        pipeline_type=annotation(job, labels.PIPELINE_TYPE),
        run_id=identity,
    )
    spec = {key: value for key, value in copy.deepcopy(job["spec"]).items() if key not in _OF_THE_JOB}
    net = annotation(job, labels.NET_SECONDS)
    if net:  # the kill replaced it by one second
        spec["activeDeadlineSeconds"] = int(net)
    retries = annotation(job, labels.BACKOFF_LIMIT)
    if retries:  # replaced because of sidecars that did not terminate
        spec["backoffLimit"] = int(retries)
    pod = spec["template"]["metadata"]
    pod["labels"] = _ours(pod["labels"])
    kept = {key: value for key, value in job["metadata"].get("annotations", {}).items() if not _is_of_the_run(key)}
    template = {"metadata": {"labels": _ours(job["metadata"]["labels"]), "annotations": kept}, "spec": spec}
    again = run_job(
        template,
        name=name,
        namespace=cluster.namespace,
        run_id=identity,
        owners=[],
        extra_labels={labels.PIPELINE: name},
    )
    return create_with_document(cluster, again, document)


def _ours(found: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in found.items() if key not in _NOT_COPIED}


def _is_of_the_run(key: str) -> bool:
    return key in labels.OF_A_RUN or not key.startswith(labels.PREFIX)
