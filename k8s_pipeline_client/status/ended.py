"""Why a pod failed: ordered checks.

What happened *to* the pod comes before what its container said about it: a drained pod's exit code 143 is no fault
of the ingestion. What ``main`` did by itself, before anybody touched the pod, is told by its own exit alone.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from datetime import timedelta

from k8s_pipeline_client.domain.image import with_entry_points
from k8s_pipeline_client.launcher.unusable import NO_ENTRY_POINT
from k8s_pipeline_client.status.events import Event
from k8s_pipeline_client.status.models import Cause, CauseCode
from k8s_pipeline_client.status.pod import Container, End, Pod
from k8s_pipeline_client.status.raw import duration_in_words, mebibytes
from k8s_pipeline_client.status.waiting import (
    ended_before_start,
    start_cause_from_events,
    start_error,
    waiting_cause,
)

SIGKILL_CODE = 128 + signal.SIGKILL
SIGTERM_CODE = 128 + signal.SIGTERM
EX_CONFIG = 78
"""The launcher's exit code for a document or an entry point that cannot be used."""

_DISRUPTIONS = {
    "PreemptionByScheduler": (
        CauseCode.PREEMPTED,
        "The run's pod was preempted: its node was needed for a pod of higher priority",
        "give the run a PriorityClass, or start it when the cluster is less full",
    ),
    "EvictionByEvictionAPI": (
        CauseCode.EVICTED,
        "The run's pod was evicted through the eviction API (a node drain, as a rule)",
        "start the run again",
    ),
    "DeletionByTaintManager": (
        CauseCode.NODE_LOST,
        "The run's pod was deleted because its node got a NoExecute taint (not ready or unreachable, as a rule)",
        "start the run again; ask the cluster's admin about the node",
    ),
    "DeletionByPodGC": (
        CauseCode.NODE_LOST,
        "The run's pod was cleaned up because its node is gone",
        "start the run again",
    ),
    "TerminationByKubelet": (
        CauseCode.EVICTED,
        "The kubelet ended the run's pod (pressure on the node, a node shutdown, or a critical pod)",
        "raise the requests to what the run really needs, or start it again",
    ),
}


def _evicted(pod: Pod) -> Cause | None:
    if pod.reason != "Evicted":
        return None
    return Cause(
        CauseCode.EVICTED,
        "The kubelet evicted the run's pod: its node ran short of something (Evicted)",
        pod.message,
        "raise the requests to what the run really needs, or give the node more of what the message names",
    )


def _disrupted(pod: Pod) -> Cause | None:
    condition = pod.disruption
    if condition is None:
        return None
    known = _DISRUPTIONS.get(condition.reason)
    if known:
        code, summary, hint = known
        return Cause(code, f"{summary} ({condition.reason})", condition.message or pod.message, hint)
    return Cause(
        CauseCode.EVICTED,
        f"Kubernetes took the run's pod away ({condition.reason or 'DisruptionTarget'})",
        condition.message or pod.message,
        "start the run again",
    )


def _deadline(pod: Pod) -> Cause | None:
    if pod.reason != "DeadlineExceeded":
        return None
    summary = "The run was ended at its deadline" + _of(pod.deadline)
    if not pod.has_started:
        image = pod.main.image
        root = waiting_cause(pod) or start_cause_from_events(pod.events, image)
        if root:
            return ended_before_start(root, summary)
        return Cause(
            CauseCode.DEADLINE_EXCEEDED,
            f"{summary} before it had started; what kept it from starting is not known any more",
            pod.message,
            "start it again and look at its status while it is queued",
        )
    if pod.main.exit_code == SIGKILL_CODE:
        summary += f"; it did not answer SIGTERM and was killed after its grace period{_of(pod.grace)}"
    return Cause(
        CauseCode.DEADLINE_EXCEEDED,
        summary,
        pod.message,
        "raise the pipeline's deadline, or see in the log what takes so long",
    )


def _of(value: timedelta | None) -> str:
    return f" of {duration_in_words(value)}" if value else ""


def _node_lost(pod: Pod) -> Cause | None:
    end = pod.main.end
    if pod.reason == "NodeLost" or pod.phase == "Unknown":
        detail = pod.message
    elif end and end.reason == "ContainerStatusUnknown":
        detail = end.message
    else:
        return None
    return Cause(
        CauseCode.NODE_LOST,
        f'The node "{pod.node}" does not know or does not tell what became of the run\'s container',
        detail,
        "start the run again; ask the cluster's admin about the node",
    )


