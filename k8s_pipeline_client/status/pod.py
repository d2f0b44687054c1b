"""Parses a pod into the facts that determine an attempt's status."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from k8s_pipeline_client.domain.objects import MAIN_CONTAINER, Object
from k8s_pipeline_client.domain.raw import find, items, mapping, moment, number, real, shifted, span, text
from k8s_pipeline_client.status.asked import Asked, read_asked
from k8s_pipeline_client.status.events import Event, events_about


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a Job or pod.

    Attributes:
        status: ``True``, ``False`` or ``Unknown``.
        reason: ``reason``.
        message: ``message``.
        at: ``lastTransitionTime``.
    """

    status: str
    reason: str
    message: str
    at: datetime | None


def read_conditions(raw: Object) -> dict[str, Condition]:
    """The conditions of an object, by type."""
    return {
        text(condition.get("type")): Condition(
            status=text(condition.get("status")),
            reason=text(condition.get("reason")),
            message=text(condition.get("message")),
            at=moment(condition.get("lastTransitionTime")),
        )
        for condition in items(find(raw, "status", "conditions"))
    }


@dataclass(frozen=True, slots=True)
class LastWords:
    """The launcher's termination message.

    It is written at the start, refreshed periodically, and completed at the end: after a SIGKILL it has no cause.

    Attributes:
        cause: The exception, in one line.
        last_error: The most relevant error of the log, in one line.
        peak_memory_bytes: The highest measured usage.
        duration_seconds: The duration of the work; None if it was not completed.
        document_sha256: The hash of the workflow document.
        skipped: Why nothing was ingested.
    """

    cause: str = ""
    last_error: str = ""
    peak_memory_bytes: int | None = None
    duration_seconds: float | None = None
    document_sha256: str | None = None
    skipped: str = ""


def read_last_words(message: str) -> LastWords | None:
    """Parse the launcher's message; None for another one (the runtime writes there as well)."""
    try:
        value = json.loads(message)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, Mapping):
        return None
    return LastWords(
        cause=text(value.get("cause")),
        last_error=text(value.get("lastError")),
        peak_memory_bytes=number(value.get("peakMemoryBytes")),
        duration_seconds=real(value.get("durationSeconds")) if "exitCode" in value else None,
        document_sha256=text(value.get("documentSha256")) or None,
        skipped=text(value.get("skipped")),
    )


