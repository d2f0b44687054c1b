"""Why a pod cannot be scheduled, parsed from the scheduler's messages."""

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
    ("free ports", "remove the hostPort, or wait for the pod that uses it"),
    ("pod topology spread", "relax topologySpreadConstraints"),
    ("pod affinity rules", "change the pod affinity"),
    ("anti-affinity", "change the pod anti-affinity"),
    ("were unschedulable", "wait for the nodes to be uncordoned"),
    ("Too many pods", "wait for other pods to end, or add a node"),
    ("max volume count", "wait for other pods to end, or add a node"),
    ("volume node affinity", "allow the run on nodes that can attach its volumes"),
    ("ReadWriteOncePod", "wait for the pod that uses the volume"),
)


def unschedulable_cause(message: str, asked: Asked, events: Sequence[Event] = ()) -> Cause:
    """The cause of an unschedulable pod.

    Args:
        message: The scheduler's.
        asked: What the pod references.
        events: May include those about its PersistentVolumeClaims.
    """
    found = _CLAIM.search(message)
    if found:
        return _claim_fault(found[1], found[2], message)
    if any(words in message for words in _NO_VOLUME):
        return _unbound(message, asked, events)
    missing = _CLASS.search(message)
    if missing:
        return _no_class(missing[1], message)
    summary = "No node fits the run's pod (Unschedulable)"
    if asked.node_labels and "affinity/selector" in message:
        labels = ", ".join(f"{key}={value}" for key, value in asked.node_labels)
        summary += f"; its nodeSelector is {labels}"
    hint = "; ".join(_hints(message)) or "check requests, nodeSelector and tolerations"
    return Cause(CauseCode.UNSCHEDULABLE, summary, message, hint)


def _hints(message: str) -> Iterator[str]:
    short = sorted(set(_SHORT.findall(message)))
    if short:
        yield f"lower the requests ({', '.join(word.rstrip('.') for word in short)}), or add a node"
    taints = sorted(set(_TAINT.findall(message)))
    if taints:
        yield f"add tolerations for {', '.join(taints)}"
    # Only in the first clause: the rest is about preemption.
    yield from (hint for words, hint in _WORDS if words in message.partition("preemption:")[0])


def _claim_fault(name: str, fault: str, message: str) -> Cause:
    claim = f'The PersistentVolumeClaim "{name}" of the run\'s pod'
    if fault == "not found":
        return Cause(
            CauseCode.UNSCHEDULABLE,
            f"{claim} does not exist (Unschedulable)",
            message,
            f'create the PersistentVolumeClaim "{name}" in the namespace, or correct claimName (setting volumes)',
        )
    words = fault if fault.startswith("is") else f"is {fault}"
    return Cause(
        CauseCode.UNSCHEDULABLE,
        f"{claim} {words} (Unschedulable)",
        message,
        f"recreate it, or mount another one; see kubectl describe pvc {name}",
    )


def _unbound(message: str, asked: Asked, events: Sequence[Event]) -> Cause:
    about = [event for event in events if event.kind == "PersistentVolumeClaim" and event.name in asked.claims]
    for event in reversed(about):
        missing = _CLASS.search(event.message)
        if missing and "not found" in event.message:
            return _no_class(missing[1], event.message, event.name)
    # Several may be mounted, and the scheduler does not name the one; events about the claims do.
    names = sorted({event.name for event in about}) or list(asked.claims)
    claim = f"The PersistentVolumeClaim {either(names)}" if names else "A PersistentVolumeClaim"
    news = [event.message for event in about[-1:]]
    return Cause(
        CauseCode.UNSCHEDULABLE,
        f"{claim} of the run's pod is not bound to a volume (Unschedulable)",
        "; ".join([message, *news]),
        f"see kubectl describe pvc {' '.join(names)}".rstrip() + ": its StorageClass, its size, and its provisioner",
    )


def _no_class(name: str, message: str, claim: str = "") -> Cause:
    of = f'the PersistentVolumeClaim "{claim}"' if claim else "a PersistentVolumeClaim"
    return Cause(
        CauseCode.UNSCHEDULABLE,
        f'The StorageClass "{name}" of {of} of the run\'s pod does not exist (Unschedulable)',
        message,
        f'create the StorageClass "{name}", or recreate the claim with another one (kubectl get storageclass)',
    )
