"""Reads the log of a run: of its newest attempt, or on and on from one attempt to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from k8s_pipeline_client.client.jobs import annotation, is_finished
from k8s_pipeline_client.client.waiting import poll
from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import NotFoundError
from k8s_pipeline_client.render.pod import MAIN_CONTAINER

Note = Callable[[str], None]
"""Takes what a person should know and what is not part of the log."""


def read_log(
    cluster: Cluster, job: Object, *, tail_lines: int | None, since_seconds: int | None, note: Note
) -> Iterator[bytes]:
    """Yield the log of the newest attempt of a run, as far as there is one."""
    pod = _newest(_pods(cluster, job))
    if pod is None:
        tail = annotation(job, labels.LOG_TAIL)
        if tail:
            note("the pod is gone; these are the last lines that were kept when the run was killed")
            yield tail.encode()
        else:
            note("there is no pod, so there is no log; see k8s-pipeline status")
        return
    if not _has_started(pod):
        note(f"Pod {pod['metadata']['name']} has not started, so there is no log yet; follow it with -f")
        return
    yield from cluster.read_log(
        pod["metadata"]["name"], container=MAIN_CONTAINER, tail_lines=tail_lines, since_seconds=since_seconds
    )


def follow_log(
    cluster: Cluster,
    job: Object,
    *,
    tail_lines: int | None = None,
    since_seconds: int | None = None,
    timeout: float | None = None,
    note: Note,
) -> Iterator[bytes]:
    """Yield the log from before the pod's start to the end of the run, across its retries.

    Ends when the run has ended, or when the time is over.
    """
    seen: set[str] = set()
    name = job["metadata"]["name"]
    for _ in poll(timeout, first=0.2, longest=1.0):
        pods = _pods(cluster, job)
        fresh = [pod for pod in _by_age(pods) if pod["metadata"]["uid"] not in seen and _has_started(pod)]
        if not seen:
            fresh = fresh[-1:]  # of attempts that are over already, only the newest
        for pod in fresh:
            seen.add(pod["metadata"]["uid"])
            if len(seen) > 1:
                note(f"attempt {len(seen)}: Pod {pod['metadata']['name']}")
            yield from cluster.read_log(
                pod["metadata"]["name"],
                container=MAIN_CONTAINER,
                follow=True,
                tail_lines=tail_lines,
                since_seconds=since_seconds,
            )
            tail_lines = since_seconds = None  # they are about what was before we came
        if not fresh and _is_over(cluster, name):
            break
    if not seen:
        note("no pod of this run has ever started, so there is no log; see k8s-pipeline status")


def _is_over(cluster: Cluster, job_name: str) -> bool:
    try:
        return is_finished(cluster.get(Kind.JOB, job_name))
    except NotFoundError:
        return True


def _pods(cluster: Cluster, job: Object) -> list[Object]:
    return cluster.list(Kind.POD, labels=f"{labels.JOB_NAME}={job['metadata']['name']}")


def _by_age(pods: list[Object]) -> list[Object]:
    return sorted(pods, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))


def _newest(pods: list[Object]) -> Object | None:
    return _by_age(pods)[-1] if pods else None


def _has_started(pod: Object) -> bool:
    for status in (pod.get("status") or {}).get("containerStatuses") or []:
        if status["name"] == MAIN_CONTAINER:
            return any(key in status.get("state", {}) for key in ("running", "terminated"))
    return False
