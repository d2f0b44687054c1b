"""Parses a Job into the facts that determine a run's status."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import MAIN_CONTAINER, Object, label, run_id
from k8s_pipeline_client.domain.raw import find, items, mapping, moment, number, span, text
from k8s_pipeline_client.status.asked import Asked, read_asked
from k8s_pipeline_client.status.models import Cause, Trigger
from k8s_pipeline_client.status.pod import Condition, read_conditions

ABANDONED_AFTER = timedelta(minutes=1)
"""So long whoever starts a run is given to write the Secret with its document; the service has ten seconds."""
_INSTANTIATE = "cronjob.kubernetes.io/instantiate"
_DEFAULT_BACKOFF_LIMIT = 6


@dataclass(frozen=True, slots=True)
class Job:
    """The relevant fields of a Job.

    Attributes:
        run_id: The label, else the UID.
        conditions: Those with status True, by type.
        asked: What its pods reference.
        memory_limit: The memory limit of container ``main``; may be empty.
        cpu_limit: Its CPU limit; may be empty.
        peak_memory_bytes: The annotation that is written when the run ends.
        deadline: ``spec.activeDeadlineSeconds``, before a kill.
        failed: Failed pods that count against backoffLimit, those not yet counted in the status included.
        has_counted_pods: Whether a counter shows that a pod ran.
        fail_codes: The exit codes of ``main`` that fail the Job at once (podFailurePolicy, FailJob, In).
        is_suspended: ``spec.suspend``; without that, the condition Suspended.
        was_suspended: Either of the two: a Job that has failed keeps its conditions.
        queue: The Kueue queue; empty without one.
        killed_because: The cause that was recorded with the kill.
        succeeded_at: When main succeeded, if the pod was terminated afterwards because of its sidecars.
        awaits_secret: It is suspended by this program, until the Secret with its document is there.
    """

    name: str
    uid: str
    run_id: str
    trigger: Trigger
    conditions: dict[str, Condition]
    asked: Asked
    memory_limit: str
    cpu_limit: str
    peak_memory_bytes: int | None
    deadline: timedelta | None
    backoff_limit: int
    failed: int
    has_counted_pods: bool
    fail_codes: frozenset[int]
    is_suspended: bool
    was_suspended: bool
    queue: str
    killed_by: str
    killed_at: datetime | None
    killed_because: Cause | None
    succeeded_at: datetime | None
    scheduled_at: datetime | None
    created_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    deleted_at: datetime | None
    awaits_secret: bool = False

    @property
    def failure(self) -> Condition | None:
        """The condition Failed, or FailureTarget."""
        return self.conditions.get("Failed") or self.conditions.get("FailureTarget")

    @property
    def abandoned_at(self) -> datetime | None:
        """From when on nobody is about to write the Secret that it waits for; None if it waits for none."""
        return self.created_at + ABANDONED_AFTER if self.awaits_secret and self.created_at else None


def _read_trigger(raw: Object) -> Trigger:
    annotations = mapping(find(raw, "metadata", "annotations"))
    if label(raw, labels.APP_RUN_ID):
        return Trigger.MANUAL
    # kubectl sets the same controller reference as the CronJob controller, so that does not distinguish them.
    if labels.CRONJOB_SCHEDULED_AT in annotations and _INSTANTIATE not in annotations:
        return Trigger.SCHEDULED
    return Trigger.BY_HAND


def _read_fail_codes(spec: Object) -> frozenset[int]:
    codes: set[int] = set()
    for rule in items(find(spec, "podFailurePolicy", "rules")):
        on_exit = mapping(rule.get("onExitCodes"))
        is_for_main = text(on_exit.get("containerName")) in ("", MAIN_CONTAINER)
        values = on_exit.get("values")
        is_simple = rule.get("action") == "FailJob" and on_exit.get("operator") == "In"
        if is_simple and is_for_main and isinstance(values, list):
            codes.update(code for code in map(number, values) if code is not None)
    return frozenset(codes)


def _read_main(spec: Object) -> Object:
    containers = items(find(spec, "template", "spec", "containers"))
    named = [container for container in containers if container.get("name") == MAIN_CONTAINER]
    return mapping((named or containers or [{}])[0])


def _read_whole(annotation: object) -> int | None:
    value = text(annotation)
    return int(value) if value.isascii() and value.isdecimal() else None


def _read_killed_because(annotations: Object) -> Cause | None:
    try:
        return Cause.from_dict(mapping(json.loads(text(annotations.get(labels.KILLED_BECAUSE)))))
    except (ValueError, RecursionError):
        return None


def read_job(raw: Object) -> Job:
    """Parse a raw Job."""
    metadata, spec, status = (mapping(raw.get(key)) for key in ("metadata", "spec", "status"))
    annotations = mapping(metadata.get("annotations"))
    conditions = {kind: condition for kind, condition in read_conditions(raw).items() if condition.status == "True"}
    uncounted = find(status, "uncountedTerminatedPods", "failed")
    failed = (number(status.get("failed")) or 0) + (len(uncounted) if isinstance(uncounted, list) else 0)
    backoff_limit = number(spec.get("backoffLimit"))
    uid = text(metadata.get("uid"))
    main = _read_main(spec)
    return Job(
        name=text(metadata.get("name")),
        uid=uid,
        run_id=run_id(raw),
        trigger=_read_trigger(raw),
        conditions=conditions,
        asked=read_asked(mapping(find(spec, "template", "spec")), text(main.get("image"))),
        memory_limit=text(find(main, "resources", "limits", "memory")),
        cpu_limit=text(find(main, "resources", "limits", "cpu")),
        peak_memory_bytes=_read_whole(annotations.get(labels.PEAK_MEMORY)),
        # A kill replaces this deadline.
        deadline=span(_read_whole(annotations.get(labels.NET_SECONDS)) or number(spec.get("activeDeadlineSeconds"))),
        backoff_limit=_DEFAULT_BACKOFF_LIMIT if backoff_limit is None else backoff_limit,
        failed=failed,
        has_counted_pods=failed > 0 or any(number(status.get(key)) for key in ("ready", "succeeded")),
        fail_codes=_read_fail_codes(spec),
        # The condition follows the spec with a delay.
        is_suspended=bool(spec.get("suspend", "Suspended" in conditions)),
        was_suspended=bool(spec.get("suspend")) or "Suspended" in conditions,
        queue=label(raw, labels.QUEUE_NAME),
        killed_by=text(annotations.get(labels.KILLED_BY)),
        killed_at=moment(annotations.get(labels.KILLED_AT)),
        killed_because=_read_killed_because(annotations),
        succeeded_at=moment(annotations.get(labels.SUCCEEDED_AT)),
        scheduled_at=moment(annotations.get(labels.CRONJOB_SCHEDULED_AT)),
        created_at=moment(metadata.get("creationTimestamp")),
        started_at=moment(status.get("startTime")),
        completed_at=moment(status.get("completionTime")),
        deleted_at=moment(metadata.get("deletionTimestamp")),
        awaits_secret=spec.get("suspend") is True and text(annotations.get(labels.AWAITS_SECRET)) == "true",
    )
