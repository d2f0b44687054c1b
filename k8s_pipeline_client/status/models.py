"""The status of a run and of a pipeline: frozen values, without Kubernetes objects in them.

Every ``as_dict()`` gives the camelCase shape of ``-o json``: all keys are always present (``null`` if
unknown), times are RFC 3339 in UTC with a ``Z``. Adding a key is compatible; renaming one is not.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from k8s_pipeline_client.domain.rfc3339 import rfc3339


class State(StrEnum):
    """The state of a run."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"

    @property
    def is_terminal(self) -> bool:
        """Whether the state is final."""
        return self in (State.SUCCESS, State.FAILED)


class Trigger(StrEnum):
    """What created the Job of a run."""

    SCHEDULED = "scheduled"
    """The CronJob controller."""
    MANUAL = "manual"
    """This program: the Job has a run id label."""
    BY_HAND = "by-hand"
    """A person, with ``kubectl create job --from=cronjob/…``."""


class CauseCode(StrEnum):
    """The cause of a failure. The values are stable; the messages are not.

    ======================  ==================================================================================
    ended
    ----------------------------------------------------------------------------------------------------------
    Killed                  the run was killed on request (annotation ``k8s-pipeline/killed-by``)
    DeadlineExceeded        the deadline of the pod, or of the Job
    OOMKilled               a container exceeded its memory limit and was killed (exit code 137)
    SigKill                 exit code 137 without OOMKilled: memory, or SIGTERM ignored during the grace period
    SigTerm                 exit code 143 that neither a deadline, a kill nor a disruption explains
    Suspended               its Job was suspended while it ran, and Kubernetes counted the exit code 143 of its pod
    ExitCode                container ``main`` exited with a code of its own; with the launcher's message, if any
    InitFailed              an init container failed, or had not completed at the run's deadline
    Evicted                 by the kubelet (own limits, node pressure, shutdown) or the eviction API (drain)
    Preempted               by a pod of higher priority
    NodeLost                the node is unreachable or gone, or does not know the container
    NodeRefused             the kubelet did not admit the pod (OutOfcpu, NodeAffinity, …)
    PodDeleted              the pod was deleted
    JobDeleted              the Job was deleted, and the result is unknown
    PodFailurePolicy        the Job's podFailurePolicy failed it, and its pods are gone
    BackoffLimitExceeded    all retries failed, and the pods are gone
    ----------------------------------------------------------------------------------------------------------
    does not start          (of a queued run, or of a failed one that never started)
    ----------------------------------------------------------------------------------------------------------
    Held                    the Job is suspended (by a queue, for example), or its pod has scheduling gates
    Unschedulable           no node fits the pod, or its PersistentVolumeClaim is missing or not bound
    QuotaExceeded           the pod exceeds a ResourceQuota
    AdmissionRefused        anything else at admission: Pod Security, webhook, LimitRange, missing ServiceAccount
    ImagePull               the image cannot be pulled
    ConfigMissing           a Secret, ConfigMap, or a key in one, does not exist
    MountFailed             a volume cannot be mounted for another reason
    StartError              the container cannot be created or its command cannot be executed
    Missed                  (of a run that never was) it was due, and Kubernetes made no Job for it
    ----------------------------------------------------------------------------------------------------------
    in the log              (read by `diagnose` only; `status` has ExitCode, DeadlineExceeded or nothing; but for
                            VersionMismatch, which the launcher's last words tell)
    ----------------------------------------------------------------------------------------------------------
    VersionMismatch         the ingestion image and the OpenMetadata server have different versions
    TokenRejected           the OpenMetadata server rejected the run's token (401)
    ServerUnreachable       the run could not connect to the OpenMetadata server
    SourceRefused           the source, such as a database, rejected the login
    SourceUnreachable       the run could not connect to the source
    SlowStart               it was throttled by a low CPU limit while it started
    ----------------------------------------------------------------------------------------------------------
    Unknown                 it failed for an unknown reason
    ======================  ==================================================================================
    """

    KILLED = "Killed"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    OOM_KILLED = "OOMKilled"
    SIG_KILL = "SigKill"
    SIG_TERM = "SigTerm"
    SUSPENDED = "Suspended"
    EXIT_CODE = "ExitCode"
    INIT_FAILED = "InitFailed"
    EVICTED = "Evicted"
    PREEMPTED = "Preempted"
    NODE_LOST = "NodeLost"
    NODE_REFUSED = "NodeRefused"
    POD_DELETED = "PodDeleted"
    JOB_DELETED = "JobDeleted"
    POD_FAILURE_POLICY = "PodFailurePolicy"
    BACKOFF_LIMIT_EXCEEDED = "BackoffLimitExceeded"
    HELD = "Held"
    UNSCHEDULABLE = "Unschedulable"
    QUOTA_EXCEEDED = "QuotaExceeded"
    ADMISSION_REFUSED = "AdmissionRefused"
    IMAGE_PULL = "ImagePull"
    CONFIG_MISSING = "ConfigMissing"
    MOUNT_FAILED = "MountFailed"
    START_ERROR = "StartError"
    MISSED = "Missed"
    VERSION_MISMATCH = "VersionMismatch"
    TOKEN_REJECTED = "TokenRejected"
    SERVER_UNREACHABLE = "ServerUnreachable"
    SOURCE_REFUSED = "SourceRefused"
    SOURCE_UNREACHABLE = "SourceUnreachable"
    SLOW_START = "SlowStart"
    UNKNOWN = "Unknown"


