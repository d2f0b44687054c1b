"""OOM kills: of a container, or of one of its processes.

Kubernetes sets the reason ``OOMKilled`` as soon as any process of the container was killed for memory, even a child
process that the program did not need. The exit code tells what happened to the container itself.
"""

from __future__ import annotations

import dataclasses
import signal

from k8s_pipeline_client.domain.objects import MAIN_CONTAINER
from k8s_pipeline_client.status.models import Cause, CauseCode
from k8s_pipeline_client.status.pod import Container, End, Pod
from k8s_pipeline_client.status.words import mebibytes

SIGKILL_CODE = 128 + signal.SIGKILL

RAISE_LIMIT = "raise resources.limits.memory"
"""The beginning of the hint if the run's own container needs more memory."""


def was_killed_for_memory(end: End | None) -> bool:
    """The container itself was killed for memory, or had too little to start."""
    if end is None:
        return False
    if end.reason == "OOMKilled":
        return end.exit_code in (None, SIGKILL_CODE)
    # With a limit too small even for the runtime the reason is not OOMKilled but StartError; only the message tells.
    return end.reason == "StartError" and "OOM" in end.message


def lost_process(container: Container) -> bool:
    """A process of the container was killed for memory, and the container terminated in another way."""
    end = container.end
    return end is not None and end.reason == "OOMKilled" and not was_killed_for_memory(end)


def out_of_memory_cause(container: Container, pod: Pod) -> Cause:
    """The cause of a container that was killed for memory."""
    limit = f" its memory limit of {container.memory_limit}" if container.memory_limit else " the available memory"
    code = f", exit code {container.exit_code}" if container.exit_code is not None else ""
    is_main = container is pod.main
    name = "The container" if is_main else f'Container "{container.name}"'
    hint = RAISE_LIMIT if is_main else f'raise the memory limit of container "{container.name}"'
    if is_main and pod.last_words and pod.last_words.peak_memory_bytes:
        hint += f"; last known peak: {mebibytes(pod.last_words.peak_memory_bytes)}"
    summary = f"{name} exceeded{limit} and was killed (OOMKilled{code})"
    detail = container.end.message if container.end and container.end.reason == "StartError" else ""
    return Cause(CauseCode.OOM_KILLED, summary, detail, hint)


def with_lost_process(cause: Cause, container: Container) -> Cause:
    """Add to the cause that a process of the container was killed for memory, if it was."""
    end = container.end
    if end is None or end.reason != "OOMKilled" or cause.code is CauseCode.OOM_KILLED:
        return cause
    fix = "if the run needs that process, raise "
    fix += (
        "resources.limits.memory"
        if container.name == MAIN_CONTAINER
        else f'the memory limit of container "{container.name}"'
    )
    return dataclasses.replace(
        cause,
        summary=f"{cause.summary}; before that, {_lost(container)}",
        hint=f"{cause.hint}; {fix}" if cause.hint else fix,
    )


def loss_warning(container: Container) -> str:
    """A warning for a container that succeeded nevertheless; empty if no process was killed."""
    if not lost_process(container):
        return ""
    return f"{_lost(container)}, and the run continued without it: check its log, and {RAISE_LIMIT} if it was needed"


def _lost(container: Container) -> str:
    limit = f", limit {container.memory_limit}" if container.memory_limit else ""
    owner = "the run" if container.name == MAIN_CONTAINER else f'container "{container.name}"'
    return f"a process of {owner} was killed for memory (OOMKilled{limit})"
