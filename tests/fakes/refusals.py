"""The API server's refusals, in its own words, as the errors that the real adapter makes of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.cluster.translate import api_error
from k8s_pipeline_client.errors import ApiError

_MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"
_GROUPED = (Kind.CRONJOB, Kind.JOB)


class Refusal(Exception):
    """An answer that is no success; `error` makes of it what the port raises."""

    def __init__(self, status: int, reason: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.details = dict(details or {})

    def error(self, action: str, namespace: str) -> ApiError:
        """Return the port's error for it."""
        body = {"kind": "Status", "reason": self.reason, "message": str(self), "details": self.details}
        return api_error(self.status, json.dumps(body).encode(), action=action, namespace=namespace)


def _resource(kind: Kind) -> str:
    return f"{kind.lower()}s" + (".batch" if kind in _GROUPED else "")


def _details(kind: Kind, name: str) -> dict[str, str]:
    return {"name": name, **({"group": "batch"} if kind in _GROUPED else {}), "kind": f"{kind.lower()}s"}


def not_found(kind: Kind, name: str) -> Refusal:
    """Nothing has this name."""
    return Refusal(404, "NotFound", f'{_resource(kind)} "{name}" not found', _details(kind, name))


def exists(kind: Kind, name: str, *, going: bool) -> Refusal:
    """Something has this name, on its way out or not."""
    prefix = "object is being deleted: " if going else ""
    return Refusal(409, "AlreadyExists", f'{prefix}{_resource(kind)} "{name}" already exists', _details(kind, name))


def modified(kind: Kind, name: str) -> Refusal:
    """It is not of the given version any more."""
    message = f'Operation cannot be fulfilled on {_resource(kind)} "{name}": {_MODIFIED}'
    return Refusal(409, "Conflict", message, _details(kind, name))


def no_such_uid(kind: Kind, name: str, uid: str) -> Refusal:
    """What an apply names by its UID is not there."""
    why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
    return Refusal(409, "Conflict", f'Operation cannot be fulfilled on {_resource(kind)} "{name}": {why}')


def precondition(kind: Kind, name: str, what: str, wanted: str, found: str, hint: str) -> Refusal:
    """A delete names another UID or version than it has."""
    why = f"the {what} in the precondition ({wanted}) does not match the {what} in record ({found}). {hint}"
    shown = f"{kind}.batch" if kind in _GROUPED else kind
    return Refusal(409, "Conflict", f'Operation cannot be fulfilled on {shown} "{name}": {why}')


def field_conflict(message: str, conflicts: list[tuple[str, str]]) -> Refusal:
    """Other managers own fields, each given by its manager and its path."""
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {manager}", "field": path}
        for manager, path in conflicts
    ]
    return Refusal(409, "Conflict", message, {"causes": causes})


def invalid(kind: Kind, name: str, problems: list[str]) -> Refusal:
    """Its values are not acceptable."""
    shown = f"{kind}.batch" if kind in _GROUPED else kind
    text = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
    return Refusal(422, "Invalid", f'{shown} "{name}" is invalid: {text}')


def bad_request(message: str) -> Refusal:
    """The request makes no sense."""
    return Refusal(400, "BadRequest", message)


def untyped(kind: Kind, namespace: str, name: str, api_version: str, problems: list[str]) -> Refusal:
    """An apply with fields that there are not, or values of another type; no class of its own, but a plain 500."""
    group = api_version if "/" in api_version else f"/{api_version}"
    text = problems[0] if len(problems) == 1 else "errors:\n" + "\n".join(f"  {each}" for each in problems)
    message = f"failed to create typed patch object ({namespace}/{name}; {group}, Kind={kind}): {text}"
    return Refusal(500, "", message)
