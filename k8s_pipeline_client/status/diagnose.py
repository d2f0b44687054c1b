"""Determines the cause of a run: ordered checks over the Job, its pods and the remaining events.

Each check looks for one cause and returns None if it does not apply. Kills come first, then the newest attempt, then
events, then the reason of the Job's condition.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta

from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.status.ended import SIGTERM_CODE, ended_cause, ended_cause_from_events, was_stopped
from k8s_pipeline_client.status.job import Job
from k8s_pipeline_client.status.logtail import told_by_launcher
from k8s_pipeline_client.status.models import Cause, CauseCode
from k8s_pipeline_client.status.pod import Condition, Pod
from k8s_pipeline_client.status.refused import creation_cause
from k8s_pipeline_client.status.run import Run
from k8s_pipeline_client.status.waiting import (
    ended_before_start,
    start_cause_from_events,
    still_starting,
    waiting_cause,
    was_started,
)
from k8s_pipeline_client.status.words import duration_in_words, inline

_AGAIN = "the kubelet looks again within about two minutes, and the run starts then"
"""It does after some 10 s for a container's environment; for a volume after twice as long each time, up to 2 min."""
_SKEW = timedelta(seconds=5)
"""The tolerance for clock differences between a cluster's components, and for their resolution of a second."""


def pod_cause(pod: Pod) -> Cause | None:
    """Why an attempt failed, or why it does not start; None for a healthy one."""
    if pod.phase == "Succeeded":
        return None
    if pod.phase in ("Failed", "Unknown") or pod.main.exit_code:
        return ended_cause(pod)
    return None if pod.has_started else waiting_cause(pod)


def obstacle(run: Run) -> Cause | None:
    """Why an unfinished run does not make progress; None if it is healthy."""
    if run.job.is_suspended:
        return _held(run.job)
    if run.job.killed_by:
        return Cause(CauseCode.KILLED, f"The run is being killed{_by_whom(run.job)}")
    newest = run.newest
    if newest is None or newest.is_over:
        return before_start(run) or creation_cause(run.job_events)
    # The exit code is set before the phase; until then nothing else is pending.
    return None if newest.main.exit_code else _looked_at_again(pod_cause(newest))


def _looked_at_again(cause: Cause | None) -> Cause | None:
    """Add to the hint for a pod that waits for an object that nothing but that object is needed."""
    if cause is None or cause.code is not CauseCode.CONFIG_MISSING:
        return cause
    return dataclasses.replace(cause, hint=f"{cause.hint}; {_AGAIN}")


def _held(job: Job) -> Cause:
    condition = job.conditions.get("Suspended")
    detail = condition.message if condition else ""
    if job.queue:
        return Cause(
            CauseCode.HELD,
            f'The run is held in the queue "{job.queue}"',
            detail,
            "see the queue: kubectl get workloads",
        )
    if job.awaits_secret:
        return Cause(
            CauseCode.HELD,
            "The run waits for the Secret with its document, and whoever started it has not written that",
            detail,
            "start it again if that was interrupted; after a minute the next run, or the reporter, ends this one",
        )
    return Cause(
        CauseCode.HELD,
        "The run is held: its Job is suspended",
        detail,
        "resume the Job (spec.suspend: false), or wait for whoever suspended it",
    )


def _by_whom(job: Job) -> str:
    when = f" at {rfc3339(job.killed_at)}" if job.killed_at else ""
    return f" by {job.killed_by}{when}"


def before_start(run: Run) -> Cause | None:
    """What kept a run from starting; None if it started, or if nothing is known.

    ``status.failed`` does not help: it includes pods that the Job deleted before they started.
    """
    if any(pod.has_started or pod.is_over for pod in run.pods) or was_started(run.gone_pod_events):
        return None
    for pod in reversed(run.pods):
        cause = waiting_cause(pod) or start_cause_from_events(pod.events, run.job.asked)
        if cause:
            return cause
    return start_cause_from_events(run.gone_pod_events, run.job.asked) or creation_cause(run.job_events)


