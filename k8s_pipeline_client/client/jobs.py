"""Small facts about raw Jobs, CronJobs and Pods, and how to come by them."""

from __future__ import annotations

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels, naming


def selector(name: str) -> str:
    """Return the label selector for everything that belongs to one pipeline."""
    return f"{labels.PIPELINE}={name}"


def pods_of(cluster: Cluster, job_name: str) -> list[Object]:
    """Read the pods of one Job."""
    return cluster.list(Kind.POD, labels=f"{labels.JOB_NAME}={job_name}")


def is_finished(job: Object) -> bool:
    """Return whether the Job has come to its end; the conditions alone decide that."""
    conditions = (job.get("status") or {}).get("conditions") or []
    return any(item["type"] in ("Complete", "Failed") and item["status"] == "True" for item in conditions)


def run_id(job: Object) -> str:
    """Return the run's id: the one handed over, else the Job's UID."""
    metadata = job["metadata"]
    return str((metadata.get("labels") or {}).get(labels.APP_RUN_ID) or metadata["uid"])


def annotation(item: Object, key: str) -> str:
    """Return an annotation's value, empty if it is not there."""
    return str((item["metadata"].get("annotations") or {}).get(key) or "")


def identity(item: Object) -> str | None:
    """Return the id in OpenMetadata with which a CronJob was deployed, in the form that `Pipeline` has it."""
    return naming.identity(annotation(item, labels.ID))


def newest_first(items: list[Object]) -> list[Object]:
    """Sort by creation; names break the tie within a second."""
    return sorted(
        items, key=lambda item: (item["metadata"]["creationTimestamp"], item["metadata"]["name"]), reverse=True
    )