def _node_refused(pod: Pod) -> Cause | None:
    """The kubelet's own reasons at the pod level, whose number grows (OutOfcpu, NodeAffinity, …)."""
    if not pod.reason or pod.main.end:
        return None
    return Cause(
        CauseCode.NODE_REFUSED,
        f'The node "{pod.node}" did not take the run\'s pod ({pod.reason})',
        pod.message,
        "start the run again",
    )


def _main_out_of_memory(pod: Pod) -> Cause | None:
    return _oom_killed(pod.main, pod) if _is_oom(pod.main.end) else None


def _other_out_of_memory(pod: Pod) -> Cause | None:
    others = (*pod.inits, *pod.others)
    return next((_oom_killed(container, pod) for container in others if _is_oom(container.end)), None)


def _is_oom(end: End | None) -> bool:
    # With a limit too small even for the runtime there is no OOMKilled, only a StartError whose message says so.
    return end is not None and (end.reason == "OOMKilled" or (end.reason == "StartError" and "OOM" in end.message))


def _oom_killed(container: Container, pod: Pod) -> Cause:
    limit = f" than its limit of {container.memory_limit}" if container.memory_limit else " than there was"
    name = "The container" if container is pod.main else f'Container "{container.name}"'
    code = f", exit code {container.exit_code}" if container.exit_code is not None else ""
    hint = "raise resources.limits.memory"
    if container is pod.main and pod.last_words and pod.last_words.peak_memory_bytes:
        hint += f"; last known peak {mebibytes(pod.last_words.peak_memory_bytes)}"
    summary = f"{name} was killed for using more memory{limit} (OOMKilled{code})"
    detail = container.end.message if container.end and container.end.reason == "StartError" else ""
    return Cause(CauseCode.OOM_KILLED, summary, detail, hint)


def _not_started(pod: Pod) -> Cause | None:
    """128 is the runtime's; 127 and 126 come from a shell, or an older runtime, that found nothing to execute."""
    end = pod.main.end
    if end is None:
        return None
    if end.reason in ("StartError", "ContainerCannotRun") or (end.exit_code == 128 and not pod.main.has_run):
        return start_error(pod.main, end.reason or "StartError", end.message)
    if end.exit_code in (126, 127) and not _launcher_cause(pod):
        what = "was not found" if end.exit_code == 127 else "cannot be executed"
        return Cause(
            CauseCode.START_ERROR,
            f"The container's command {what} (exit code {end.exit_code})",
            _foreign_words(pod, end),
            "check that the image has the command that the pod runs, and that it can be executed",
        )
    return None


def _init_failed(pod: Pod) -> Cause | None:
    if pod.main.has_run:
        return None
    for container in pod.inits:
        if container.exit_code:
            return Cause(
                CauseCode.INIT_FAILED,
                f'Init container "{container.name}" ended with exit code {container.exit_code}',
                container.end.message if container.end else "",
                "see its log: kubectl logs POD -c CONTAINER",
            )
    return None


def _deleted(pod: Pod) -> Cause | None:
    if pod.deleted_by is None:
        return None
    return Cause(
        CauseCode.POD_DELETED,
        f"The run's pod was deleted{_exit_in_brackets(pod)}",
        pod.message,
        "start the run again",
    )


def _exit_in_brackets(pod: Pod) -> str:
    code = pod.main.exit_code
    return f" (exit code {code})" if code is not None else ""


def _stopped_from_outside(pod: Pod) -> Cause | None:
    if pod.main.exit_code != SIGTERM_CODE:
        return None
    return Cause(
        CauseCode.SIG_TERM,
        "The run was stopped from outside by SIGTERM: its pod was deleted or its node drained (exit code 143)",
        pod.message,
        "start the run again",
    )


def _killed_by_signal_9(pod: Pod) -> Cause | None:
    if pod.main.exit_code != SIGKILL_CODE:
        return None
    hint = "watch its memory"
    if pod.last_words and pod.last_words.peak_memory_bytes:
        hint += f" (last known peak {mebibytes(pod.last_words.peak_memory_bytes)})"
    return Cause(
        CauseCode.SIG_KILL,
        "The container was killed by SIGKILL (exit code 137): by memory, or it ignored SIGTERM past its grace",
        pod.message,
        f"{hint}, and look at who stopped the pod",
    )


