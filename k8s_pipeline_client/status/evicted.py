"""Why a pod was evicted or preempted: its own limits, pressure on its node, or another pod."""

from __future__ import annotations

import re

from k8s_pipeline_client.status.models import Cause, CauseCode
from k8s_pipeline_client.status.pod import Pod

_EMPTY_DIR = re.compile(r'EmptyDir volume "([^"]+)" exceeds the limit "([^"]+)"')
_CONTAINER = re.compile(r'Container (\S+) exceeded its local ephemeral storage limit "([^"]+)"')
_POD = re.compile(r"ephemeral local storage usage exceeds the total limit of containers ([^\s,]*\w)")
_LOW = re.compile(r"low on resource: ([\w./-]*\w)")
_CONDITION = re.compile(r"The node had condition: \[?([^\].]*)")

_LESS = "or make the run write less"
_LIMIT_RANGE = "; if no setting has it, it is from a LimitRange (kubectl get limitrange)"
_NEEDS = {
    "memory": "raise resources.requests.memory to the actual usage",
    "ephemeral-storage": "raise resources.requests.ephemeral-storage (setting podTemplate)",
    "inodes": "make the run write fewer files",
    "pids": "make the run start fewer processes and threads",
}

_DISRUPTIONS = {
    "PreemptionByScheduler": (
        CauseCode.PREEMPTED,
        "The run's pod was preempted by a pod of higher priority",
        "give the run a PriorityClass, or start it when the cluster is less busy",
    ),
    "EvictionByEvictionAPI": (
        CauseCode.EVICTED,
        "The run's pod was evicted through the eviction API (usually a node drain)",
        "start the run again",
    ),
    "DeletionByTaintManager": (
        CauseCode.NODE_LOST,
        "The run's pod was evicted by a NoExecute taint of its node (usually not ready or unreachable)",
        "start the run again; check the node",
    ),
    "DeletionByPodGC": (
        CauseCode.NODE_LOST,
        "The run's pod was deleted because its node is gone",
        "start the run again",
    ),
    "TerminationByKubelet": (
        CauseCode.EVICTED,
        "The kubelet terminated the run's pod (node pressure, a node shutdown, or a critical pod)",
        "raise the requests to the actual usage, or start the run again",
    ),
}


def evicted_cause(message: str) -> Cause:
    """The cause of a pod with the kubelet's reason ``Evicted``, by its message."""
    return _own_limit(message) or _short_node(message)


def _own_limit(message: str) -> Cause | None:
    empty_dir, container, pod = _EMPTY_DIR.search(message), _CONTAINER.search(message), _POD.search(message)
    if empty_dir:
        name, limit = empty_dir.groups()
        which = f'the emptyDir volume "{name}" has a sizeLimit of {limit}'
        hint = f'raise emptyDir.sizeLimit of the volume "{name}" (settings volumes, podTemplate), {_LESS}'
    elif container:
        name, limit = container.groups()
        which = f'container "{name}" has an ephemeral-storage limit of {limit}'
        hint = f'raise resources.limits.ephemeral-storage of container "{name}" (setting podTemplate), {_LESS}'
        hint += _LIMIT_RANGE
    elif pod:
        which = f"its containers have an ephemeral-storage limit of {pod[1]} in total, logs and emptyDirs included"
        hint = (
            f"raise resources.limits.ephemeral-storage of its containers (setting podTemplate), {_LESS}{_LIMIT_RANGE}"
        )
    else:
        return None
    summary = f"The run's pod exceeded its own limit of local storage: {which} (Evicted)"
    return Cause(CauseCode.EVICTED, summary, message, hint)


def _short_node(message: str) -> Cause:
    low = _LOW.search(message)
    what = low[1] if low else "something"
    hint = _NEEDS.get(what, "raise the requests to the actual usage")
    more = what if low else "what the message names"
    return Cause(
        CauseCode.EVICTED,
        f"The kubelet evicted the run's pod: its node ran low on {what} (Evicted)",
        message,
        f"{hint}, or use nodes with more {more}" if low else f"{hint}, or use nodes with more of {more}",
    )


def not_admitted_cause(node: str, message: str) -> Cause | None:
    """The cause of a pod that the kubelet did not admit (``Evicted``), because of its node's conditions."""
    found = _CONDITION.search(message)
    if not found:
        return None
    return Cause(
        CauseCode.NODE_REFUSED,
        f'The node "{node}" did not admit the run\'s pod, since it was under pressure ({found[1].strip()})',
        message,
        "start the run again; check the node",
    )


def disrupted_cause(pod: Pod) -> Cause | None:
    """The cause of a pod with the condition ``DisruptionTarget``; its replacement does not count as a retry."""
    condition = pod.disruption
    if condition is None:
        return None
    known = _DISRUPTIONS.get(condition.reason)
    if known:
        code, summary, hint = known
        return Cause(code, f"{summary} ({condition.reason})", condition.message or pod.message, hint)
    return Cause(
        CauseCode.EVICTED,
        f"The run's pod was disrupted ({condition.reason or 'DisruptionTarget'})",
        condition.message or pod.message,
        "start the run again",
    )