def _left_undone(run: Run) -> Cause | None:
    why = run.left_undone
    if not why:
        return None
    found = _newest_attempt(dataclasses.replace(run, pods=run.failed_pods)) or _gone_pods(run)
    cause = found or Cause(CauseCode.UNKNOWN, "An attempt failed for an unknown reason")
    return dataclasses.replace(cause, summary=f"{cause.summary}; it was not retried: {inline(why)}")


def _kept_from_starting(run: Run) -> Cause | None:
    """What kept a run from starting before it was terminated; what it was doing, if nothing was wrong."""
    found = before_start(run)
    if found or any(pod.has_started or pod.is_over for pod in run.pods):
        return found
    return still_starting([*run.gone_pod_events, *(event for pod in run.pods for event in pod.events)])


def _killed(run: Run) -> Cause | None:
    job = run.job
    if not job.killed_by or _was_over_when_killed(job):
        return None
    if job.killed_because:
        given = job.killed_because
        summary = f"{given.summary}; the run was therefore killed{_by_whom(job)}"
        return dataclasses.replace(given, summary=summary, hint=given.hint.removesuffix(f"; {_AGAIN}"))
    # Not the Job's condition: a kill is carried out by a deadline, which is not the run's own.
    killed = Cause(CauseCode.KILLED, f"The run was killed{_by_whom(job)}")
    root = _kept_from_starting(run)
    if root is None:
        return killed
    # Here the kill is the cause: whoever killed the run knew that it had not started.
    summary = f"{killed.summary} before it started: {inline(root.summary)}"
    return dataclasses.replace(killed, summary=summary, detail=root.detail)


def _was_over_when_killed(job: Job) -> bool:
    """The run had ended, or was about to, when it was killed."""
    failure = job.conditions.get("FailureTarget") or job.conditions.get("Failed")
    if failure is None:
        return False
    if failure.at and job.killed_at and failure.at + _SKEW < job.killed_at:
        return True
    # A kill shows as the Job's deadline; or, if the pod terminates before the Job's status, as the rule for SIGTERM.
    by_kill = _is_by_sigterm(failure)
    return failure.reason in ("BackoffLimitExceeded", "PodFailurePolicy") and not by_kill


def _is_by_sigterm(failure: Condition) -> bool:
    """The Job's rule for an exit by SIGTERM has failed it."""
    return failure.reason == "PodFailurePolicy" and f"exit code {SIGTERM_CODE} " in f"{failure.message} "


def _suspended(run: Run) -> Cause | None:
    """Somebody suspended the Job while it ran.

    The Job controller deletes the pod, and forgets it. It sees the exit code all the same if it looks at the Job
    between the end of the container and the deletion of the Pod object: then the rule for SIGTERM fails the Job.
    """
    failure = run.job.failure
    if failure is None or not run.job.was_suspended or not _is_by_sigterm(failure):
        return None
    return Cause(
        CauseCode.SUSPENDED,
        "The run's Job was suspended while it was running (spec.suspend), and Kubernetes counted the end of its pod "
        f"(exit code {SIGTERM_CODE}) as a failure",
        failure.message,
        "start the run again; a run that is to pause cannot be relied on to go on: kill it, or wait for its end",
    )


def _job_deadline(run: Run) -> Cause | None:
    """The Job's deadline, above the pod's own: Kubernetes deletes the pods, so that little evidence is left."""
    failure = run.job.failure
    if failure is None or failure.reason != "DeadlineExceeded":
        return None
    newest = run.newest
    if newest and newest.others and newest.main.exit_code and newest.main_ended_by_itself:
        return None  # a sidecar kept the pod until the deadline; main had failed long before
    if newest and newest.reason == "DeadlineExceeded":
        return None
    summary = "The run exceeded its Job's deadline" + _of(run.job.deadline)
    root = _kept_from_starting(run)
    if root:
        return ended_before_start(root, summary)
    last = pod_cause(newest) if newest and newest.phase == "Failed" else None
    return Cause(
        CauseCode.DEADLINE_EXCEEDED,
        f"{summary}, retries included; the last attempt: {inline(last.summary)}" if last else summary,
        failure.message,
        "raise the pipeline's deadline, or check the log for what takes so long",
    )


