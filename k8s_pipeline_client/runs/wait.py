"""Waits for the end of runs."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain.objects import is_finished
from k8s_pipeline_client.errors import NotFoundError, WaitTimeoutError
from k8s_pipeline_client.inventory.lookup import pods_of
from k8s_pipeline_client.inventory.read import Reader
from k8s_pipeline_client.inventory.statuses import events_about
from k8s_pipeline_client.polling import after, poll
from k8s_pipeline_client.runs.measures import keep_measures
from k8s_pipeline_client.runs.sidecars import stop_sidecars
from k8s_pipeline_client.status import Cause, CauseCode, RunStatus, gone_run_status


def wait_for_end(
    cluster: Cluster,
    reader: Reader,
    job_name: str,
    *,
    timeout: float | None,
    on_change: Callable[[RunStatus], None],
) -> RunStatus:
    """Wait until a run has ended, and return its status; its measurements are saved on its Job.

    Args:
        cluster: The cluster.
        reader: Computes its status.
        job_name: Its Job.
        timeout: In seconds; None for no timeout.
        on_change: Called initially, whenever state or cause have changed, and once for each attempt that failed and is
            tried again (see `RunStatus.retry`); not when the same cause names another pod or another number.

    Returns:
        Its status. If the Job is deleted meanwhile, what its events tell of the result: as a rule nothing, and the
        cause is ``JobDeleted``.

    Raises:
        WaitTimeoutError: The timeout expired; the run continues.
        NotFoundError: There was no such Job from the start.
    """
    last: RunStatus | None = None
    failed: set[str] = set()
    for _ in poll(timeout, first=0.2):
        try:
            job = cluster.get(Kind.JOB, job_name)
        except NotFoundError:
            if last is None:
                raise
            return _gone(cluster, last, job)
        status = reader.run(job)
        attempt = {status.retry.name} if status.retry else set()
        if last is None or _essence(status) != _essence(last) or not attempt <= failed:
            on_change(status)
        last, failed = status, failed | attempt
        if status.attempts and status.attempts[-1].exit_code is not None and not is_finished(job):
            stop_sidecars(cluster, job, pods_of(cluster, job_name))
        if status.state.is_terminal:
            keep_measures(cluster, status)
            return status
    raise WaitTimeoutError(
        f"run {last.run_id if last else job_name} is still {last.state if last else 'unknown'}{after(timeout)}; "
        "it continues",
        code="RunNotEnded",
        facts={"run_id": last.run_id if last else "", "job": job_name, "seconds": timeout or 0},
        hint=f"follow its log, or kill it (Job {job_name})",
    )


def _essence(status: RunStatus) -> tuple[object, ...]:
    """Return state and cause without what changes while the cause is the same: names of new pods, and numbers."""
    cause = status.cause
    if cause and cause.code is CauseCode.IMAGE_PULL:  # the kubelet pulls, and backs off, in turns
        return status.state, cause.code
    texts = (cause.summary, cause.detail, cause.hint) if cause else ()
    pod = re.compile(rf"{re.escape(status.job_name)}-[a-z0-9]{{5}}\b|[0-9]+")
    return status.state, cause and cause.code, *(pod.sub("", text) for text in texts)


def _gone(cluster: Cluster, last: RunStatus, job: Object) -> RunStatus:
    """Return the status of a run whose Job was deleted while it was waited for."""
    events = events_about(cluster, [job])
    found = gone_run_status(last.run_id, last.job_name, job["metadata"]["uid"], events, trigger=last.trigger)
    if found.cause and last.killed_by:
        found = dataclasses.replace(found, cause=Cause(CauseCode.KILLED, f"The run was killed by {last.killed_by}"))
    return dataclasses.replace(
        found,
        scheduled_at=last.scheduled_at,
        created_at=last.created_at,
        started_at=last.started_at,
        killed_by=last.killed_by,
        one_shot=last.one_shot,
        namespace=last.namespace,
    )
