"""Translates error responses of the API server to exceptions, with the whole message.

What has happened is told by the parts of a ``Status`` that are made for programs, as far as they say it: a message
quotes names and values, which may read like anything. The phrases that are looked for have white space, which no name
has, and count only with the HTTP status that they come with.
"""

from __future__ import annotations

import json
from typing import Any

from k8s_pipeline_client.domain.raw import find, items
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


_NOT_IN_THE_API = (
    "this Kubernetes version does not know the field or value: check volumes and podTemplate in the settings"
)


def api_error(status: int, body: bytes, *, action: str, namespace: str) -> ApiError:
    """Return the exception for an error response.

    Args:
        status: HTTP status.
        body: A Kubernetes ``Status`` as JSON; anything else is quoted, truncated.
        action: The request in words, for example ``apply CronJob om-x``.
        namespace: The namespace of the request; empty for all.
    """
    failure = _status_of(body)
    reason = str(failure.get("reason") or "")
    message = str(failure.get("message") or "") or body.decode("utf-8", "replace")[:500] or "no message"
    kind = InvalidError if _is_unknown_field(status, reason, message) else _CLASSES.get(status, ApiError)
    code, hint = _known(status, failure, message, namespace)
    if _is_unknown_field(status, reason, message):
        code, hint = "UnknownField", _NOT_IN_THE_API
    return kind(
        f"the API server refused to {action} in {_place(namespace)}: {message} ({status} {reason})".replace(" )", ")"),
        code=code,
        facts={"action": action, "namespace": namespace},
        hint=hint,
        status=status,
        reason=reason,
    )


def _place(namespace: str) -> str:
    return f"namespace {namespace}" if namespace else "all namespaces"


def _status_of(body: bytes) -> dict[str, Any]:
    try:
        failure = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return failure if isinstance(failure, dict) else {}


def _is_unknown_field(status: int, reason: str, message: str) -> bool:
    """Return whether an apply has a field, or a type of value, that the API server does not know.

    The API server sends a 500 without a reason then, so only the message tells it from an internal error.
    """
    return status == 500 and not reason and message.startswith("failed to create typed patch object")


def _known(status: int, failure: dict[str, Any], message: str, namespace: str) -> tuple[str, str]:
    """Return a code (empty for the code of the class) and a hint."""
    if status >= 500 and "failed calling webhook" in message:
        return (
            "WebhookFailed",
            "check the webhook that the message names; nothing can be written until it responds",
        )
    if status == 404 and find(failure, "details", "kind") == "namespaces":
        return (
            "NamespaceMissing",
            f"create the namespace (kubectl create namespace {namespace}) or use another",
        )
    if status == 403 and "exceeded quota" in message:
        return "QuotaExceeded", "free quota in the namespace, or raise it"
    if status in (401, 403) and 'User "system:anonymous"' in message:
        # A Role for anonymous users would not help, and should not exist.
        return (
            "Anonymous",
            "log in: the requests had no valid credentials; see kubectl auth whoami",
        )
    if status == 403 and "is forbidden: User" in message and not namespace:
        return (
            "ClusterWideAccessDenied",
            "use one namespace, or bind this account to a ClusterRole with this permission",
        )
    if status == 403 and "is forbidden: User" in message:
        return (
            "AccessDenied",
            f"apply the Role in rbac/ to namespace {namespace} (kubectl apply -k rbac/, see "
            "docs/how-to/first-pipeline.md), and bind it to this account",
        )
    if status == 401:
        return "", "log in again, or use another kubeconfig or context"
    if status == 409 and _is_about_fields(failure):
        return "FieldConflict", "stop that manager from setting the field, or take it over by force"
    if status == 429 or status >= 500:
        return "ApiServerOverloaded", "the API server is overloaded or unhealthy; try again later"
    return "", ""


def _is_about_fields(failure: dict[str, Any]) -> bool:
    """Return whether a conflict is one with another field manager, and not with another version of the object."""
    causes = items(find(failure, "details", "causes"))
    return any(cause.get("reason") == "FieldManagerConflict" for cause in causes)
