"""Why a Job has no pod: what rejects its creation, parsed from the API server's messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from k8s_pipeline_client.status.events import Event
from k8s_pipeline_client.status.models import Cause, CauseCode

_QUOTA = re.compile(r"(?:exceeded quota|failed quota|status unknown for quota): ([\w.-]+)")
_OUT_OF_RANGE = re.compile(r"(minimum|maximum) \S+ usage per |max limit to request ratio per ")
"""The messages for a LimitRange; they do not name it."""
_WEBHOOK = re.compile(r'webhook "([^"]+)"')
_POLICY = re.compile(r"ValidatingAdmissionPolicy '([^']+)'")
_ABSENT = (
    (re.compile(r'error looking up service account \S+: serviceaccount "([^"]+)" not found'), "ServiceAccount"),
    (re.compile(r"no PriorityClass with name (\S+) was found"), "PriorityClass"),
    (re.compile(r'RuntimeClass "([^"]+)" not found'), "RuntimeClass"),
)
_SETTINGS = {
    "ServiceAccount": "serviceAccountName",
    "PriorityClass": "priorityClassName",
    "RuntimeClass": "runtimeClassName",
}


def _refused(summary: str, message: str, hint: str, code: CauseCode = CauseCode.ADMISSION_REFUSED) -> Cause:
    return Cause(code, summary, message, hint)


def _admission_policy(message: str) -> Cause | None:
    if "ValidatingAdmissionPolicy" not in message:
        return None
    found = _POLICY.search(message)
    name = f' "{found[1]}"' if found else ""
    return _refused(
        f"A ValidatingAdmissionPolicy denies the run's pod{':' if name else ''}{name}",
        message,
        "fix what the message names, or change the policy",
    )


def _webhook(message: str) -> Cause | None:
    found = _WEBHOOK.search(message)
    if found and "failed calling webhook" in message:
        return _refused(
            f'The admission webhook "{found[1]}" does not respond, so the run\'s pod cannot be created',
            message,
            "check the webhook; the run starts once it responds",
        )
    if found and "denied the request" in message:
        return _refused(
            f'The admission webhook "{found[1]}" denied the run\'s pod',
            message,
            "fix what the message names, or change the policy",
        )
    return None


def _any_webhook(message: str) -> Cause | None:
    if "webhook" not in message:
        return None
    return _refused(
        "An admission webhook denied the run's pod", message, "fix what the message names, or change the policy"
    )


def _quota(message: str) -> Cause | None:
    found = _QUOTA.search(message)
    if not found and "insufficient quota" not in message:
        return None
    of = f'ResourceQuota "{found[1]}"' if found else "ResourceQuota"
    if "must specify" in message:
        hint = "set the requests and limits that the message names (settings resources, podTemplate)"
    elif "insufficient quota" in message:
        hint = "create a ResourceQuota that covers the scope in the message, or do not use it"
    else:
        hint = "wait for other runs to end, lower this run's requests and limits, or raise the quota"
    subject = f"The {of}" if found else f"A {of}"
    return _refused(f"{subject} of the namespace does not allow the run's pod", message, hint, CauseCode.QUOTA_EXCEEDED)


def _limit_range(message: str) -> Cause | None:
    if not _OUT_OF_RANGE.search(message):
        return None
    return _refused(
        "A LimitRange of the namespace does not allow the resources of the run's pod",
        message,
        "change the resources as the message says, or change the LimitRange (kubectl get limitrange)",
    )


def _pod_security(message: str) -> Cause | None:
    if "violates PodSecurity" not in message:
        return None
    return _refused(
        "The namespace's Pod Security standard does not allow the run's pod",
        message,
        "change the security context as the message says, or change the namespace's standard",
    )


def _security_context_constraint(message: str) -> Cause | None:
    if "security context constraint" not in message:
        return None
    return _refused(
        "No SecurityContextConstraints of OpenShift allow the run's pod",
        message,
        "change the security context as the message says, or give the run's ServiceAccount others",
    )


def _absent(message: str) -> Cause | None:
    for pattern, kind in _ABSENT:
        found = pattern.search(message)
        if found:
            setting = _SETTINGS[kind]
            # Of these three it alone is one of a namespace, and that may be the wrong one.
            how, what = (" (kubectl apply -k rbac/)", "the namespace or ") if kind == "ServiceAccount" else ("", "")
            return _refused(
                f'The {kind} "{found[1]}" of the run\'s pod does not exist',
                message,
                f'create the {kind} "{found[1]}"{how}, or correct {what}the setting {setting}',
            )
    return None


def _namespace_goes(message: str) -> Cause | None:
    if "because it is being terminated" not in message:
        return None
    return _refused("The run's namespace is being deleted", message, "use another namespace")


# Policies and webhooks first: their messages may contain any text.
_REFUSALS: tuple[Callable[[str], Cause | None], ...] = (
    _admission_policy,
    _webhook,
    _quota,
    _limit_range,
    _pod_security,
    _absent,
    _security_context_constraint,
    _namespace_goes,
    _any_webhook,
)


def creation_cause(job_events: Sequence[Event]) -> Cause | None:
    """Why a Job has no pod, from its events: the newest one counts, and none once a pod was created."""
    for event in reversed(job_events):
        if event.reason == "SuccessfulCreate":
            return None
        if event.reason == "FailedCreate":
            return next((cause for check in _REFUSALS if (cause := check(event.message))), None) or _refused(
                "The API server refused the run's pod", event.message, "fix what the message names"
            )
    return None
