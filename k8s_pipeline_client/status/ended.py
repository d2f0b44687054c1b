"""Why a pod failed: ordered checks.

What happened *to* the pod comes before its containers' exit codes: a drained pod's exit code 143 is no failure of
the ingestion. If ``main`` exited before anything happened to the pod, its own exit code decides.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from datetime import timedelta

from k8s_pipeline_client.domain.image import with_entry_points
from k8s_pipeline_client.launcher.unusable import NO_ENTRY_POINT
from k8s_pipeline_client.status.asked import Asked
from k8s_pipeline_client.status.events import Event
from k8s_pipeline_client.status.evicted import disrupted_cause, evicted_cause, not_admitted_cause
from k8s_pipeline_client.status.memory import (
    SIGKILL_CODE,
    out_of_memory_cause,
    was_killed_for_memory,
    with_lost_process,
)
from k8s_pipeline_client.status.models import Cause, CauseCode
from k8s_pipeline_client.status.pod import End, Pod
from k8s_pipeline_client.status.waiting import (
    ended_before_start,
    init_not_done,
    start_cause_from_events,
    start_error,
    still_starting,
    waiting_cause,
)
from k8s_pipeline_client.status.words import duration_in_words, mebibytes

SIGTERM_CODE = 128 + signal.SIGTERM
EX_CONFIG = 78
"""The launcher's exit code for an unusable document or entry point."""


def _evicted(pod: Pod) -> Cause | None:
    if pod.reason != "Evicted":
        return None
    return not_admitted_cause(pod.node, pod.message) or evicted_cause(pod.message)


def _deadline(pod: Pod) -> Cause | None:
    if pod.reason != "DeadlineExceeded":
        return None
    summary = "The run exceeded its deadline" + _of(pod.deadline)
    if not pod.has_started:
        root = waiting_cause(pod) or start_cause_from_events(pod.events, pod.asked) or _was_at(pod)
        if root:
            return ended_before_start(root, summary)
        return Cause(
            CauseCode.DEADLINE_EXCEEDED,
            f"{summary} before it started, for an unknown reason",
            pod.message,
            "start it again and check its status while it is queued",
        )
    if pod.main.exit_code == SIGKILL_CODE:
        summary += f"; it ignored SIGTERM and was killed after its grace period{_of(pod.grace)}"
    return Cause(
        CauseCode.DEADLINE_EXCEEDED,
        summary,
        pod.message,
        "raise the pipeline's deadline, or check the log for what takes so long",
    )


def _was_at(pod: Pod) -> Cause | None:
    """What the pod was doing when it was terminated: its unfinished init container, else what its events say."""
    for container in reversed(pod.inits):
        if container.is_running or container.exit_code in (SIGKILL_CODE, SIGTERM_CODE):
            return init_not_done(container.name, f": {pod.log_command(container.name)}")
    return still_starting(pod.events)


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
        f'The node "{pod.node}" did not report the exit of the run\'s container',
        detail,
        "start the run again; check the node",
    )


def _node_refused(pod: Pod) -> Cause | None:
    """The kubelet's own pod-level reasons, whose number grows (OutOfcpu, NodeAffinity, …)."""
    if not pod.reason or pod.main.end:
        return None
    return Cause(
        CauseCode.NODE_REFUSED,
        f'The node "{pod.node}" did not admit the run\'s pod ({pod.reason})',
        pod.message,
        "start the run again",
    )


def _main_out_of_memory(pod: Pod) -> Cause | None:
    return out_of_memory_cause(pod.main, pod) if was_killed_for_memory(pod.main.end) else None


def _other_out_of_memory(pod: Pod) -> Cause | None:
    others = (*pod.inits, *pod.others)
    killed = next((container for container in others if was_killed_for_memory(container.end)), None)
    return out_of_memory_cause(killed, pod) if killed else None


def _not_started(pod: Pod) -> Cause | None:
    """128 is the runtime's; 127 and 126 come from a shell, or an older runtime, if the command cannot be executed."""
    end = pod.main.end
    if end is None:
        return None
    # With an exit code of its own it did run, whatever the reason says.
    by_runtime = end.reason in ("StartError", "ContainerCannotRun") and end.exit_code in (None, 126, 127, 128)
    if by_runtime or (end.exit_code == 128 and not pod.main.has_run):
        return start_error(pod.main, end.reason or "StartError", end.message)
    if end.exit_code in (126, 127) and not _launcher_cause(pod):
        what = "was not found" if end.exit_code == 127 else "cannot be executed"
        return Cause(
            CauseCode.START_ERROR,
            f"The container's command {what} (exit code {end.exit_code})",
            _foreign_words(pod, end),
            "check that the image has the command of the pod, and that it is executable",
        )
    return None