def _exit_code(pod: Pod) -> Cause | None:
    end = pod.main.end
    if end is None or not end.exit_code:
        return None
    code = f"exit code {end.exit_code}{_signal_name(end.exit_code)}"
    said = _launcher_cause(pod)
    if not said:
        return Cause(
            CauseCode.EXIT_CODE,
            f"The ingestion ended with {code}",
            _foreign_words(pod, end),
            "see its log",
        )
    first_line, *more = said.splitlines()
    detail = said if more else ""
    if end.exit_code == EX_CONFIG and said.startswith(NO_ENTRY_POINT):
        what = said.partition(":")[0]
        return Cause(
            CauseCode.EXIT_CODE, f"The ingestion ended with {code}: {what}", "", with_entry_points(pod.main.image)
        )
    hint = (
        "no retry helps: change what it names, and deploy the pipeline again"
        if end.exit_code == EX_CONFIG
        else "see its log"
    )
    return Cause(
        CauseCode.EXIT_CODE, f"The ingestion ended with {code}: {_with_last_error(pod, first_line)}", detail, hint
    )


def _with_last_error(pod: Pod, cause: str) -> str:
    """In one line: the exception often says only which step failed, and the log, before it, why."""
    error = pod.last_words.last_error if pod.last_words else ""
    if not error or error in cause:
        return cause
    is_bare_exit = cause == f"SystemExit: {pod.main.exit_code}"
    return error if is_bare_exit or cause in error else f"{cause}; last error in its log: {error}"


def _signal_name(exit_code: int) -> str:
    try:
        return f", {signal.Signals(exit_code - 128).name}"
    except ValueError:
        return ""


def _launcher_cause(pod: Pod) -> str:
    return pod.last_words.cause if pod.last_words else ""


def _foreign_words(pod: Pod, end: End) -> str:
    """A termination message that is not the launcher's: the runtime's, or that of a program run without it."""
    return "" if pod.last_words else end.message


def _sidecar_failed(pod: Pod) -> Cause | None:
    for container in pod.others:
        if container.exit_code:
            return Cause(
                CauseCode.EXIT_CODE,
                f'Container "{container.name}", which is not the run\'s own, ended with exit code '
                f"{container.exit_code} and so failed the pod",
                container.end.message if container.end else "",
                "see its log: kubectl logs POD -c CONTAINER",
            )
    return None


def _pod_level(pod: Pod) -> Cause | None:
    if not pod.reason and not pod.message:
        return None
    return Cause(CauseCode.UNKNOWN, f"The run's pod failed ({pod.reason or 'no reason given'})", pod.message)


_Check = Callable[[Pod], Cause | None]

_TO_THE_POD: tuple[_Check, ...] = (_evicted, _disrupted, _deadline, _node_lost)
_BY_MAIN: tuple[_Check, ...] = (
    _main_out_of_memory,
    _not_started,
    _stopped_from_outside,
    _killed_by_signal_9,
    _exit_code,
)
_ANY: tuple[_Check, ...] = (
    *_TO_THE_POD,
    _node_refused,
    _init_failed,
    _main_out_of_memory,
    _not_started,
    _deleted,
    *_BY_MAIN,
    _other_out_of_memory,
    _sidecar_failed,
    _pod_level,
)


def ended_cause(pod: Pod) -> Cause | None:
    """Why a pod failed; None where nothing about it says so."""
    checks = (*_BY_MAIN, *_ANY) if pod.main_ended_by_itself and pod.main.exit_code else _ANY
    return next((cause for check in checks if (cause := check(pod))), None)


_POD_EVENTS = {
    "Evicted": (CauseCode.EVICTED, "The kubelet evicted the run's pod"),
    "Preempted": (CauseCode.PREEMPTED, "The run's pod was preempted by one of higher priority"),
    "Preempting": (CauseCode.PREEMPTED, "The kubelet ended the run's pod for a critical one"),
    "TaintManagerEviction": (CauseCode.NODE_LOST, "The run's pod was deleted because of a taint of its node"),
    "NodeNotReady": (CauseCode.NODE_LOST, "The node of the run's pod was not ready"),
}


def ended_cause_from_events(events: Sequence[Event], image: str) -> Cause | None:
    """Why pods that are gone failed, from the events that they left; an OOM kill and an exit code leave none."""
    for event in reversed(events):
        if event.reason in _POD_EVENTS:
            code, summary = _POD_EVENTS[event.reason]
            return Cause(code, summary, event.message, "start the run again")
    root = start_cause_from_events(events, image)
    deadline = next((event for event in events if event.reason == "DeadlineExceeded"), None)
    if deadline is None:
        return root
    summary = "The run was ended at its deadline"
    if root:
        return ended_before_start(root, summary)
    return Cause(CauseCode.DEADLINE_EXCEEDED, summary, deadline.message, "raise the pipeline's deadline")


def was_stopped(events: Sequence[Event]) -> bool:
    """The kubelet stopped a container because its pod was to go."""
    return any(event.reason == "Killing" for event in events)
