"""Why a pod does not start, or why there is none: ordered checks, the most telling first.

The same faults show in two places: in the pod's status while it waits, and in events, which stay for about an hour
when the status has been overwritten (a deadline does that) or the pod is gone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from k8s_pipeline_client.domain.image import with_entry_points
from k8s_pipeline_client.status.events import Event
from k8s_pipeline_client.status.models import Cause, CauseCode
from k8s_pipeline_client.status.pod import MAIN, Container, Pod
from k8s_pipeline_client.status.raw import inline

_IMAGE_REASONS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "ErrImageNeverPull",
        "InvalidImageName",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
_IMAGE_HINTS = {
    "ErrImageNeverPull": "load the image onto the node, or let it be pulled (imagePullPolicy)",
    "InvalidImageName": "correct the image's name",
}
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
_MAIN_FIELD = f"spec.containers{{{MAIN}}}"
_PULL_FAILED = "Failed to pull image"
_NO_PYTHON = re.compile(r"(?:exec: \"python\"|executable file `python`).*not found|stat python: no such file")
"""How the runtimes tell that there is nothing by the name of what every run starts."""
_NO_SUCH_KEY = "references non-existent secret key: "
"""How the kubelet tells that a mounted Secret lacks a key; it does not name the Secret."""
_OUT_OF_RANGE = re.compile(r"(minimum|maximum) \S+ usage per |max limit to request ratio per ")
"""How the API server tells that a LimitRange is not kept; it does not name the LimitRange."""


def _image_pull(image: str, reason: str, message: str, events: Sequence[Event]) -> Cause:
    # A back-off of an older kubelet says only that it backs off; what the registry answered is in an event.
    answers = [event.message for event in events if event.message.startswith(_PULL_FAILED)]
    if answers and answers[-1] not in message:
        message = f"{message}; {answers[-1]}" if message else answers[-1]
    name = f'"{image}"' if image else "of the run"
    in_brackets = f" ({reason})" if reason else ""
    return Cause(
        CauseCode.IMAGE_PULL,
        f"The image {name} cannot be pulled{in_brackets}",
        message,
        _IMAGE_HINTS.get(reason, "check the image's name and tag, the registry, and imagePullSecrets"),
    )


def _is_missing(message: str) -> bool:
    """The kubelet has one reason for many faults; only the message tells a missing object from the rest."""
    return any(
        words in message for words in ("not found", "couldn't find key", "non-existent config key", _NO_SUCH_KEY)
    )


def _config_missing(what: str, message: str) -> Cause:
    return Cause(
        CauseCode.CONFIG_MISSING,
        f"{what} needs a Secret or ConfigMap, or a key in one, that is not there",
        message,
        "deploy the pipeline again, or create what the message names",
    )


def _not_created(what: str, message: str) -> Cause:
    if _is_missing(message):
        return _config_missing(what, message)
    return Cause(
        CauseCode.START_ERROR,
        f"{what} cannot be created",
        message,
        "check the pod's security context, command and environment",
    )


def _not_mounted(message: str) -> Cause:
    if _is_missing(message):
        return _config_missing("A volume of the run's pod", message)
    return Cause(
        CauseCode.MOUNT_FAILED,
        "A volume of the run's pod cannot be mounted",
        message,
        "check the volume that the message names",
    )


def _is_passing(message: str) -> bool:
    """The kubelet's cache was not there yet; it tries again. A Secret that is missing is told in other words."""
    return "failed to sync" in message and "cache" in message


def start_error(container: Container, reason: str, message: str) -> Cause:
    """A container that exists and cannot be started."""
    if container.name == MAIN and _NO_PYTHON.search(message):
        hint = f"{with_entry_points(container.image)}: this one has no python on its PATH"
    else:
        hint = "check that the image has the command that the pod runs, and that it can be executed"
    return Cause(
        CauseCode.START_ERROR,
        f'Container "{container.name}" cannot be started ({reason})',
        message,
        hint,
    )