def _init_failed(pod: Pod) -> Cause | None:
    if pod.main.has_run:
        return None
    for container in pod.inits:
        if was_killed_for_memory(container.end):
            return out_of_memory_cause(container, pod)
        if container.exit_code:
            failed = Cause(
                CauseCode.INIT_FAILED,
                f'Init container "{container.name}" exited with code {container.exit_code}',
                container.end.message if container.end else "",
                f"check its log: {pod.log_command(container.name)}",
            )
            return with_lost_process(failed, container)
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
    if pod.deleted_by is not None:
        return Cause(
            CauseCode.SIG_TERM,
            "The run was terminated by SIGTERM: its pod was deleted (exit code 143)",
            pod.message,
            "start the run again",
        )
    return Cause(
        CauseCode.SIG_TERM,
        "The run was terminated by SIGTERM (exit code 143), but not for a deletion, drain or deadline of its pod",
        pod.message,
        "check its log: a process in the container sent the signal or used the exit code, or its node was shut down",
    )


def _killed_by_signal_9(pod: Pod) -> Cause | None:
    if pod.main.exit_code != SIGKILL_CODE:
        return None
    hint = "check its memory usage"
    if pod.last_words and pod.last_words.peak_memory_bytes:
        hint += f" (last known peak: {mebibytes(pod.last_words.peak_memory_bytes)})"
    return Cause(
        CauseCode.SIG_KILL,
        "The container was killed by SIGKILL (exit code 137): out of memory, or it ignored SIGTERM",
        pod.message,
        f"{hint}, and what stopped the pod",
    )


def _exit_code(pod: Pod) -> Cause | None:
    end = pod.main.end
    if end is None or not end.exit_code:
        return None
    code = f"code {end.exit_code}{_signal_name(end.exit_code)}"
    said = _launcher_cause(pod)
    if not said:
        return Cause(
            CauseCode.EXIT_CODE,
            f"The ingestion exited with {code}",
            _foreign_words(pod, end),
            "check its log",
        )
    first_line, *more = said.splitlines()
    detail = said if more else ""
    if end.exit_code == EX_CONFIG and said.startswith(NO_ENTRY_POINT):
        what = said.partition(":")[0]
        return Cause(
            CauseCode.EXIT_CODE, f"The ingestion exited with {code}: {what}", "", with_entry_points(pod.main.image)
        )
    hint = (
        "not retried, since it would fail again: fix what the message names, and deploy the pipeline again"
        if end.exit_code == EX_CONFIG
        else "check its log"
    )
    return Cause(
        CauseCode.EXIT_CODE, f"The ingestion exited with {code}: {_with_last_error(pod, first_line)}", detail, hint
    )


def _with_last_error(pod: Pod, cause: str) -> str:
    """The exception and the last error of the log, in one line: the exception often names only the step that failed."""
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
    """A termination message that is not the launcher's: the runtime's, or of a program without the launcher."""
    return "" if pod.last_words else end.message


def _sidecar_failed(pod: Pod) -> Cause | None:
    for container in pod.others:
        if container.exit_code:
            failed = Cause(
                CauseCode.EXIT_CODE,
                f'Container "{container.name}", a sidecar, exited with code '
                f"{container.exit_code} and so failed the pod",
                container.end.message if container.end else "",
                f"check its log: {pod.log_command(container.name)}",
            )
            return with_lost_process(failed, container)
    return None


def _pod_level(pod: Pod) -> Cause | None:
    if not pod.reason and not pod.message:
        return None
    return Cause(CauseCode.UNKNOWN, f"The run's pod failed ({pod.reason or 'no reason given'})", pod.message)


_Check = Callable[[Pod], Cause | None]

_TO_THE_POD: tuple[_Check, ...] = (_evicted, disrupted_cause, _deadline, _node_lost)
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
    """Why a pod failed; None if it did not, or if nothing tells."""
    checks = (*_BY_MAIN, *_ANY) if pod.main_ended_by_itself and pod.main.exit_code else _ANY
    found = next((cause for check in checks if (cause := check(pod))), None)
    return with_lost_process(found, pod.main) if found else None


_POD_EVENTS = {
    "Preempted": (CauseCode.PREEMPTED, "The run's pod was preempted by one of higher priority"),
    "Preempting": (CauseCode.PREEMPTED, "The kubelet preempted the run's pod for a critical one"),
    "TaintManagerEviction": (CauseCode.NODE_LOST, "The run's pod was evicted for a taint of its node"),
    "NodeNotReady": (CauseCode.NODE_LOST, "The node of the run's pod was not ready"),
}


def ended_cause_from_events(events: Sequence[Event], asked: Asked) -> Cause | None:
    """Why deleted pods failed, from their events; OOM kills and exit codes leave none."""
    for event in reversed(events):
        if event.reason == "Evicted":
            return evicted_cause(event.message)
        if event.reason in _POD_EVENTS:
            code, summary = _POD_EVENTS[event.reason]
            return Cause(code, summary, event.message, "start the run again")
    root = start_cause_from_events(events, asked)
    deadline = next((event for event in events if event.reason == "DeadlineExceeded"), None)
    if deadline is None:
        return root
    summary = "The run exceeded its deadline"
    root = root or still_starting(events)
    if root:
        return ended_before_start(root, summary)
    return Cause(CauseCode.DEADLINE_EXCEEDED, summary, deadline.message, "raise the pipeline's deadline")


def was_stopped(events: Sequence[Event]) -> bool:
    """The kubelet stopped a container because its pod was being deleted."""
    return any(event.reason == "Killing" for event in events)
