"""From an answer of the API server that is no success to an error of ours, with the whole message."""

from __future__ import annotations

import json
from typing import Any

from k8s_pipeline_client.errors import (
    ApiError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnauthorizedError,
)

_CLASSES: dict[int, type[ApiError]] = {
    400: InvalidError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    422: InvalidError,
}


_NOT_IN_THE_API = "this Kubernetes knows no such field or value: see podTemplate in the settings"


def api_error(status: int, body: bytes, *, action: str, namespace: str) -> ApiError:
    """Return the error for an answer.

    Args:
        status: HTTP status.
        body: A Kubernetes ``Status`` as JSON; anything else is shown as it is, shortened.
        action: What was asked for, for example ``apply CronJob om-x``.
        namespace: Where.
    """
    answer = _status_of(body)
    reason = str(answer.get("reason") or "")
    message = str(answer.get("message") or "") or body.decode("utf-8", "replace")[:500] or "no explanation"
    kind = InvalidError if _is_unknown_field(status, reason, message) else _CLASSES.get(status, ApiError)
    code, hint = _known(status, message, namespace)
    if _is_unknown_field(status, reason, message):
        code, hint = "UnknownField", _NOT_IN_THE_API
    return kind(
        f"the API server refused to {action} in namespace {namespace}: {message} ({status} {reason})".replace(
            " )", ")"
        ),
        code=code,
        facts={"action": action, "namespace": namespace},
        hint=hint,
        status=status,
        reason=reason,
    )


def _status_of(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _is_unknown_field(status: int, reason: str, message: str) -> bool:
    """Tell whether an apply has a field, or a type of value, that the API server does not know.

    It classifies that as nothing (500 without a reason), so that only the message tells it from what is broken.
    """
    return status == 500 and not reason and message.startswith("failed to create typed patch object")


def _known(status: int, message: str, namespace: str) -> tuple[str, str]:
    """Return a code, empty for that of the class, and what can be done."""
    if "failed calling webhook" in message:
        return (
            "WebhookFailed",
            "ask whoever runs the webhook that the message names; without its answer nothing can be written",
        )
    if status == 404 and "namespaces" in message:
        return (
            "NamespaceMissing",
            f"create the namespace (kubectl create namespace {namespace}) or name another",
        )
    if status == 403 and "exceeded quota" in message:
        return "QuotaExceeded", "free quota in the namespace, or have it raised"
    if 'User "system:anonymous"' in message:
        # No Role helps whom the API server does not know, and none should be given to them.
        return (
            "Anonymous",
            "log in: the requests came without a login that the API server knows; see kubectl auth whoami",
        )
    if status == 403 and "is forbidden: User" in message:
        return "AccessDenied", f"apply the Role of rbac/ in namespace {namespace} and bind it to this account"
    if status == 401:
        return "", "log in again, or name another kubeconfig or context"
    if status == 409 and "conflict" in message:
        return "FieldConflict", "have that manager give the field up, or take it over by force"
    if status == 429 or status >= 500:
        return "ApiServerOverloaded", "the API server is overloaded or unwell; try again later"
    return "", ""