def _container_waits(pod: Pod) -> Cause | None:
    for container in (pod.main, *pod.inits, *pod.others):
        reason, message = container.waiting_reason, container.waiting_message
        if reason in _IMAGE_REASONS:
            return _image_pull(container.image, reason, message, pod.events)
        if reason == "CreateContainerConfigError":
            return _not_created(f'Container "{container.name}"', message)
        if reason in _START_REASONS:
            return start_error(container, reason, message)
    return None


def _unschedulable_cause(message: str) -> Cause:
    return Cause(
        CauseCode.UNSCHEDULABLE,
        "No node of the cluster takes the run's pod (Unschedulable)",
        message,
        "lower the requests, or change nodeSelector, tolerations or the nodes: see what each node lacks",
    )


def _not_scheduled(pod: Pod) -> Cause | None:
    condition = pod.conditions.get("PodScheduled")
    if condition is None or condition.status != "False":
        return None
    if condition.reason == "SchedulingGated":
        return Cause(
            CauseCode.HELD,
            "The run's pod is held by its scheduling gates",
            condition.message,
            "whoever put the gates there takes them away",
        )
    return _unschedulable_cause(condition.message) if condition.reason == "Unschedulable" else None


def _newest_setup_event(pod: Pod) -> Cause | None:
    """What the kubelet could not do before any container: the newest such event counts, and none once it could.

    Mounts are tried again and again; a fault that has passed leaves its event behind.
    """
    for event in reversed(pod.events):
        if event.reason in ("Pulling", "Pulled", "Created", "Started"):
            return None
        cause = _setup_fault(event)
        if cause:
            return replace(cause, detail=_with_secret_named(cause.detail, pod))
    return None


def _with_secret_named(message: str, pod: Pod) -> str:
    _, is_about_key, key = message.partition(_NO_SUCH_KEY)
    names = [name for name, mounted in pod.secret_keys if mounted == key.strip()] if is_about_key else []
    return f"{message} (Secret {' or '.join(names)})" if names else message


def _setup_fault(event: Event) -> Cause | None:
    if event.reason in ("FailedMount", "FailedAttachVolume") and not _is_passing(event.message):
        return _not_mounted(event.message)
    if event.reason != "FailedCreatePodSandBox":
        return None
    if "OOM-killed" in event.message:
        return Cause(
            CauseCode.OOM_KILLED,
            "The memory limit of the run's pod is too low for its sandbox to be set up (FailedCreatePodSandBox)",
            event.message,
            "raise resources.limits.memory",
        )
    return Cause(
        CauseCode.START_ERROR,
        "The node cannot set up the run's pod (FailedCreatePodSandBox)",
        event.message,
        "this is the node's container runtime or network: ask the cluster's admin",
    )


_WAITING_CHECKS: tuple[Callable[[Pod], Cause | None], ...] = (
    _container_waits,
    _not_scheduled,
    _newest_setup_event,
)


def waiting_cause(pod: Pod) -> Cause | None:
    """Why a pod that has not started does not; None while all goes its way."""
    return next((cause for check in _WAITING_CHECKS if (cause := check(pod))), None)


def _kubelet_fault(event: Event, image: str, events: Sequence[Event]) -> Cause | None:
    if event.reason == "ErrImageNeverPull":
        return _image_pull(image, event.reason, event.message, ())
    if event.reason == "InspectFailed":
        return _image_pull(image, "InvalidImageName", event.message, ())
    if event.reason == "BackOff" and "pulling image" in event.message:
        return _image_pull(image, "ImagePullBackOff", event.message, events)
    if event.reason != "Failed":
        return None
    said = event.message.removeprefix("Error: ")
    if said in _IMAGE_REASONS:
        return _image_pull(image, said, "", events)
    if event.message.startswith(_PULL_FAILED):
        return _image_pull(image, "ErrImagePull", event.message, ())
    return _not_created("A container of the run's pod", event.message)


