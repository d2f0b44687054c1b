"""The result of a run whose Job is gone, from its events: they outlive it by about an hour."""

from __future__ import annotations

from collections.abc import Iterable

from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.status.asked import Asked
from k8s_pipeline_client.status.ended import ended_cause_from_events
from k8s_pipeline_client.status.events import Event, events_about, events_of_gone_pods, read_events
from k8s_pipeline_client.status.models import Cause, CauseCode, RunStatus, State, Trigger

_ENDS = {
    "Completed": None,
    "DeadlineExceeded": (
        CauseCode.DEADLINE_EXCEEDED,
        "The run exceeded its Job's deadline, or was killed (which uses the deadline)",
    ),
    "BackoffLimitExceeded": (CauseCode.BACKOFF_LIMIT_EXCEEDED, "The run failed after all retries"),
    "PodFailurePolicy": (
        CauseCode.POD_FAILURE_POLICY,
        "The run failed with an exit code that is not retried (podFailurePolicy)",
    ),
}


def gone_run_status(
    run_id: str, job_name: str, job_uid: str, events: Iterable[Object], *, trigger: Trigger = Trigger.BY_HAND
) -> RunStatus:
    """Compute the final state of a run whose Job is gone.

    Call it only after a 404 for the Job: a failed read does not mean that it is gone.

    Args:
        run_id: The run's id.
        job_name: The name of its Job.
        job_uid: The UID of its Job.
        events: Object events; those about other objects are ignored.
        trigger: What created it, if known.

    Returns:
        A terminal status; ``JobDeleted`` if no event tells how it ended.
    """
    known = read_events(list(events))
    about_job = events_about(job_uid, known)
    end = next((event for event in reversed(about_job) if event.reason in _ENDS), None)
    cause = None if end and end.reason == "Completed" else _cause(end, events_of_gone_pods(job_name, (), known))
    return RunStatus(
        run_id=run_id,
        job_name=job_name,
        state=State.FAILED if cause else State.SUCCESS,
        trigger=trigger,
        cause=cause,
        ended_at=end.at if end else None,
        warnings=("the Job is gone: this status is from its events",),
    )


def _cause(end: Event | None, pod_events: tuple[Event, ...]) -> Cause:
    by_pod = ended_cause_from_events(pod_events, Asked())
    if by_pod:
        return by_pod
    known = _ENDS.get(end.reason) if end else None
    if end and known:
        code, summary = known
        return Cause(code, f"{summary}; its Job is gone", end.message)
    return Cause(
        CauseCode.JOB_DELETED,
        "The run's Job was deleted, so its result is unknown",
        "",
        "start the run again",
    )
