"""Ends runs that cannot start, and keeps finished Jobs until their ends are reported."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from k8s_pipeline_client.cluster.port import Cluster, Kind, Propagation
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import annotation, is_finished
from k8s_pipeline_client.errors import ConflictError, InvalidError, NotFoundError
from k8s_pipeline_client.inventory.lookup import pods_of
from k8s_pipeline_client.jsonlog import FACTS
from k8s_pipeline_client.reporter.observe import Seen
from k8s_pipeline_client.reporter.situation import lost_pods, start_deadline
from k8s_pipeline_client.runs.kill import end_for
from k8s_pipeline_client.status import Cause, CauseCode, run_status

_LOG = logging.getLogger(__name__)

BY = "the reporter"
"""Who has asked for the end of a run that the reporter ends."""
_TTL_MARGIN = timedelta(minutes=15)
_MORE_TTL = timedelta(hours=2)


def end_what_cannot_start(cluster: Cluster, seen: Seen, default: timedelta, now: datetime) -> Cause | None:
    """End a run whose start timeout is over; return why it did not start, None where it is left alone."""
    deadline = start_deadline(seen.job, seen.pods, seen.status, default)
    if deadline is None or now < deadline:
        return None
    # Once more, for it may have started by now; and only as it is read here.
    try:
        job = cluster.get(Kind.JOB, seen.job["metadata"]["name"])
    except NotFoundError:
        return None
    pods = pods_of(cluster, job["metadata"]["name"])
    deadline = start_deadline(job, pods, run_status(job, pods, (), now), default)
    if job["metadata"]["uid"] != seen.job["metadata"]["uid"] or deadline is None or now < deadline:
        return None
    waited = int((now - deadline).total_seconds())
    found = seen.status.cause or Cause(CauseCode.UNKNOWN, "The run did not start, for an unknown reason")
    cause = replace(found, summary=f"{found.summary}; killed: not started within startTimeoutSeconds")
    if not end_for(cluster, job, cause, by=BY, now=now):
        return None
    facts = {"run": seen.run_id, "cause": str(found.code), "secondsLate": waited}
    _LOG.info(
        "run %s killed: not started within startTimeoutSeconds (%s)", seen.run_id, found.code, extra={FACTS: facts}
    )
    return cause


def give_up_lost_pods(cluster: Cluster, seen: Seen, now: datetime) -> bool:
    """End a run on a node that is lost, and force-delete its pods; return whether there are any.

    The Job is ended first: it keeps a finalizer on its pods until then, and would start the run again, beside one
    that may still be writing.
    """
    lost = lost_pods(seen.pods, now)
    if not lost:
        return False
    job = cluster.get(Kind.JOB, seen.job["metadata"]["name"])
    if job["metadata"]["uid"] != seen.job["metadata"]["uid"] or job["spec"].get("suspend"):
        return False  # what is suspended begins nothing, and is for those to end who suspended it
    if not is_finished(job) and not annotation(job, labels.KILLED_BY):
        node = next((pod["spec"].get("nodeName") for pod in lost if pod["spec"].get("nodeName")), "")
        summary = f"The node {node} of the run was lost; it may still be writing, and its pod was force-deleted"
        end_for(cluster, job, Cause(CauseCode.NODE_LOST, summary, hint="check the node"), by=BY, now=now)
    for pod in lost:
        metadata = pod["metadata"]
        cluster.delete(Kind.POD, metadata["name"], Propagation.BACKGROUND, uid=metadata["uid"], grace_seconds=0)
        _LOG.warning("force-deleted pod %s of run %s: its node is lost", metadata["name"], seen.run_id)
    return True


def keep_until_reported(cluster: Cluster, seen: Seen, now: datetime) -> bool:
    """Raise the TTL of a finished Job that would go before its end is reported; return whether it was raised."""
    ttl = seen.job["spec"].get("ttlSecondsAfterFinished")
    ended = seen.status.ended_at
    if not seen.has_ended or not isinstance(ttl, int) or ended is None:
        return False
    if ended + timedelta(seconds=ttl) - now > _TTL_MARGIN:
        return False
    seconds = int((now - ended + _MORE_TTL).total_seconds())
    patch = {"metadata": {"uid": seen.job["metadata"]["uid"]}, "spec": {"ttlSecondsAfterFinished": seconds}}
    with suppress(NotFoundError, ConflictError, InvalidError):
        cluster.merge(Kind.JOB, seen.job["metadata"]["name"], patch)
    return True