def _of(value: timedelta | None) -> str:
    return f" of {duration_in_words(value)}" if value else ""


def _lost(run: Run) -> Cause | None:
    """The Job is failing, and a pod of it neither terminates nor disappears: only its node could confirm that."""
    if "FailureTarget" not in run.job.conditions or "Failed" in run.job.conditions:
        return None
    pod = next((pod for pod in run.pods if not pod.is_over and pod.deleted_by), None)
    if pod is None or pod.main.end:
        return None
    failure = run.job.failure
    return Cause(
        CauseCode.NODE_LOST,
        f'The run failed ({failure.reason if failure else "FailureTarget"}), and the node "{pod.node}" did not '
        "confirm that its container has terminated",
        failure.message if failure else "",
        "check the node: until it is back, the container may still be running there",
    )


def _newest_attempt(run: Run) -> Cause | None:
    causes = [(pod, pod_cause(pod)) for pod in run.pods if pod.is_over or pod.main.exit_code or pod.phase == "Unknown"]
    if not causes or causes[-1][1] is None:
        return None
    newest = causes[-1][1]
    if len(causes) == 1:
        return newest
    kinds = {(cause.code if cause else None, pod.main.exit_code) for pod, cause in causes}
    count = f"{len(causes)} attempts, all the same" if len(kinds) == 1 else f"{len(causes)} attempts; the last"
    return dataclasses.replace(newest, summary=f"{count}: {inline(newest.summary)}")


def _gone_pods(run: Run) -> Cause | None:
    return ended_cause_from_events(run.gone_pod_events, run.job.asked)


def _never_created(run: Run) -> Cause | None:
    return None if run.job.failed else creation_cause(run.job_events)


def _verdict(run: Run) -> Cause | None:
    failure = run.job.failure
    if failure is None:
        return None
    if failure.reason in ("BackoffLimitExceeded", "PodFailurePolicy") and was_stopped(run.gone_pod_events):
        # A Job does not delete pods for these two reasons: something else did.
        return Cause(
            CauseCode.POD_DELETED,
            "The run's pod was deleted while it was running",
            failure.message,
            "start the run again",
        )
    gone = "its pods are gone, so the reason is unknown"
    if failure.reason == "BackoffLimitExceeded":
        return Cause(
            CauseCode.BACKOFF_LIMIT_EXCEEDED,
            f"The run failed after all retries (backoffLimit {run.job.backoff_limit}); {gone}",
            failure.message,
            "start it again and check its status while its pod exists",
        )
    if failure.reason == "PodFailurePolicy":
        return Cause(
            CauseCode.POD_FAILURE_POLICY,
            f"The run failed with an exit code that is not retried (podFailurePolicy); {gone}",
            failure.message,
            "start the run again",
        )
    return Cause(CauseCode.UNKNOWN, f"The run failed ({failure.reason or 'no reason given'}); {gone}", failure.message)


_FAILURE_CHECKS: tuple[Callable[[Run], Cause | None], ...] = (
    _left_undone,
    _killed,
    _suspended,
    _lost,
    _job_deadline,
    _newest_attempt,
    _gone_pods,
    _never_created,
    _verdict,
)


def failure_cause(run: Run) -> Cause:
    """Why a run failed; Unknown if nothing tells."""
    found = next((cause for check in _FAILURE_CHECKS if (cause := check(run))), None)
    return told_by_launcher(found) if found else Cause(CauseCode.UNKNOWN, "The run failed for an unknown reason")
