"""Raw Jobs, pods, events and CronJobs: realistic where it matters, overridable everywhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

Obj = dict[str, Any]

START = datetime(2025, 6, 1, 12, 0, 0, tzinfo=UTC)
"""When every run here was created. Other times are seconds after it."""

JOB = "om-postgres-metadata-1a2b3c-r7k2m"
JOB_UID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
RUN_ID = "0b6f1c9e-1f5c-4f51-9d2c-9a7f6f7b7a11"
IMAGE = "registry.example/ingestion:1.12.14"
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def now(seconds: float = 600) -> datetime:
    return START + timedelta(seconds=seconds)


def condition(kind: str, reason: str = "", message: str = "", seconds: float = 300, status: str = "True") -> Obj:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": at(seconds),
        "lastProbeTime": at(seconds),
    }


def complete(seconds: float = 60) -> list[Obj]:
    words = ("CompletionsReached", "Reached expected number of succeeded pods", seconds)
    return [condition("SuccessCriteriaMet", *words), condition("Complete", *words)]


def failed(reason: str = "BackoffLimitExceeded", message: str = "", seconds: float = 300) -> list[Obj]:
    messages = {
        "BackoffLimitExceeded": "Job has reached the specified backoff limit",
        "DeadlineExceeded": "Job was active longer than specified deadline",
        "PodFailurePolicy": f"Container main for pod om/{JOB}-4xk2p failed with exit code 143 matching "
        "FailJob rule at index 1",
    }
    words = (reason, message or messages.get(reason, ""), seconds)
    return [condition("FailureTarget", *words), condition("Failed", *words)]


def job(
    conditions: list[Obj] | None = None,
    *,
    annotations: Obj | None = None,
    labels: Obj | None = None,
    backoff_limit: int = 0,
    deadline: int = 8_130,
    suspend: bool = False,
    **status: Any,
) -> Obj:
    """A Job of ours; ``status`` holds counters and the like."""
    if any(one["type"] == "Complete" for one in conditions or ()):
        status.setdefault("completionTime", conditions[-1]["lastTransitionTime"] if conditions else None)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": JOB,
            "namespace": "om",
            "uid": JOB_UID,
            "creationTimestamp": at(0),
            "labels": {"app.kubernetes.io/run-id": RUN_ID} if labels is None else labels,
            "annotations": annotations or {},
        },
        "spec": {
            "suspend": suspend,
            "backoffLimit": backoff_limit,
            "activeDeadlineSeconds": deadline,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {
                "rules": [
                    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
                    {
                        "action": "FailJob",
                        "onExitCodes": {"containerName": "main", "operator": "In", "values": [143]},
                    },
                ]
            },
            "template": {"spec": {"containers": [{"name": "main", "image": IMAGE}]}},
        },
        "status": {"startTime": at(0), "conditions": conditions or [], **status},
    }


def waiting(reason: str, message: str = "") -> Obj:
    return {"waiting": {"reason": reason, "message": message} if message else {"reason": reason}}


def running(seconds: float = 3) -> Obj:
    return {"running": {"startedAt": at(seconds)}}


def terminated(
    exit_code: int,
    reason: str = "Error",
    message: str = "",
    *,
    started: float | None = 3,
    finished: float = 60,
) -> Obj:
    end = {
        "exitCode": exit_code,
        "reason": reason,
        "startedAt": None if started is None else at(started),
        "finishedAt": at(finished),
        "containerID": "containerd://4f1c",
    }
    return {"terminated": {**end, "message": message} if message else end}


def last_words(cause: str = "", **more: Any) -> str:
    """The launcher's termination message; without a cause, the one that it writes at the start."""
    words = {"documentSha256": SHA, "peakMemoryBytes": 503 * 2**20, **more}
    return json.dumps({**words, "cause": cause} if cause else words)


def container(name: str, state: Obj, *, last_state: Obj | None = None) -> Obj:
    return {
        "name": name,
        "image": IMAGE if name == "main" else f"registry.example/{name}:1",
        "state": state,
        "lastState": last_state or {},
        "ready": "running" in state,
        "restartCount": 0,
    }


