"""Judges the dry run of a pod, the first word in which tells which part of the cluster refused it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

from k8s_pipeline_client.cluster.port import Object
from k8s_pipeline_client.doctor.facts import ClusterFacts, Trial
from k8s_pipeline_client.doctor.finding import Finding, ok, problem, unknown
from k8s_pipeline_client.errors import PipelineError


class Refused(StrEnum):
    """What of a pod is refused; named as the check is."""

    ACCOUNT = "service-account"
    PRIORITY = "priority-class"
    RUNTIME = "runtime-class"
    SECURITY = "pod-security"
    LIMITS = "limits"
    QUOTA = "quota"
    OTHER = "admission"


_SAID = (
    (Refused.ACCOUNT, re.compile(r"error looking up service account|serviceaccount \"[^\"]*\" not found")),
    (Refused.PRIORITY, re.compile(r"no PriorityClass with name")),
    (Refused.RUNTIME, re.compile(r"RuntimeClass \"?[^\"]*\"? not found")),
    (Refused.SECURITY, re.compile(r"violates PodSecurity")),
    (Refused.QUOTA, re.compile(r"exceeded quota|failed quota")),
    (
        Refused.LIMITS,
        re.compile(r"(?:maximum|minimum) \S+ usage per|max limit to request ratio|must be less than or equal to"),
    ),
)
_FIELDS = {
    Refused.ACCOUNT: "serviceAccountName",
    Refused.PRIORITY: "priorityClassName",
    Refused.RUNTIME: "runtimeClassName",
}
_CODES = {
    Refused.ACCOUNT: "ServiceAccountMissing",
    Refused.PRIORITY: "PriorityClassMissing",
    Refused.RUNTIME: "RuntimeClassMissing",
    Refused.SECURITY: "PodSecurityRefused",
    Refused.LIMITS: "LimitRangeRefused",
    Refused.QUOTA: "QuotaFull",
    Refused.OTHER: "PodRefused",
}
_HINTS = {
    Refused.ACCOUNT: "create it (kubectl apply -k rbac/), or set serviceAccountName to one that exists",
    Refused.PRIORITY: "set priorityClassName to one of kubectl get priorityclasses, or leave it out",
    Refused.RUNTIME: "set runtimeClassName to one of kubectl get runtimeclasses, or leave it out",
    Refused.SECURITY: "change the settings that the message names: runAsUser, seccompProfileType, podTemplate",
    Refused.LIMITS: "set resources within what kubectl describe limitranges shows",
    Refused.QUOTA: "free quota (kubectl describe quota), raise it, or set smaller resources",
    Refused.OTHER: "change the policy or webhook that it names so that it allows the pod, or change podTemplate",
}


NO_DRY_RUN = "have whoever runs the webhook declare its sideEffects (None or NoneOnDryRun); a run tells"


def refused_part(error: PipelineError) -> Refused:
    """Return which part of the cluster refused a pod."""
    return next((part for part, said in _SAID if said.search(error.message)), Refused.OTHER)


def without(spec: Object, error: PipelineError) -> Object | None:
    """Return the pod without the object that is missing, to hear what else is; None where nothing can be left out."""
    field = _FIELDS.get(refused_part(error))
    if field is None or field not in spec:
        return None
    return {key: value for key, value in spec.items() if key != field}


def tried(facts: ClusterFacts) -> Iterator[Finding]:
    """Judge the dry run: one line for each part of the cluster that has a say."""
    trial = facts.trial
    seen = {refused_part(error): error for error in trial.refusals}
    for part, error in seen.items():
        if is_untold(error):
            text = f"cannot tell whether a run's pod would be accepted: {words_of(error)}"
            yield unknown(part.value, text, NO_DRY_RUN)
        else:
            yield problem(part.value, _CODES[part], f"a run's pod is refused: {words_of(error)}", _HINTS[part])
    if trial.unknown:
        yield unknown("pod", f"cannot tell whether a run's pod would be accepted: {trial.unknown}")
    else:
        yield from _accepted(trial, seen)


def is_untold(error: PipelineError) -> bool:
    """Return whether a dry run tells nothing, since a webhook takes part in none: it may accept the real object."""
    return "does not support dry run" in error.message


def _accepted(trial: Trial, seen: dict[Refused, PipelineError]) -> Iterator[Finding]:
    ended = [part for part in seen if part not in _FIELDS]
    for part, field in _FIELDS.items():
        name = trial.spec.get(field)
        if not name or part in seen:
            continue
        if ended:
            yield unknown(part.value, f"cannot tell whether {field} {name} exists until the pod is accepted")
        else:
            yield ok(part.value, f"{field} {name} exists")
    if not ended:
        yield ok(Refused.SECURITY.value, "the namespace's Pod Security level and its LimitRanges allow a run's pod")
    elif Refused.SECURITY not in seen:
        yield unknown(Refused.SECURITY.value, "cannot tell whether Pod Security allows the pod until it is accepted")


def words_of(error: PipelineError) -> str:
    """Return the API server's message without the request that it is about."""
    said = re.sub(r"^.*? in namespace \S+: ", "", error.message)
    return re.sub(r"^[a-z.]+ \"[^\"]*\" is forbidden: | \(4\d\d \w+\)$", "", said)


def parts_of(errors: Sequence[PipelineError]) -> set[Refused]:
    """Return all parts that refused a pod."""
    return {refused_part(error) for error in errors}
