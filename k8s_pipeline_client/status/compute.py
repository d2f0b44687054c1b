"""Computes the state of a run from raw Kubernetes objects.

The Job's conditions decide. Its counters and pods only tell queued from running. One exception is a Job that is
Complete because its retry came after the schedule's end and did nothing: the attempt before it decides. In two more
cases the condition would come never, or too late:

- Container ``main`` has terminated and an injected sidecar keeps the pod running: main's exit code decides.
- The Job is failing (FailureTarget) and its pod is on an unreachable node: long after its grace period it counts
  as terminated.

``SuccessCriteriaMet`` and ``FailureTarget`` alone are not final: the pods are still terminating, and may still write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import Object, label
from k8s_pipeline_client.domain.raw import find, text
from k8s_pipeline_client.status.diagnose import before_start, failure_cause, obstacle, pod_cause
from k8s_pipeline_client.status.job import Job
from k8s_pipeline_client.status.memory import loss_warning
from k8s_pipeline_client.status.models import Attempt, Cause, CauseCode, RunStatus, State
from k8s_pipeline_client.status.pod import Pod
from k8s_pipeline_client.status.retry import retry_of
from k8s_pipeline_client.status.run import Run, read_run
from k8s_pipeline_client.status.waiting import was_started

LOST_AFTER = timedelta(minutes=5)
"""How long after its deletionTimestamp, which includes the grace period, a pod that has not terminated counts as
lost."""

_BY_KILL = (CauseCode.POD_DELETED, CauseCode.SIG_TERM, CauseCode.SIG_KILL)
"""The causes that a pod may have whose run was killed."""


def run_status(job: Object, pods: Iterable[Object], events: Iterable[Object], now: datetime) -> RunStatus:
    """Compute the state of a run and its cause.

    Args:
        job: The raw Job.
        pods: Its raw pods; those of other Jobs are ignored.
        events: Object events; those about other objects are ignored.
        now: The API server's time (its ``Date`` header), aware.

    Returns:
        The status. Invalid or missing fields never raise.
    """
    run = read_run(job, pods, events)
    state, ended_at = _outcome(run, now)
    attempts = tuple(_attempt(pod, run.job) for pod in run.pods)
    return RunStatus(
        run_id=run.job.run_id,
        job_name=run.job.name,
        state=state,
        cause=_cause(run, state),
        trigger=run.job.trigger,
        scheduled_at=run.job.scheduled_at,
        created_at=run.job.created_at,
        started_at=_started_at(run, state, attempts),
        ended_at=ended_at,
        attempts=attempts,
        peak_memory_bytes=max(_peaks(run, attempts), default=None),
        memory_limit=run.job.memory_limit or None,
        killed_by=run.job.killed_by or None,
        warnings=tuple(_warnings(run, state)),
        one_shot=bool(label(job, labels.ONE_SHOT)),
        namespace=text(find(job, "metadata", "namespace")),
        retry=None if state.is_terminal else retry_of(run, now),
        fqn=text(find(job, "metadata", "annotations", labels.FQN)),
        pipeline=text(find(job, "metadata", "labels", labels.PIPELINE)),
    )


def _peaks(run: Run, attempts: tuple[Attempt, ...]) -> list[int]:
    """The measurements on the Job outlive its pods."""
    found = [*(attempt.peak_memory_bytes for attempt in attempts), run.job.peak_memory_bytes]
    return [peak for peak in found if peak]


def _outcome(run: Run, now: datetime) -> tuple[State, datetime | None]:
    conditions = run.job.conditions
    has_succeeded, ended_at = _success(run)
    if has_succeeded:
        return (State.FAILED if run.left_undone else State.SUCCESS), ended_at
    if "Failed" in conditions:
        return State.FAILED, conditions["Failed"].at
    if run.job.is_suspended:
        return State.QUEUED, None
    failed = _pod_whose_main_failed_for_good(run)
    if failed:
        return State.FAILED, _ended_at(failed)
    if _is_lost(run, now):
        return State.FAILED, conditions["FailureTarget"].at
    return (State.RUNNING if _has_begun(run) else State.QUEUED), None


def _success(run: Run) -> tuple[bool, datetime | None]:
    """Return whether an attempt exited with code 0, and when."""
    complete = run.job.conditions.get("Complete")
    if complete:
        return True, run.job.completed_at or complete.at
    if run.job.succeeded_at:
        return True, run.job.succeeded_at
    pod = _pod_whose_main_succeeded(run)
    return pod is not None, _ended_at(pod) if pod else None


def _ended_at(pod: Pod) -> datetime | None:
    return pod.main.end.finished_at if pod.main.end else None


def _pod_whose_main_succeeded(run: Run) -> Pod | None:
    """A pod with sidecars whose ``main`` has succeeded.

    Also after the sidecar has kept the pod until its deadline and the Job is Failed: a run that was reported as a
    success must not become a failure an hour later.
    """
    for pod in run.pods:
        if pod.has_sidecars and pod.main.exit_code == 0 and pod.main_ended_by_itself:
            return pod
    return None


def _pod_whose_main_failed_for_good(run: Run) -> Pod | None:
    """The newest pod, if it has sidecars, ``main`` has failed, and the Job will not retry.

    Without sidecars the Job's condition follows soon, and decides. With them, the status must not change in the second
    or two between the pod's end and the Job's condition.
    """
    pod = run.newest
    if pod is None or not pod.has_sidecars or not pod.main.exit_code or pod.disruption:
        return None
    if pod.main.exit_code in run.job.fail_codes:
        return pod
    seen = sum(1 for other in run.pods if other.phase == "Failed" and not other.disruption)
    not_counted_yet = 0 if pod.is_over else 1
    return pod if max(run.job.failed, seen) + not_counted_yet > run.job.backoff_limit else None


def _is_lost(run: Run, now: datetime) -> bool:
    """No field of a pod says for certain that its node is lost, but a deletion that is not carried out does."""
    if "FailureTarget" not in run.job.conditions:
        return False
    alive = [pod for pod in run.pods if not pod.is_over]
    return bool(alive) and all(pod.deleted_by is not None and now - pod.deleted_by > LOST_AFTER for pod in alive)


def _has_begun(run: Run) -> bool:
    """An attempt is or was running: between two attempts a run stays running.

    The counters omit a pod that was evicted and replaced, and count one as failed that was deleted before it
    started; events have both.
    """
    if any(pod.has_started or pod.is_over for pod in run.pods) or was_started(run.gone_pod_events):
        return True
    if run.job.failed and "FailureTarget" in run.job.conditions:
        return before_start(run) is None
    return run.job.has_counted_pods


def _started_at(run: Run, state: State, attempts: tuple[Attempt, ...]) -> datetime | None:
    starts = [attempt.started_at for attempt in attempts if attempt.started_at]
    if starts:
        return min(starts)
    return None if state is State.QUEUED else run.job.started_at


def _cause(run: Run, state: State) -> Cause | None:
    if state is State.SUCCESS:
        return None
    return failure_cause(run) if state is State.FAILED else obstacle(run)


def _attempt(pod: Pod, job: Job) -> Attempt:
    words = pod.last_words
    started_at, ended_at = pod.main.started_at, _ended_at(pod)
    duration = words.duration_seconds if words else None
    if duration is None and started_at and ended_at:
        duration = (ended_at - started_at).total_seconds()
    return Attempt(
        name=pod.name,
        state=_attempt_state(pod),
        cause=_attempt_cause(pod, job),
        exit_code=pod.main.exit_code,
        started_at=started_at,
        ended_at=ended_at,
        duration_seconds=duration,
        peak_memory_bytes=words.peak_memory_bytes if words else None,
        document_sha256=words.document_sha256 if words else None,
        node=pod.node or None,
    )


def _attempt_cause(pod: Pod, job: Job) -> Cause | None:
    cause = pod_cause(pod)
    if cause and job.killed_by and pod.deleted_by and cause.code in _BY_KILL:
        return Cause(CauseCode.KILLED, f"The attempt was killed by {job.killed_by}")
    return cause


def _attempt_state(pod: Pod) -> State:
    has_succeeded = pod.main.exit_code == 0 and pod.main_ended_by_itself
    if pod.phase == "Succeeded" or has_succeeded:
        return State.SUCCESS
    if pod.phase == "Failed" or pod.main.exit_code:
        return State.FAILED
    return State.RUNNING if pod.has_started else State.QUEUED


def _warnings(run: Run, state: State) -> Iterator[str]:
    job = run.job
    if state is State.SUCCESS and job.killed_by:
        yield f"killed by {job.killed_by}, but it had already succeeded"
    if state is State.SUCCESS and "Failed" in job.conditions:
        failed = job.conditions["Failed"]
        yield f"the Job is Failed ({failed.reason}), but container main had exited with code 0 before"
    for pod in run.pods:
        keepers = [container.name for container in (*pod.others, *pod.inits) if container.is_running]
        if pod.main.end and keepers:
            yield f"container main has terminated; pod {pod.name} is kept running by {', '.join(keepers)}"
        elif state.is_terminal and not pod.is_over and not pod.main.end:
            yield f"pod {pod.name} has not terminated"
    if job.deleted_at and not state.is_terminal:
        yield "the Job is being deleted"
    for pod in run.pods:
        if pod.last_words and pod.last_words.skipped and state is not State.FAILED:
            yield f"nothing was ingested: {pod.last_words.skipped}"
    if state is State.SUCCESS:
        yield from filter(None, (loss_warning(pod.main) for pod in run.pods if pod.main.exit_code == 0))
    documents = {pod.last_words.document_sha256 for pod in run.pods if pod.last_words}
    if len(documents - {None}) > 1:
        yield "its attempts used different versions of the workflow document"
