"""Why no node takes a pod, out of the scheduler's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from k8s_pipeline_client.status.asked import Asked
from k8s_pipeline_client.status.events import Event
from k8s_pipeline_client.status.missing import either
from k8s_pipeline_client.status.models import Cause, CauseCode

_CLAIM = re.compile(
    r'persistentvolumeclaim "([^"]+)" '
    r'(not found|is being deleted|bound to non-existent persistentvolume "[^"]+")'
)
_NO_VOLUME = ("unbound immediate PersistentVolumeClaims", "find available persistent volumes to bind")
_CLASS = re.compile(r'storage ?class(?:\.storage\.k8s\.io)? "([^"]+)"')
_TAINT = re.compile(r"untolerated taint (\{[^}]*\})")
_SHORT = re.compile(r"Insufficient ([\w./-]+)")

_WORDS = (
    ("affinity/selector", "change nodeSelector or affinity, or label a node"),
    ("free ports", "give up the hostPort, or wait for the pod that has it"),
    ("pod topology spread", "relax topologySpreadConstraints"),
    ("pod affinity rules", "change the pod affinity"),
    ("anti-affinity", "change the pod anti-affinity"),
    ("were unschedulable", "wait for the nodes to be uncordoned"),
    ("Too many pods", "wait for other pods to end, or add a node"),
    ("max volume count", "wait for other pods to end, or add a node"),
    ("volume node affinity", "let the run go where its volumes are"),
    ("ReadWriteOncePod", "wait for the pod that has the volume"),
)


def unschedulable_cause(message: str, asked: Asked, events: Sequence[Event] = ()) -> Cause:
    """The cause of a pod that the scheduler cannot place.

    Args:
        message: The scheduler's.
        asked: What the pod asks for.
        events: Where those about its PersistentVolumeClaims may be.
    """
    found = _CLAIM.search(message)
    if found:
        return _claim_fault(found[1], found[2], message)
    if any(words in message for words in _NO_VOLUME):
        return _unbound(message, asked, events)
    missing = _CLASS.search(message)
    if missing:
        return _no_class(missing[1], message)
    summary = "No node of the cluster takes the run's pod (Unschedulable)"
    if asked.node_labels and "affinity/selector" in message:
        labels = ", ".join(f"{key}={value}" for key, value in asked.node_labels)
        summary += f"; its nodeSelector is {labels}"
    hint = "; ".join(_hints(message)) or "see what each node lacks: requests, nodeSelector, tolerations"
    return Cause(CauseCode.UNSCHEDULABLE, summary, message, hint)


def _hints(message: str) -> Iterator[str]:
    short = sorted(set(_SHORT.findall(message)))
    if short:
        yield f"lower the requests ({', '.join(word.rstrip('.') for word in short)}), or add a node"
    taints = sorted(set(_TAINT.findall(message)))
    if taints:
        yield f"add tolerations for {', '.join(taints)}"
    # In the first clause alone: what follows says why preemption does not help either.
    yield from (hint for words, hint in _WORDS if words in message.partition("preemption:")[0])


def _claim_fault(name: str, fault: str, message: str) -> Cause:
    claim = f'The PersistentVolumeClaim "{name}" of the run\'s pod'
    if fault == "not found":
        return Cause(
            CauseCode.UNSCHEDULABLE,
            f"{claim} is not there (Unschedulable)",
            message,
            f'create the PersistentVolumeClaim "{name}" in the namespace, or correct claimName (setting volumes)',
        )
    words = fault if fault.startswith("is") else f"is {fault}"
    return Cause(
        CauseCode.UNSCHEDULABLE,
        f"{claim} {words} (Unschedulable)",
        message,
        f"create it anew, or mount another; see kubectl describe pvc {name}",
    )


def _unbound(message: str, asked: Asked, events: Sequence[Event]) -> Cause:
    about = [event for event in events if event.kind == "PersistentVolumeClaim" and event.name in asked.claims]
    for event in reversed(about):
        missing = _CLASS.search(event.message)
        if missing and "not found" in event.message:
            return _no_class(missing[1], event.message, event.name)
    # Several may be mounted, and the scheduler does not say which of them it is about; those with news do.
    names = sorted({event.name for event in about}) or list(asked.claims)
    claim = f"The PersistentVolumeClaim {either(names)}" if names else "A PersistentVolumeClaim"
    news = [event.message for event in about[-1:]]
    return Cause(
        CauseCode.UNSCHEDULABLE,
        f"{claim} of the run's pod is not bound to a volume (Unschedulable)",
        "; ".join([message, *news]),
        f"see kubectl describe pvc {' '.join(names)}".rstrip()
        + ": its StorageClass, its size, and what provides volumes",
    )


def _no_class(name: str, message: str, claim: str = "") -> Cause:
    of = f'the PersistentVolumeClaim "{claim}"' if claim else "a PersistentVolumeClaim"
    return Cause(
        CauseCode.UNSCHEDULABLE,
        f'The StorageClass "{name}" of {of} of the run\'s pod is not there (Unschedulable)',
        message,
        f'have the StorageClass "{name}" created, or make the claim anew with another one (kubectl get storageclass)',
    )