_FOR_PEOPLE: Mapping[str, bool] = MappingProxyType({"json": False})
"""The metadata of a field that ``as_dict()`` leaves out."""


class Json:
    """Mixin with ``as_dict()`` for dataclasses."""

    __slots__ = ()

    def as_dict(self) -> dict[str, Any]:
        """The camelCase, JSON-able shape of this value; every key is always present."""
        fields = dataclasses.fields(self)  # type: ignore[arg-type]  # every subclass is a dataclass
        shown = (each.name for each in fields if each.metadata.get("json", True))
        return {_camel(name): _plain(getattr(self, name)) for name in shown}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _plain(value: Any) -> Any:
    if isinstance(value, Json):
        return value.as_dict()
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class Cause(Json):
    """Why a run failed, or why it does not start.

    Attributes:
        code: Stable, for programs.
        summary: One sentence for a person, without a full stop.
        detail: Kubernetes' own message; may be empty.
        hint: What to do about it; may be empty.
    """

    code: CauseCode
    summary: str
    detail: str = ""
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.summary} — {self.hint}" if self.hint else self.summary

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Cause:
        """Parse the output of ``as_dict()``.

        Raises:
            ValueError: The code is unknown, or there is no summary.
        """
        words = {key: value.get(key) for key in ("summary", "detail", "hint")}
        texts = {key: word if isinstance(word, str) else "" for key, word in words.items()}
        if not texts["summary"]:
            raise ValueError("a cause needs a summary")
        return cls(CauseCode(str(value.get("code"))), **texts)


@dataclass(frozen=True, slots=True)
class Attempt(Json):
    """One pod of a run.

    Attributes:
        name: The pod's name.
        node: Its node; empty if it is not scheduled.
        state: ``queued`` until container ``main`` has started.
        cause: Why it failed, or why it does not start.
        exit_code: Of container ``main``.
        started_at: When container ``main`` started.
        ended_at: When container ``main`` ended.
        duration_seconds: As the launcher measured it, else from the two times.
        peak_memory_bytes: As the launcher measured it.
        document_sha256: Of the workflow document that this attempt read.
    """

    name: str
    state: State
    cause: Cause | None = None
    exit_code: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_seconds: float | None = None
    peak_memory_bytes: int | None = None
    document_sha256: str | None = None
    node: str | None = None


@dataclass(frozen=True, slots=True)
class Retry(Json):
    """The last attempt of a run that failed, where the Job goes on with another one.

    Attributes:
        name: The pod's name.
        number: Which it was, counted from 1; those that Kubernetes does not count (evictions, drains) are left out.
        limit: So many may fail before the run has failed.
        cause: Why it failed.
        next_at: When the next one begins, about; None once there is one, and where nothing tells.
        summary: One sentence for a person, as of the moment at which the status was computed.
    """

    name: str
    number: int
    limit: int
    cause: Cause
    next_at: datetime | None
    summary: str


