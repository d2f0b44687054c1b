"""Waits for the end of runs."""

from __future__ import annotations

from collections.abc import Callable

from k8s_pipeline_client.cluster.port import Cluster, Kind
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import is_finished, label
from k8s_pipeline_client.errors import WaitTimeoutError
from k8s_pipeline_client.inventory.lookup import pods_of
from k8s_pipeline_client.inventory.read import Reader
from k8s_pipeline_client.polling import poll
from k8s_pipeline_client.runs.measures import keep_measures
from k8s_pipeline_client.runs.sidecars import stop_sidecars
from k8s_pipeline_client.status import RunStatus


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
        on_change: Called initially, and whenever state or cause have changed.

    Raises:
        WaitTimeoutError: The timeout expired; the run continues.
        NotFoundError: The Job was deleted.
    """
    last: RunStatus | None = None
    resource = job_name
    for _ in poll(timeout, first=0.2):
        job = cluster.get(Kind.JOB, job_name)
        status = reader.run(job)
        resource = label(job, labels.PIPELINE) or job_name
        if last is None or (status.state, status.cause) != (last.state, last.cause):
            on_change(status)
        last = status
        if status.attempts and status.attempts[-1].exit_code is not None and not is_finished(job):
            stop_sidecars(cluster, job, pods_of(cluster, job_name))
        if status.state.is_terminal:
            keep_measures(cluster, status)
            return status
    raise WaitTimeoutError(
        f"run {last.run_id if last else job_name} is still {last.state if last else 'unknown'} "
        f"after {timeout:.0f} s; it continues",
        code="RunNotEnded",
        facts={"run_id": last.run_id if last else "", "job": job_name, "resource": resource, "seconds": timeout or 0},
        hint=f"follow its log, or kill it (Job {job_name})",
    )
