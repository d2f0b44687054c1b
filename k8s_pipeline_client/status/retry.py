"""What is known of a run between two attempts: why the last one failed, and when the next one begins."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from k8s_pipeline_client.domain.raw import shifted
from k8s_pipeline_client.status.diagnose import pod_cause
from k8s_pipeline_client.status.logtail import told_by_launcher
from k8s_pipeline_client.status.models import Cause, CauseCode, Retry
from k8s_pipeline_client.status.pod import Pod
from k8s_pipeline_client.status.run import Run
from k8s_pipeline_client.status.words import duration_in_words, inline

_FIRST_PAUSE = timedelta(seconds=10)
_LONGEST_PAUSE = timedelta(minutes=10)
"""Of the Job controller: `DefaultJobPodFailureBackOff` and `MaxJobPodFailureBackOff`."""


def retry_of(run: Run, now: datetime) -> Retry | None:
    """Return what is to be known of the last attempt that failed; None where none has, or the Job ends with it.

    Args:
        run: One that has not ended.
        now: The API server's time.
    """
    job = run.job
    failed = run.failed_pods
    if not failed or job.killed_by or job.is_suspended or job.failure or job.deleted_at:
        return None
    last = failed[-1]
    counted = [pod for pod in failed if not pod.disruption]
    # Of attempts whose pods are gone the Job has only the number, and that a little late.
    number = max(job.failed, len(counted))
    is_counted = last.disruption is None
    if is_counted and (number > job.backoff_limit or last.main.exit_code in job.fail_codes):
        return None
    cause = told_by_launcher(pod_cause(last) or Cause(CauseCode.UNKNOWN, "It failed for an unknown reason"))
    has_next = run.newest is not last
    next_at = None if has_next else _next_at(last, max(job.failed, len(failed)))
    if is_counted:
        which = f"attempt {number} of {job.backoff_limit + 1} failed"
    else:
        which = "an attempt was ended from outside, which does not count"
    summary = f"{which}: {inline(cause.summary)}; {_what_follows(next_at, now, has_next=has_next)}"
    return Retry(last.name, number, job.backoff_limit + 1, cause, next_at, summary)


def _next_at(pod: Pod, failures: int) -> datetime | None:
    """Return when the Job controller makes the next pod: 10 s after a failure, then 20 s, 40 s, up to 10 min."""
    ends = [item.end.finished_at for item in (pod.main, *pod.others, *pod.inits) if item.end and item.end.finished_at]
    pause = min(_FIRST_PAUSE * 2 ** min(failures - 1, 10), _LONGEST_PAUSE)
    return shifted(max(ends, default=None), pause)


def _what_follows(next_at: datetime | None, now: datetime, *, has_next: bool) -> str:
    if has_next:
        return "the next one has begun"
    left = ceil((next_at - now).total_seconds()) if next_at else 0
    if left <= 0:
        return "the next one is about to begin"
    return f"the next one begins in about {duration_in_words(timedelta(seconds=left))}"