@dataclass(frozen=True, slots=True)
class End:
    """How a container ended.

    Attributes:
        exit_code: None if unknown.
        reason: ``Completed``, ``Error``, ``OOMKilled``, ``StartError``, ``ContainerStatusUnknown``, …
        message: The whole termination message.
        started_at: None for a container that never ran.
        finished_at: When it ended.
    """

    exit_code: int | None
    reason: str
    message: str
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod, by spec and status.

    Attributes:
        name: Its name.
        image: The image in the spec.
        memory_limit: The limit in the spec, for example ``512Mi``; may be empty.
        waiting_reason: ``state.waiting.reason``; empty once it runs.
        waiting_message: ``state.waiting.message``.
        running_since: When it started, if it is running.
        is_running: Whether it is running.
        end: How it terminated.
    """

    name: str
    image: str = ""
    memory_limit: str = ""
    waiting_reason: str = ""
    waiting_message: str = ""
    running_since: datetime | None = None
    is_running: bool = False
    end: End | None = None

    @property
    def started_at(self) -> datetime | None:
        """When it started, if it ever did."""
        return self.end.started_at if self.end else self.running_since

    @property
    def has_run(self) -> bool:
        """It is or was running. A terminated state does not suffice: the kubelet sets one if it never started, too."""
        return self.is_running or (self.end is not None and self.end.started_at is not None)

    @property
    def exit_code(self) -> int | None:
        """Its exit code, once it has terminated."""
        return self.end.exit_code if self.end else None


def _read_end(raw: object) -> End | None:
    terminated = mapping(raw)
    if not terminated:
        return None
    reason = text(terminated.get("reason"))
    return End(
        # The kubelet reports exit code 137 for a container that it does not find, even if there never was one.
        exit_code=None if reason == "ContainerStatusUnknown" else number(terminated.get("exitCode")),
        reason=reason,
        message=text(terminated.get("message")),
        started_at=moment(terminated.get("startedAt")),
        finished_at=moment(terminated.get("finishedAt")),
    )


def _read_container(spec: Object, status: Object) -> Container:
    waiting = mapping(find(status, "state", "waiting"))
    running = find(status, "state", "running")
    is_running = isinstance(running, Mapping)
    end = None
    if not is_running:
        # The kubelet moves the terminated state to lastState when there is a newer one, also in a pod that is never
        # restarted (after its own restart, for example).
        end = _read_end(find(status, "state", "terminated")) or _read_end(find(status, "lastState", "terminated"))
    return Container(
        name=text(spec.get("name")) or text(status.get("name")),
        image=text(spec.get("image")) or text(status.get("image")),
        memory_limit=text(find(spec, "resources", "limits", "memory")),
        waiting_reason=text(waiting.get("reason")),
        waiting_message=text(waiting.get("message")),
        running_since=moment(find(running, "startedAt")),
        is_running=is_running,
        end=end,
    )


def _read_containers(raw: Object, spec_key: str, status_key: str) -> list[Container]:
    statuses = {text(status.get("name")): status for status in items(find(raw, "status", status_key))}
    specs = {text(spec.get("name")): spec for spec in items(find(raw, "spec", spec_key))}
    names = [*specs, *(name for name in statuses if name not in specs)]
    return [_read_container(specs.get(name, {}), statuses.get(name, {})) for name in names]


@dataclass(frozen=True, slots=True)
class Pod:
    """The relevant fields of a pod, which is one attempt.

    Attributes:
        main: The container whose exit code is the run's.
        others: The other ``spec.containers``: injected sidecars.
        inits: Its init containers.
        deadline: ``spec.activeDeadlineSeconds``.
        grace: ``spec.terminationGracePeriodSeconds``.
        started_at: ``status.startTime``, from which the deadline counts, before any image is pulled.
        deleted_by: ``metadata.deletionTimestamp``: when it should be gone, grace period included.
        deletion_grace: ``metadata.deletionGracePeriodSeconds``.
        last_words: The launcher's termination message, if there is one.
        events: Events about this pod, oldest first.
        asked: What it references.
        claim_events: Events about the PersistentVolumeClaims that it mounts, oldest first.
        namespace: Empty if it is not known.
    """

    name: str
    uid: str
    node: str
    phase: str
    reason: str
    message: str
    main: Container
    others: tuple[Container, ...] = ()
    inits: tuple[Container, ...] = ()
    conditions: dict[str, Condition] = field(default_factory=dict)
    deadline: timedelta | None = None
    grace: timedelta | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    deleted_by: datetime | None = None
    deletion_grace: timedelta | None = None
    last_words: LastWords | None = None
    events: tuple[Event, ...] = ()
    asked: Asked = field(default_factory=Asked)
    claim_events: tuple[Event, ...] = ()
    namespace: str = ""

    def log_command(self, container: str, *, previous: bool = False) -> str:
        """Return how to read the log of a container that is not main."""
        place = f" -n {self.namespace}" if self.namespace else ""
        return f"kubectl logs {self.name} -c {container}{' --previous' if previous else ''}{place}"

    @property
    def is_over(self) -> bool:
        """It is in a final phase."""
        return self.phase in ("Succeeded", "Failed")

    @property
    def has_sidecars(self) -> bool:
        """It has containers besides main, which may keep it running; native sidecars are init containers."""
        return bool(self.others or self.inits)

    @property
    def has_started(self) -> bool:
        """Container ``main`` is or was running."""
        if self.main.has_run or self.phase == "Succeeded":
            return True
        # Without a status of main the phase decides; with one, "Running" may be because of a sidecar only.
        knows_main = bool(self.main.waiting_reason or self.main.end)
        return self.phase == "Running" and not knows_main

    @property
    def disruption(self) -> Condition | None:
        """The condition ``DisruptionTarget``: the pod was terminated for a reason that is not its own."""
        condition = self.conditions.get("DisruptionTarget")
        return condition if condition and condition.status == "True" else None

    @property
    def _others_stopped_after(self) -> datetime | None:
        """The time until which the other containers had not been stopped."""
        ends = [container.end.finished_at for container in (*self.others, *self.inits) if container.end]
        return shifted(max(filter(None, ends), default=None), -self.grace if self.grace else None)

    @property
    def main_ended_by_itself(self) -> bool:
        """Container ``main`` terminated before the pod was stopped.

        Its exit code is then the result, whatever happened to the pod later: an injected sidecar that never terminates
        keeps the pod until its deadline. All times here are the node's or the server's.
        """
        end = self.main.end
        if end is None or end.started_at is None or end.finished_at is None:
            return False
        stops = []
        if self.reason == "DeadlineExceeded":
            stops.append(shifted(self.started_at, self.deadline))
        if self.deleted_by is not None:
            stops.append(shifted(self.deleted_by, -self.deletion_grace if self.deletion_grace else None))
        if self.disruption:
            stops.append(self.disruption.at)
        elif self.reason in ("Evicted", "NodeLost", "Terminated"):
            stops.append(self._others_stopped_after)
        finished_at = end.finished_at
        return all(stop is not None and finished_at < stop for stop in stops)


def _main_of(containers: Iterable[Container]) -> Container:
    """Container ``main``; or the only container, if a pod created by hand has another name for it."""
    known = list(containers)
    named = [container for container in known if container.name == MAIN_CONTAINER]
    return named[0] if named else known[0] if len(known) == 1 else Container(name=MAIN_CONTAINER)


def main_container(raw: Object) -> Container:
    """Parse container ``main`` of a raw pod."""
    return _main_of(_read_containers(raw, "containers", "containerStatuses"))


def read_pod(raw: Object, events: Sequence[Event]) -> Pod:
    """Parse a raw pod, with the events about it."""
    metadata, spec, status = (mapping(raw.get(key)) for key in ("metadata", "spec", "status"))
    containers = _read_containers(raw, "containers", "containerStatuses")
    main = _main_of(containers)
    uid, name = text(metadata.get("uid")), text(metadata.get("name"))
    asked = read_asked(spec, main.image, pod_name=name)
    return Pod(
        name=name,
        uid=uid,
        node=text(spec.get("nodeName")),
        phase=text(status.get("phase")),
        reason=text(status.get("reason")),
        message=text(status.get("message")),
        main=main,
        others=tuple(container for container in containers if container is not main),
        inits=tuple(_read_containers(raw, "initContainers", "initContainerStatuses")),
        conditions=read_conditions(raw),
        deadline=span(spec.get("activeDeadlineSeconds")),
        grace=span(spec.get("terminationGracePeriodSeconds")),
        created_at=moment(metadata.get("creationTimestamp")),
        started_at=moment(status.get("startTime")),
        deleted_by=moment(metadata.get("deletionTimestamp")),
        deletion_grace=span(metadata.get("deletionGracePeriodSeconds")),
        last_words=read_last_words(main.end.message) if main.end else None,
        events=events_about(uid, events),
        asked=asked,
        claim_events=tuple(
            event for event in events if event.kind == "PersistentVolumeClaim" and event.name in asked.claims
        ),
        namespace=text(metadata.get("namespace")),
    )