@dataclass(frozen=True, slots=True)
class RunStatus(Json):
    """One run: a Job and its result.

    Attributes:
        run_id: The label, else the Job's UID.
        job_name: The Job's name.
        state: Its state.
        cause: Always for a failed run; for a queued or running one if something keeps it from making progress.
        trigger: What created the Job.
        scheduled_at: The scheduled time, for a Job of the CronJob controller.
        created_at: When the Job was created.
        started_at: When the first container ``main`` started; if that is no longer known, the Job's startTime. None
            while queued.
        ended_at: When it ended; None until then.
        attempts: Its existing pods, oldest first.
        peak_memory_bytes: The highest known usage of its attempts.
        memory_limit: Of container ``main``, as a Kubernetes quantity.
        killed_by: Who killed it.
        warnings: Further information for people.
        one_shot: It is a run without a pipeline: a Job without a CronJob.
        namespace: The Job's; empty if it is not known.
        retry: Why its last attempt failed, while it is tried again.
        fqn: The fully qualified name of its pipeline, for people; empty if it is not known.
        pipeline: The resource name of its pipeline, for people; empty if it is not known.
    """

    run_id: str
    job_name: str
    state: State
    trigger: Trigger
    cause: Cause | None = None
    scheduled_at: datetime | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    attempts: tuple[Attempt, ...] = ()
    peak_memory_bytes: int | None = None
    memory_limit: str | None = None
    killed_by: str | None = None
    warnings: tuple[str, ...] = ()
    one_shot: bool = False
    namespace: str = ""
    retry: Retry | None = None
    fqn: str = field(default="", metadata=_FOR_PEOPLE)
    pipeline: str = field(default="", metadata=_FOR_PEOPLE)


@dataclass(frozen=True, slots=True)
class Missed(Json):
    """A scheduled run that was due but has no Job.

    Attributes:
        due_at: When it was due.
        summary: One sentence for a person.
    """

    due_at: datetime
    summary: str


@dataclass(frozen=True, slots=True)
class PipelineStatus(Json):
    """One pipeline: a CronJob and its runs.

    Attributes:
        resource_name: The name of its objects, ``om-<slug>-<hash>``.
        name: The pipeline's own name.
        fqn: Its fully qualified name in OpenMetadata.
        display_name: What OpenMetadata shows to people.
        service: The service that it ingests.
        service_type: For example ``databaseService``.
        pipeline_type: For example ``metadata``.
        schedule: The cron expression; empty for one on demand.
        time_zone: Of the schedule; empty for that of the controller manager.
        on_demand: It has no schedule.
        one_shot: It is a run without a pipeline: a Job without a CronJob.
        namespace: That of its objects.
        suspended: ``spec.suspend`` of the CronJob.
        enabled: Always for an on-demand pipeline; for one with a schedule, unless it is suspended.
        last_run: The newest run.
        active_runs: Those that are queued or running, newest first.
        next_run_at: When it is due next, as computed by the caller.
        missed: The last due run, if it was not started.
        token_expires_at: When the bot's token expires that it logs in with; None where it does not, or that is not
            known: who may not read its Secret is not told.
        warnings: Further information for people.
        title: In a list, a NAME that means this one alone: its display name, else its FQN, else its resource name. For
            people; programs have `resource_name`.
    """

    resource_name: str
    name: str
    fqn: str
    display_name: str
    service: str
    service_type: str
    pipeline_type: str
    schedule: str | None
    time_zone: str | None
    on_demand: bool
    suspended: bool
    enabled: bool
    last_run: RunStatus | None = None
    active_runs: tuple[RunStatus, ...] = ()
    next_run_at: datetime | None = None
    missed: Missed | None = None
    warnings: tuple[str, ...] = ()
    one_shot: bool = False
    namespace: str = ""
    token_expires_at: datetime | None = None
    title: str = field(default="", metadata=_FOR_PEOPLE)
