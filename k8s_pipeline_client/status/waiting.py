"""Why a pod does not start: ordered checks, the most specific first.

The same causes show in two places: in the pod's status while it waits, and in events, which stay for about an hour
after the status has been overwritten (by a deadline, for example) or the pod is gone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from k8s_pipeline_client.domain.image import with_entry_points
from k8s_pipeline_client.domain.objects import MAIN_CONTAINER
from k8s_pipeline_client.status.asked import Asked
from k8s_pipeline_client.status.events import Event
from k8s_pipeline_client.status.image import IMAGE_REASONS, PULL_FAILED, image_pull
from k8s_pipeline_client.status.memory import with_lost_process
from k8s_pipeline_client.status.missing import missing_cause, volume_of
from k8s_pipeline_client.status.models import Cause, CauseCode
from k8s_pipeline_client.status.pod import Container, Pod
from k8s_pipeline_client.status.unschedulable import unschedulable_cause
from k8s_pipeline_client.status.words import inline

_START_REASONS = frozenset(
    {
        "CreateContainerError",
        "RunContainerError",
        "StartError",
        "ContainerCannotRun",
        "PreCreateHookError",
        "PreStartHookError",
        "PostStartHookError",
    }
)
_MAIN_FIELD = f"spec.containers{{{MAIN_CONTAINER}}}"
_NO_PYTHON = re.compile(r"(?:exec: \"python\"|executable file `python`).*not found|stat python: no such file")
"""The runtimes' messages if the image has no python."""
_INIT_FIELD = re.compile(r"spec\.initContainers\{([^}]*)\}")
_NON_ROOT = re.compile(r"runAsNonRoot|non-root policy")
_MOUNT_REASONS = ("FailedMount", "FailedAttachVolume", "FailedMapVolume")
_NO_DRIVER = re.compile(r"driver name (\S+) not found in the list of registered CSI drivers")
_UNMOUNTED = "Unable to attach or mount volumes"
"""The kubelet's final message for a mount timeout; the reason is in an event of each volume."""
_MOUNT_HINTS = (
    (
        "Multi-Attach error",
        "the volume is in use on another node: wait until it is detached, or use a ReadWriteMany volume",
    ),
    ("in the list of registered CSI drivers", "install that CSI driver on the node, or use another volume"),
    ("helper program", "the node lacks the mount helper for this type of volume: ask the cluster's admin"),
    ("access denied by server", "the server does not export this path to the node"),
    ("hostPath type check failed", "the node has no such path, or another type of file there"),
)


def _not_created(what: str, message: str, asked: Asked) -> Cause:
    """The kubelet has one reason for many causes; only the message tells a missing object from the rest."""
    missing = missing_cause(what, message, asked)
    if missing:
        return missing
    if _NON_ROOT.search(message):
        return Cause(
            CauseCode.START_ERROR,
            f"{what} cannot be created: its image runs as root or as a non-numeric user, and runAsNonRoot is true",
            message,
            "set runAsUser to the UID of a user other than root",
        )
    return Cause(
        CauseCode.START_ERROR,
        f"{what} cannot be created",
        message,
        "check the pod's security context, command and environment",
    )


def _not_mounted(message: str, asked: Asked) -> Cause:
    volume = volume_of(message)
    return missing_cause(volume, message, asked) or Cause(
        CauseCode.MOUNT_FAILED,
        f"{volume} cannot be mounted{_without_driver(message)}",
        message,
        next((hint for words, hint in _MOUNT_HINTS if words in message), "check the volume that the message names"),
    )


def _without_driver(message: str) -> str:
    found = _NO_DRIVER.search(message)
    return f': the node has no CSI driver "{found[1]}"' if found else ""


def _is_passing(message: str) -> bool:
    """The kubelet's cache is not synced yet; it retries. The message for a missing Secret is another one."""
    return "failed to sync" in message and "cache" in message


def start_error(container: Container, reason: str, message: str) -> Cause:
    """A container that was created and cannot be started."""
    if container.name == MAIN_CONTAINER and _NO_PYTHON.search(message):
        hint = f"{with_entry_points(container.image)}: this one has no python in its PATH"
    else:
        hint = "check that the image has the command of the pod, and that it is executable"
    return Cause(
        CauseCode.START_ERROR,
        f'Container "{container.name}" cannot be started ({reason})',
        message,
        hint,
    )


def _container_waits(pod: Pod) -> Cause | None:
    for container in (pod.main, *pod.inits, *pod.others):
        reason, message = container.waiting_reason, container.waiting_message
        if reason in IMAGE_REASONS:
            return image_pull(container.image, reason, message, pod.events, pod.asked)
        if reason == "CreateContainerConfigError":
            return _not_created(f'Container "{container.name}"', message, pod.asked)
        if reason in _START_REASONS:
            return start_error(container, reason, message)
        if reason == "CrashLoopBackOff":
            return _crash_loop(pod, container, message)
    return None


def _crash_loop(pod: Pod, container: Container, message: str) -> Cause:
    """The cause of a native sidecar that main waits for: only such containers are restarted."""
    code = f", last with exit code {container.exit_code}" if container.exit_code is not None else ""
    ends = Cause(
        CauseCode.INIT_FAILED,
        f'Init container "{container.name}" keeps failing{code} (CrashLoopBackOff)',
        message,
        f"check its log: {pod.log_command(container.name, previous=True)}",
    )
    return with_lost_process(ends, container)


