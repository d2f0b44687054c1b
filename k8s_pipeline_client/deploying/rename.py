"""Pipelines that were renamed in OpenMetadata: the same id, another fully qualified name, so other objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object, Propagation
from k8s_pipeline_client.deploying.delete import delete_pipeline
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.counting import counted
from k8s_pipeline_client.domain.objects import (
    annotation,
    identity,
    is_finished,
    is_terminating,
    label,
    run_id,
    selector,
)
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.errors import ConflictError, RunActiveError
from k8s_pipeline_client.render.plan import Plan

_REMOVAL_TIMEOUT = 300.0


def with_the_same_id(cluster: Cluster, pipeline: Pipeline) -> list[Object]:
    """Return the CronJobs with the pipeline's id under other names; usually none."""
    if pipeline.id is None:
        return []
    instance, identity = naming.instance_label(pipeline.instance), naming.label_value(pipeline.id)
    same = f"{labels.INSTANCE}={instance},{labels.PIPELINE_ID}={identity}"
    return others(cluster.list(Kind.CRONJOB, labels=same), pipeline)


def others(items: Iterable[Object], pipeline: Pipeline) -> list[Object]:
    """Return the CronJobs with a pipeline's id in its instance that are not its own."""
    return [item for item in items if is_of_another_name(item, pipeline) and not is_terminating(item)]


def is_of_another_name(item: Object, pipeline: Pipeline) -> bool:
    """Return whether an object has a pipeline's id in its instance, under another name."""
    return (
        pipeline.id is not None
        and item["metadata"]["name"] != pipeline.resource_name
        and label(item, labels.INSTANCE) == naming.instance_label(pipeline.instance)
        and identity(item) == pipeline.id
    )


def refuse_active(cluster: Cluster, olds: Sequence[Object], plan: Plan) -> None:
    """Refuse to replace a pipeline while it runs: its runs are owned by the CronJob that would be deleted.

    Raises:
        RunActiveError: A run is active.
    """
    for old in olds:
        for job in runs_of(cluster, old):
            if not is_finished(job):
                raise RunActiveError(
                    f"{plan.pipeline.fqn} was {annotation(old, labels.FQN)} before, and run {run_id(job)} of that "
                    "name is active; it would be deleted with the objects of the old name",
                    code="EarlierNameActive",
                    facts={"fqn": plan.pipeline.fqn, "run_id": run_id(job)},
                    hint="wait for it, kill it, or deploy by force",
                )


def remove_cronjob(cluster: Cluster, old: Object, *, force: bool) -> None:
    """Delete the CronJob of an earlier name, so that no further run starts under it.

    Raises:
        RunActiveError: It has changed since it was read, as it does when a run starts.
    """
    metadata = old["metadata"]
    version = None if force else metadata["resourceVersion"]
    try:
        cluster.delete(Kind.CRONJOB, metadata["name"], Propagation.BACKGROUND, uid=metadata["uid"], version=version)
    except ConflictError as error:
        raise RunActiveError(
            f"CronJob {metadata['name']}, the earlier name, has just changed: a run may have started",
            code="EarlierNameChanged",
            facts={"cronjob": metadata["name"]},
            hint="deploy again",
        ) from error


def remove_rest(cluster: Cluster, old: Object) -> None:
    """Delete the remaining objects of an earlier name, and wait until they are gone; a new deploy under it is kept."""
    metadata = old["metadata"]
    delete_pipeline(
        cluster, metadata["name"], _REMOVAL_TIMEOUT, only=lambda found: found["metadata"]["uid"] == metadata["uid"]
    )


def runs_of(cluster: Cluster, old: Object) -> list[Object]:
    """Return the Jobs of a CronJob."""
    return cluster.list(Kind.JOB, labels=selector(old["metadata"]["name"]))


def note(old: Object, runs: int, *, dry_run: bool) -> str:
    """Return the note about replacing an earlier name."""
    verb = "would be" if dry_run else "was"
    return (
        f"renamed: {annotation(old, labels.FQN)} ({old['metadata']['name']}) has the same id and {verb} deleted, "
        f"with its {counted(runs, 'run')}"
    )