def _scheduler_fault(event: Event) -> Cause | None:
    return _unschedulable_cause(event.message) if event.reason == "FailedScheduling" else None


def start_cause_from_events(events: Sequence[Event], image: str) -> Cause | None:
    """Why pods did not start, from their events alone; None where one did start."""
    if was_started(events):
        return None
    for event in reversed(events):
        cause = _kubelet_fault(event, image, events) or _setup_fault(event) or _scheduler_fault(event)
        if cause:
            return cause
    return None


def was_started(events: Sequence[Event]) -> bool:
    """The kubelet said that container ``main`` started; a sidecar alone does no work."""
    return any(event.reason == "Started" and event.field in ("", _MAIN_FIELD) for event in events)


def _quota(message: str) -> Cause | None:
    if "exceeded quota" not in message and "failed quota" not in message:
        return None
    return Cause(
        CauseCode.QUOTA_EXCEEDED,
        "A ResourceQuota of the namespace refuses the run's pod",
        message,
        "wait for other runs to end, lower this one's requests and limits, or have the quota raised",
    )


def _pod_security(message: str) -> Cause | None:
    if "violates PodSecurity" not in message:
        return None
    return Cause(
        CauseCode.ADMISSION_REFUSED,
        "The namespace's Pod Security standard refuses the run's pod",
        message,
        "set what the message names in the security context, or have the namespace's standard changed",
    )


def _limit_range(message: str) -> Cause | None:
    if not _OUT_OF_RANGE.search(message):
        return None
    return Cause(
        CauseCode.ADMISSION_REFUSED,
        "A LimitRange of the namespace refuses the resources of the run's pod",
        message,
        "set the resources as the message says, or have the LimitRange changed (kubectl get limitrange)",
    )


def _admission_policy(message: str) -> Cause | None:
    if "ValidatingAdmissionPolicy" not in message:
        return None
    return Cause(
        CauseCode.ADMISSION_REFUSED,
        "A ValidatingAdmissionPolicy of the cluster refuses the run's pod",
        message,
        "change what the message names, or have the policy changed",
    )


def _webhook(message: str) -> Cause | None:
    if "webhook" not in message:
        return None
    if "failed calling webhook" in message:
        return Cause(
            CauseCode.ADMISSION_REFUSED,
            "An admission webhook does not answer, and without it no pod of the run may be created",
            message,
            "ask whoever runs the webhook that the message names; the run starts by itself once it answers",
        )
    return Cause(
        CauseCode.ADMISSION_REFUSED,
        "An admission webhook refuses the run's pod",
        message,
        "see the policy that the message names",
    )


def _service_account(message: str) -> Cause | None:
    if "service account" not in message and "serviceaccount" not in message:
        return None
    return Cause(
        CauseCode.ADMISSION_REFUSED,
        "The ServiceAccount of the run's pod is not there",
        message,
        "create it, or name another",
    )


_REFUSALS: tuple[Callable[[str], Cause | None], ...] = (
    _quota,
    _limit_range,
    _pod_security,
    _admission_policy,
    _webhook,
    _service_account,
)


def creation_cause(job_events: Sequence[Event]) -> Cause | None:
    """Why a Job has no pod, from its own events: the newest word counts, and none once a pod was made."""
    for event in reversed(job_events):
        if event.reason == "SuccessfulCreate":
            return None
        if event.reason == "FailedCreate":
            return next((cause for check in _REFUSALS if (cause := check(event.message))), None) or Cause(
                CauseCode.ADMISSION_REFUSED,
                "The API server refuses the run's pod",
                event.message,
                "change what the message names",
            )
    return None


def ended_before_start(root: Cause, how: str) -> Cause:
    """The cause of a run that was ended (``how``, a sentence) while this kept it from starting: says both."""
    return Cause(root.code, f"{how} before it had started: {inline(root.summary)}", root.detail, root.hint)
