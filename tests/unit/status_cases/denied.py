"""Runs that do not start since their pod was denied, or fits no node: by messages of every shape."""

from __future__ import annotations

from typing import Any

from .build import Obj, condition, event, job, pod
from .case import QUOTA, Case


def _denied(name: str, message: str, code: str = "AdmissionRefused", *others: Obj) -> Case:
    said = f"Error creating: {message}"
    return Case(name, code, events=[event("FailedCreate", said, seconds=20), *others], job=job(), detail=said)


def _claims(*names: str) -> list[Obj]:
    return [{"name": f"v{name}", "persistentVolumeClaim": {"claimName": name}} for name in names]


def _about_claim(name: str, message: str, seconds: float = 10) -> Obj:
    about = {"kind": "PersistentVolumeClaim", "name": name, "namespace": "om", "uid": f"claim-{name}"}
    return event("ProvisioningFailed", message, involvedObject=about, seconds=seconds)


def _unplaced(
    name: str, message: str, *events: Obj, detail: str = "", reason: str = "Unschedulable", **spec: Any
) -> Case:
    its = pod(None, "Pending", conditions=[condition("PodScheduled", reason, message, status="False")])
    its["spec"] |= spec
    return Case(name, "Unschedulable", [its], list(events), job=job(active=1, ready=0), detail=detail or message)


_UNBOUND = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."

DENIED = [
    _denied("webhook without a name", "admission webhook rejected it"),
    _denied("webhook of which neither is said", 'the webhook "mesh.example.com" has had enough'),
    _denied("admission policy without a name", "ValidatingAdmissionPolicy denied request: no"),
    _denied(
        "admission policy that speaks of webhooks and quotas",
        "ValidatingAdmissionPolicy 'costs' denied request: see webhook \"x\", which denied the request: "
        "exceeded quota: a",
    ),
    _denied(
        "webhook that is away, and speaks of what it denied",
        'failed calling webhook "mesh.example.com": denied the request',
    ),
    _denied(
        "OpenShift's constraints",
        'pods "x" is forbidden: unable to validate against any security context constraint: [provider "restricted-v2"]',
    ),
    _denied(
        "quota of which nothing is known yet",
        'pods "x" is forbidden: status unknown for quota: small.one, resources: limits.memory',
        "QuotaExceeded",
    ),
    _denied(
        "the newest refusal counts",
        "the server is currently unable to handle the request",
        "AdmissionRefused",
        event("FailedCreate", QUOTA, seconds=10),
    ),
    _denied(
        "a refusal after a pod was created and has gone",
        "violates PodSecurity",
        "AdmissionRefused",
        event("SuccessfulCreate", "Created pod: x", seconds=10),
        event("SuccessfulDelete", "Deleted pod: x", seconds=30),
    ),
    _unplaced(
        "two of three claims have news",
        _UNBOUND,
        _about_claim("b", "the provisioner is late", 30),
        _about_claim("a", "waiting for a volume", 20),
        _about_claim("d", "none of this pod's", 40),
        detail="the provisioner is late",
        volumes=_claims("c", "b", "a"),
    ),
    _unplaced(
        "a storage class that is missing was told of before the news",
        _UNBOUND,
        _about_claim("b", 'storageclass.storage.k8s.io "slow" not found', 10),
        _about_claim("a", 'storageclass.storage.k8s.io "fast" not found', 20),
        _about_claim("a", "still waiting", 30),
        detail="fast",
        volumes=_claims("a", "b"),
    ),
    _unplaced(
        "a storage class that is there",
        _UNBOUND,
        _about_claim("a", 'storageclass "fast" is out of space', 20),
        detail="out of space",
        volumes=_claims("a"),
    ),
    _unplaced("a claim that nothing names", _UNBOUND),
    _unplaced("a storage class that the scheduler names", '0/3 nodes are available: storageclass "fast" not found.'),
    _unplaced(
        "several hints at once",
        "0/9 nodes are available: 1 Insufficient memory, 2 Insufficient cpu, 1 Insufficient memory, 1 node(s) had "
        "untolerated taint {gpu: yes}, 2 node(s) had untolerated taint {a: b}, 1 Too many pods. preemption: 0/9 nodes "
        "are available: 9 node(s) didn't match pod anti-affinity rules.",
    ),
    _unplaced("one resource at the end of the message", "0/1 nodes are available: 1 Insufficient example.com/gpu."),
    _unplaced(
        "labels that the nodes do have",
        "0/1 nodes are available: 1 node(s) exceed max volume count.",
        nodeSelector={"disk": "ssd"},
    ),
    _unplaced("an error of the scheduler's own", "running PreFilter plugin: no such node", reason="SchedulerError"),
    _unplaced("nothing that is known", "0/1 nodes are available: 1 node(s) were odd."),
]
