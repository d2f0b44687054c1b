"""The CronJob of a pipeline, scheduled or on demand."""

from __future__ import annotations

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.cron import parse_every
from k8s_pipeline_client.domain.document import Encoded
from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.domain.schedule import NEVER
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.render.job import OUTAGE, job_template, raised, ttl_notes
from k8s_pipeline_client.render.metadata import name_labels, object_meta, pipeline_annotations, pipeline_labels
from k8s_pipeline_client.settings import MIN_STARTING_DEADLINE_SECONDS, REPORTER_OUTAGE_SECONDS, Settings


def cronjob(
    pipeline: Pipeline, name: str, settings: Settings, document: Encoded, source: Source = Source.FILES
) -> Document:
    """Return the CronJob without ``suspend``, which has a field manager of its own."""
    successful, failed = history_limits(pipeline, settings)
    # With the hash, a change of the document changes the CronJob as well, so that a deploy can detect it.
    annotations = pipeline_annotations(pipeline) | {
        labels.DOCUMENT_HASH: document.sha256,
        labels.MANAGED_BY_SOURCE: str(source),
    }
    object_labels = pipeline_labels(pipeline, name) | name_labels(pipeline)
    if pipeline.schedule is None:
        annotations[labels.ON_DEMAND] = "true"
    found = notes(pipeline, settings)
    if found:
        annotations[labels.NOTES] = "\n".join(found)
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": object_meta(name, settings.namespace, object_labels, annotations),
        "spec": {
            "schedule": pipeline.schedule.expression if pipeline.schedule else NEVER,
            "timeZone": pipeline.schedule.timezone if pipeline.schedule else "UTC",
            "concurrencyPolicy": "Allow" if pipeline.may_overlap else "Forbid",
            "startingDeadlineSeconds": starting_deadline(pipeline, settings),
            "successfulJobsHistoryLimit": successful,
            "failedJobsHistoryLimit": failed,
            "jobTemplate": job_template(pipeline, name, settings),
        },
    }


def suspended(pipeline: Pipeline) -> bool:
    """Return ``spec.suspend`` by the definition."""
    return pipeline.schedule is None or not pipeline.enabled


def starting_deadline(pipeline: Pipeline, settings: Settings) -> int:
    """Return ``startingDeadlineSeconds``.

    With 0 no run would ever start, and small values drop runs under load. For an ``@every`` interval the controller
    counts due times from this long ago: with less than the interval it never finds one.
    """
    return max(settings.starting_deadline_seconds, MIN_STARTING_DEADLINE_SECONDS) + _interval(pipeline)


def _interval(pipeline: Pipeline) -> int:
    return int((pipeline.schedule and parse_every(pipeline.schedule.expression)) or 0)


def history_limits(pipeline: Pipeline, settings: Settings) -> tuple[int, int]:
    """Return the history limits: enough for all Jobs of two hours, or more if set."""
    floor = 1
    if pipeline.schedule is not None:
        floor = max(floor, pipeline.schedule.most_within(REPORTER_OUTAGE_SECONDS))
    return (
        max(settings.successful_jobs_history_limit, floor),
        max(settings.failed_jobs_history_limit, floor),
    )


def notes(pipeline: Pipeline, settings: Settings) -> list[str]:
    """Return notes about unsupported parts of the definition and raised settings, one sentence each."""
    successful, failed = history_limits(pipeline, settings)
    return [
        *pipeline.notes,
        *raised(
            "startingDeadlineSeconds",
            settings.starting_deadline_seconds,
            starting_deadline(pipeline, settings),
            "because Kubernetes does not start runs of a longer interval"
            if _interval(pipeline)
            else "because Kubernetes drops late runs silently",
        ),
        *ttl_notes(pipeline, settings),
        *raised("successfulJobsHistoryLimit", settings.successful_jobs_history_limit, successful, OUTAGE),
        *raised("failedJobsHistoryLimit", settings.failed_jobs_history_limit, failed, OUTAGE),
    ]