def pod(
    state: Obj | None = None,
    phase: str = "Failed",
    *,
    name: str = f"{JOB}-4xk2p",
    uid: str = "pod-1",
    created: float = 0,
    others: dict[str, Obj] | None = None,
    inits: dict[str, Obj] | None = None,
    deadline: int | None = 7_200,
    last_state: Obj | None = None,
    conditions: list[Obj] | None = None,
    deleted: float | None = None,
    image: str = IMAGE,
    **status: Any,
) -> Obj:
    """A pod of that Job; ``state`` is that of its container ``main``."""
    metadata: Obj = {
        "name": name,
        "namespace": "om",
        "uid": uid,
        "creationTimestamp": at(created),
        "labels": {"batch.kubernetes.io/controller-uid": JOB_UID, "batch.kubernetes.io/job-name": JOB},
    }
    if deleted is not None:
        metadata |= {"deletionTimestamp": at(deleted), "deletionGracePeriodSeconds": 30}
    statuses = [container("main", state, last_state=last_state)] if state else []
    statuses += [container(other, its_state) for other, its_state in (others or {}).items()]
    main_spec = {"name": "main", "image": image, "resources": {"limits": {"memory": "512Mi"}}}
    spec: Obj = {
        "nodeName": "node-1",
        "restartPolicy": "Never",
        "activeDeadlineSeconds": deadline,
        "terminationGracePeriodSeconds": 30,
        "containers": [main_spec, *({"name": other, "image": other} for other in others or ())],
        "initContainers": [{"name": init, "image": init} for init in inits or ()],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": spec,
        "status": {
            "phase": phase,
            "startTime": at(created),
            "conditions": conditions or [],
            "containerStatuses": statuses,
            "initContainerStatuses": [container(init, its_state) for init, its_state in (inits or {}).items()],
            **status,
        },
    }


def event(reason: str, message: str, *, about: str = "job", seconds: float = 10, **more: Any) -> Obj:
    """An Event about the Job (``about="job"``), the pod of that UID, or, with a name in it, a pod that is gone."""
    if about == "job":
        involved = {"kind": "Job", "name": JOB, "namespace": "om", "uid": JOB_UID}
    else:
        name = about if "-" in about and not about.startswith("pod-") else f"{JOB}-4xk2p"
        involved = {"kind": "Pod", "name": name, "namespace": "om", "uid": about}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{JOB}.17e5", "namespace": "om", "creationTimestamp": at(seconds)},
        "involvedObject": involved,
        "reason": reason,
        "message": message,
        "type": "Warning",
        "count": 1,
        "firstTimestamp": at(seconds),
        "lastTimestamp": at(seconds),
        "eventTime": None,
        **more,
    }


KILLED = {"k8s-pipeline/killed-by": "anna", "k8s-pipeline/killed-at": at(100)}

SCHEDULED = {"batch.kubernetes.io/cronjob-scheduled-timestamp": at(0)}


def cronjob(
    *, annotations: Obj | None = None, metadata: Obj | None = None, status: Obj | None = None, **spec: Any
) -> Obj:
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {
            "name": "om-postgres-metadata-1a2b3c",
            "creationTimestamp": at(-86_400),
            "annotations": {
                "k8s-pipeline/name": "postgres-metadata",
                "k8s-pipeline/fqn": "postgres.postgres-metadata",
                "k8s-pipeline/display-name": "Postgres: metadata",
                "k8s-pipeline/service": "postgres",
                "k8s-pipeline/service-type": "databaseService",
                "k8s-pipeline/pipeline-type": "metadata",
                **(annotations or {}),
            },
            **(metadata or {}),
        },
        "spec": {
            "schedule": "0 * * * *",
            "timeZone": "Europe/Berlin",
            "suspend": False,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 600,
            **spec,
        },
        "status": status or {},
    }
