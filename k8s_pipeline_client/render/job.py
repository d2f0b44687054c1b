"""The Job of a run, and its template."""

from __future__ import annotations

import copy

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.objects import MAIN_CONTAINER
from k8s_pipeline_client.domain.pipeline import Component, Pipeline
from k8s_pipeline_client.render.config import WINDOW_OPTION
from k8s_pipeline_client.render.metadata import pipeline_annotations, pipeline_labels
from k8s_pipeline_client.render.pod import FINAL_EXIT_CODES, pod_template
from k8s_pipeline_client.settings import REPORTER_OUTAGE_SECONDS, Settings

OUTAGE = "so that the result of every run is available for two hours"
"""Why finished Jobs are kept longer, or more of them, than set."""


def job_template(pipeline: Pipeline, name: str, settings: Settings) -> Document:
    """Return ``spec.jobTemplate``, from which all runs are created.

    Raises:
        OverlayError: The settings' overlay changes a protected field.
    """
    # For Kueue: its webhook suspends the Job when it is created, and its controller resumes it.
    queue = {labels.QUEUE_NAME: settings.queue_name} if settings.queue_name else {}
    return {
        "metadata": {
            "labels": pipeline_labels(pipeline, name) | queue,
            "annotations": pipeline_annotations(pipeline),
        },
        "spec": {
            "backoffLimit": 0 if _is_never_repeated(pipeline) else settings.backoff_limit,
            # A little above the pod's deadline: for pods that never start, and for the sum of retries.
            "activeDeadlineSeconds": settings.active_deadline_seconds
            + settings.start_timeout_seconds
            + settings.termination_grace_period_seconds,
            "ttlSecondsAfterFinished": _ttl_seconds(pipeline, settings),
            # Otherwise a replacement starts while the old pod still writes.
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {"rules": _failure_rules(pipeline)},
            "template": pod_template(pipeline, name, settings),
        },
    }


def _is_never_repeated(pipeline: Pipeline) -> bool:
    """Return whether a run must not be retried: a person waits for an automation, and can retry it."""
    return pipeline.component is Component.AUTOMATION


def _ttl_seconds(pipeline: Pipeline, settings: Settings) -> int:
    """Return the TTL of a finished Job: at least the longest outage of a reporter to tolerate."""
    own = settings.ttl_seconds_after_finished
    # The result of an automation is only reported by the run itself.
    return own if pipeline.component is Component.AUTOMATION else max(own, REPORTER_OUTAGE_SECONDS)


def notes(pipeline: Pipeline, settings: Settings) -> list[str]:
    """Return what the definition asks for in vain, then what was raised above the settings, one sentence each."""
    return [*pipeline.notes, *ttl_notes(pipeline, settings)]


def ttl_notes(pipeline: Pipeline, settings: Settings) -> list[str]:
    """Return a note if a finished Job is kept longer than set."""
    asked, used = settings.ttl_seconds_after_finished, _ttl_seconds(pipeline, settings)
    return raised("ttlSecondsAfterFinished", asked, used, OUTAGE)


def raised(key: str, asked: int, used: int, why: str) -> list[str]:
    """Return a note if a setting is raised."""
    return [f"{key} {asked} is raised to {used} {why}"] if used != asked else []


def _failure_rules(pipeline: Pipeline) -> list[Document]:
    final: Document = {
        "action": "FailJob",
        "onExitCodes": {"containerName": MAIN_CONTAINER, "operator": "In", "values": list(FINAL_EXIT_CODES)},
    }
    if _is_never_repeated(pipeline):
        return [final]
    # First: an evicted pod exits with 143 as well, and its replacement must not count as a retry.
    return [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}, final]


def run_job(
    template: Document,
    *,
    name: str,
    namespace: str,
    run_id: str,
    owners: list[Document],
    extra_labels: dict[str, str] | None = None,
) -> Document:
    """Return the Job of a manual run.

    Args:
        template: ``spec.jobTemplate``, as rendered or as read from a CronJob.
        name: The Job's name.
        namespace: Its namespace.
        run_id: A UUID, which the ingestion reports to OpenMetadata.
        owners: Owner references.
        extra_labels: For the Job and its pods.
    """
    job = copy.deepcopy(template)
    metadata = job.setdefault("metadata", {})
    pod = job["spec"]["template"]
    for target in (metadata, pod["metadata"]):
        target.setdefault("labels", {}).update({labels.APP_RUN_ID: run_id, **(extra_labels or {})})
    for container in pod["spec"]["containers"]:
        if container["name"] == MAIN_CONTAINER:
            container["env"] = [
                {"name": "pipelineRunId", "value": run_id} if item["name"] == "pipelineRunId" else item
                for item in container["env"]
            ]
            container["args"] = _without_window(container["args"])
    metadata |= {"name": name, "namespace": namespace}
    if owners:
        metadata["ownerReferences"] = owners
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": job["spec"]}


def hold(job: Document) -> None:
    """Have a Job wait for the Secret with its document, which it is to own."""
    job["spec"]["suspend"] = True
    job["metadata"].setdefault("annotations", {})[labels.AWAITS_SECRET] = "true"


def without_hold(job: Document) -> Document:
    """Return a Job that waits for no Secret."""
    annotations = {key: value for key, value in job["metadata"]["annotations"].items() if key != labels.AWAITS_SECRET}
    spec = {key: value for key, value in job["spec"].items() if key != "suspend"}
    return {**job, "metadata": {**job["metadata"], "annotations": annotations}, "spec": spec}


def release() -> Document:
    """Return the merge patch that lets a Job go whose Secret is there."""
    return {"metadata": {"annotations": {labels.AWAITS_SECRET: None}}, "spec": {"suspend": False}}


def _without_window(arguments: list[str]) -> list[str]:
    if WINDOW_OPTION not in arguments:
        return arguments
    at = arguments.index(WINDOW_OPTION)
    return arguments[:at] + arguments[at + 2 :]