def _not_scheduled(pod: Pod) -> Cause | None:
    condition = pod.conditions.get("PodScheduled")
    if condition is None:
        return None if pod.node else _not_looked_at(pod.asked)
    if condition.status != "False":
        return None
    if condition.reason == "SchedulingGated":
        return Cause(
            CauseCode.HELD,
            "The run's pod is held by its scheduling gates",
            condition.message,
            "wait for the controller that set the gates, or remove them",
        )
    if condition.reason not in ("Unschedulable", "SchedulerError"):
        return None
    return unschedulable_cause(condition.message, pod.asked, pod.claim_events)


def _not_looked_at(asked: Asked) -> Cause | None:
    """What a pod waits for that no scheduler has reported on; the default one may just not have processed it yet."""
    if asked.scheduler:
        return Cause(
            CauseCode.UNSCHEDULABLE,
            f'The run\'s pod waits for the scheduler "{asked.scheduler}", which has not reported on it',
            hint="check that this scheduler is running in the cluster, or remove schedulerName",
        )
    if asked.resource_claims:
        return Cause(
            CauseCode.UNSCHEDULABLE,
            f"The run's pod waits for {', '.join(asked.resource_claims)}",
            hint="check that it exists: kubectl get resourceclaims,resourceclaimtemplates",
        )
    return None


def _newest_setup_event(pod: Pod) -> Cause | None:
    """What the kubelet could not set up before any container: the newest such event counts, and none after a success.

    Mounts are retried; the event of a temporary failure stays.
    """
    in_the_end: Cause | None = None
    for event in reversed(pod.events):
        if event.reason in ("Pulling", "Pulled", "Created", "Started"):
            break
        cause = _setup_fault(event, pod.asked)
        if cause and not event.message.startswith(_UNMOUNTED):
            return cause
        in_the_end = in_the_end or cause
    return in_the_end


def _setup_fault(event: Event, asked: Asked) -> Cause | None:
    if event.reason in _MOUNT_REASONS and not _is_passing(event.message):
        return _not_mounted(event.message, asked)
    if event.reason != "FailedCreatePodSandBox":
        return None
    if "OOM-killed" in event.message:
        return Cause(
            CauseCode.OOM_KILLED,
            "The memory limit of the run's pod is too low for its sandbox (FailedCreatePodSandBox)",
            event.message,
            "raise resources.limits.memory",
        )
    return Cause(
        CauseCode.START_ERROR,
        "The node cannot set up the run's pod (FailedCreatePodSandBox)",
        event.message,
        "check the node's container runtime and network (CNI)",
    )


_WAITING_CHECKS: tuple[Callable[[Pod], Cause | None], ...] = (
    _container_waits,
    _not_scheduled,
    _newest_setup_event,
)


def waiting_cause(pod: Pod) -> Cause | None:
    """Why a pod does not start; None if it is healthy."""
    return next((cause for check in _WAITING_CHECKS if (cause := check(pod))), None)


def _kubelet_fault(event: Event, asked: Asked, events: Sequence[Event]) -> Cause | None:
    if event.reason == "ErrImageNeverPull":
        return image_pull(asked.image, event.reason, event.message, (), asked)
    if event.reason == "InspectFailed":
        return image_pull(asked.image, "InvalidImageName", event.message, (), asked)
    if event.reason == "BackOff" and "pulling image" in event.message:
        return image_pull(asked.image, "ImagePullBackOff", event.message, events, asked)
    if event.reason != "Failed":
        return None
    said = event.message.removeprefix("Error: ")
    if said in IMAGE_REASONS:
        return image_pull(asked.image, said, "", events, asked)
    if event.message.startswith(PULL_FAILED):
        return image_pull(asked.image, "ErrImagePull", event.message, events, asked)
    return _not_created("A container of the run's pod", event.message, asked)


def _scheduler_fault(event: Event, asked: Asked) -> Cause | None:
    # For a terminating pod the scheduler reports only that it skips it.
    if event.reason != "FailedScheduling" or event.message.startswith("skip schedule deleting pod"):
        return None
    return unschedulable_cause(event.message, asked)


def start_cause_from_events(events: Sequence[Event], asked: Asked) -> Cause | None:
    """Why pods did not start, from their events; None if one did.

    What may just have taken long, a pull or an init container, comes last.
    """
    if was_started(events):
        return None
    for event in reversed(events):
        cause = _kubelet_fault(event, asked, events) or _setup_fault(event, asked) or _scheduler_fault(event, asked)
        if cause:
            return cause
    return None


def still_starting(events: Sequence[Event]) -> Cause | None:
    """What a pod was doing that was terminated before it started, without an error."""
    if was_started(events):
        return None
    for event in reversed(events):
        if event.reason == "Pulling":
            what = event.message[:1].lower() + event.message[1:]
            return Cause(
                CauseCode.IMAGE_PULL,
                f"The node was still {what}",
                "",
                "raise the deadlines (activeDeadlineSeconds, startTimeoutSeconds), or pre-pull the image on the nodes",
            )
        found = _INIT_FIELD.fullmatch(event.field)
        if event.reason == "Started" and found:
            return init_not_done(found[1])
        if event.reason in ("Pulled", "Created", "Started"):
            return None
    return None


def init_not_done(name: str, command: str = "") -> Cause:
    """The cause of a pod that was terminated while an init container was running; its log, while the pod is there."""
    return Cause(
        CauseCode.INIT_FAILED,
        f'Init container "{name}" had not completed',
        "",
        f"check what it waits for{command}",
    )


def was_started(events: Sequence[Event]) -> bool:
    """An event says that container ``main`` started; sidecars do not count."""
    return any(event.reason == "Started" and event.field in ("", _MAIN_FIELD) for event in events)


def ended_before_start(root: Cause, how: str) -> Cause:
    """Combine how a run was terminated (a sentence) with what kept it from starting."""
    return Cause(root.code, f"{how} before it started: {inline(root.summary)}", root.detail, root.hint)
