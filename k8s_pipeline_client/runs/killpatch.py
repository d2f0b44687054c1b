"""The patch that kills a run: who has asked for it, why, and a deadline that has passed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.domain.rfc3339 import rfc3339


def kill_patch(job: Object, *, by: str, now: datetime, more: Mapping[str, str], pinned: bool) -> Object:
    """Return the merge patch that kills a run, and keeps its Job as the record.

    The deadline of a Job that a queue holds suspended does not pass: such a Job is resumed without pods.

    Args:
        job: As it was read.
        by: Who asks, for the record.
        now: The API server's time.
        more: Further annotations of the record, such as why.
        pinned: Only in the version that was read.
    """
    metadata, spec = job["metadata"], job["spec"]
    annotations = {
        labels.KILLED_BY: by,
        labels.KILLED_AT: rfc3339(now),
        labels.NET_SECONDS: str(spec.get("activeDeadlineSeconds") or ""),
        **more,
    }
    version = {"resourceVersion": metadata["resourceVersion"]} if pinned else {}
    held = {"suspend": False, "parallelism": 0} if spec.get("suspend") else {}
    return {
        "metadata": {"uid": metadata["uid"], "annotations": annotations, **version},
        "spec": {"activeDeadlineSeconds": 1, **held},
    }
