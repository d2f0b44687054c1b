"""Judges what has to be there for a pod: quota, what it refers to, a node that takes it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from k8s_pipeline_client.cluster.port import Object
from k8s_pipeline_client.doctor.facts import ClusterFacts, Unknown
from k8s_pipeline_client.doctor.finding import Finding, ok, problem, unknown, warning
from k8s_pipeline_client.doctor.nodes import unseen, why_not
from k8s_pipeline_client.doctor.pods import CLAIM, PULL_SECRET, asked_for
from k8s_pipeline_client.doctor.trial import Refused, parts_of
from k8s_pipeline_client.domain.quantity import parse_quantity

_PULL_TYPES = ("kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg")
_DOCTOR = "apply rbac/doctor.yaml"


def quotas(facts: ClusterFacts) -> Iterator[Finding]:
    """Judge how many more runs the namespace's quotas have room for."""
    if Refused.QUOTA in parts_of(facts.trial.refusals):
        return  # the dry run has said it
    if isinstance(facts.quotas, Unknown):
        yield unknown("quota", f"cannot check quotas: {facts.quotas.why}", _DOCTOR)
        return
    if not facts.trial.spec:
        return
    asked = asked_for(facts.trial.spec)
    chosen = [quota["metadata"]["name"] for quota in facts.quotas if _is_for_some(quota)]
    left = [(room, quota["metadata"]["name"]) for quota in facts.quotas if (room := _room(quota, asked)) is not None]
    if chosen:
        text = f"how much room ResourceQuota {', '.join(chosen)} leaves is not known"
        yield unknown("quota", f"{text}: its scopeSelector says which pods it counts", "see kubectl describe quota")
    if not left:
        if not chosen:
            yield ok("quota", "no ResourceQuota limits a run's pod")
        return
    room, name = min(left)
    if room == 0:
        hint = "free quota (kubectl describe quota), raise it, or set smaller resources"
        yield problem("quota", "QuotaFull", f"ResourceQuota {name} has no room for one more run", hint)
    else:
        yield ok("quota", f"ResourceQuota {name} has room for {room} more at once")


def _is_for_some(quota: Object) -> bool:
    return bool((quota.get("spec") or {}).get("scopeSelector"))


def _room(quota: Object, asked: object) -> int | None:
    """Return how many more such pods a quota allows; None if it does not count them."""
    assert isinstance(asked, dict)
    spec, status = quota.get("spec") or {}, quota.get("status") or {}
    # Every run has a deadline, and requests.
    if {"NotTerminating", "BestEffort"} & set(spec.get("scopes") or ()) or _is_for_some(quota):
        return None
    hard, used = status.get("hard") or spec.get("hard") or {}, status.get("used") or {}
    rooms = [
        max(0, int((parse_quantity(str(hard[key])) - parse_quantity(str(used.get(key, "0")))) // needed))
        for key, needed in asked.items()
        if key in hard and needed > Decimal(0)
    ]
    return min(rooms, default=None)


def references(facts: ClusterFacts) -> Iterator[Finding]:
    """Judge whether what the pod mounts, pulls with and has in its environment is there: no dry run tells."""
    for (kind, name), found in facts.references.items():
        check = "pull-secret" if kind == PULL_SECRET else "volumes" if kind == CLAIM else "references"
        what = f"{kind} {name}"
        if isinstance(found, Unknown):
            yield unknown(check, f"cannot tell whether {what} exists: {found.why}", _DOCTOR if kind == CLAIM else "")
        elif found is None:
            code = {PULL_SECRET: "PullSecretMissing", CLAIM: "ClaimMissing"}.get(kind, "ReferenceMissing")
            hint = f"create it in namespace {facts.namespace}, or change the settings that name it"
            yield problem(check, code, f"{what} does not exist, and every run's pod refers to it", hint)
        else:
            yield _usable(check, kind, what, found)


def _usable(check: str, kind: str, what: str, found: Object) -> Finding:
    phase = (found.get("status") or {}).get("phase")
    if kind == PULL_SECRET and found.get("type") not in _PULL_TYPES:
        hint = "create it with kubectl create secret docker-registry"
        return problem(check, "PullSecretUnfit", f"{what} has the type {found.get('type')}: no registry login", hint)
    if kind == CLAIM and phase == "Lost":
        return problem(check, "ClaimLost", f"{what} has lost its volume", "recreate it, or restore its volume")
    if kind == CLAIM and phase == "Pending":
        hint = "kubectl describe pvc says why; with WaitForFirstConsumer it is bound once the first pod is scheduled"
        return warning(check, "ClaimPending", f"{what} is not bound to a volume", hint)
    return ok(check, f"{what} exists")


def nodes(facts: ClusterFacts) -> Iterator[Finding]:
    """Judge whether there is a node that would take the pod if it were empty."""
    if isinstance(facts.nodes, Unknown):
        yield unknown("nodes", f"cannot tell whether a node fits: {facts.nodes.why}", _DOCTOR)
        return
    if not facts.trial.spec:
        return
    reasons = {node["metadata"]["name"]: why_not(node, facts.trial.spec) for node in facts.nodes}
    fitting = [name for name, reason in reasons.items() if not reason]
    if fitting:
        text = f"{len(fitting)} of {len(reasons)} nodes would take a run's pod"
        if others := unseen(facts.trial.spec):
            yield unknown("nodes", f"{text}, if its {' and '.join(others)} allow it, which was not looked at")
        else:
            yield ok("nodes", text)
        return
    counts = Counter(reasons.values())
    said = "; ".join(f"{count}: {reason}" for reason, count in counts.most_common(5)) or "there are none"
    hint = "change nodeSelector, tolerations, affinity or resources, or add a node"
    yield problem("nodes", "NoNodeFits", f"no node would take a run's pod ({said})", hint)
