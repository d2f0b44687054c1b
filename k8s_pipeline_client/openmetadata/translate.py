"""Translates error responses of an OpenMetadata server to exceptions. Pure, but for the clock."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from k8s_pipeline_client.domain.connection import bot_of, expiry_of
from k8s_pipeline_client.errors import (
    EntityNotFoundError,
    RightMissingError,
    RowConflictError,
    ServerResponseError,
    TokenRejectedError,
)
from k8s_pipeline_client.openmetadata.transport import Response

_MOST = 300
_NO_SUCH_ENTITY = re.compile(r"\binstance for .+ not found|\bEntity with (?:id|name) \[.*\] not found", re.DOTALL)
"""The message of a missing entity in all versions of OpenMetadata. Other 404s are of unknown paths, or of a gateway."""
_OPERATIONS = re.compile(r"operations? \[?(?P<names>\w+(?:, ?\w+)*)\]? (?:not allowed|denied)")
_DENIED_BY = re.compile(r"denied (?:by role (?P<role>.+?), )?policy (?P<policy>.+?), rule (?P<rule>.+?)\.?$")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request is for, for messages.

    Attributes:
        action: What the server is to do, such as ``return ingestion pipeline 'shop.nightly'``.
        entity: The entity that must exist, such as ``ingestion pipeline 'shop.nightly'``.
        right: What the token's user must be allowed to do, if the server does not say it.
        denied: What a 403 denies; by default the permission for the action.
    """

    action: str
    entity: str
    right: str = "to view ingestion pipelines and services"
    denied: str = ""


def read(what: str) -> Asked:
    """Return the words for a request that reads an entity, or several."""
    return Asked(f"return {what}", what, denied=f"access to {what}")


def refusal(response: Response, *, address: str, asked: Asked, token: str) -> ServerResponseError:
    """Return the exception for a response with another status than those of success.

    Args:
        response: The response.
        address: The server, for the message.
        asked: What the request is for.
        token: The token of the request; it is redacted in the server's message, and its claims are read.
    """
    said = message_of(response.body)
    text = (said or _other(response)).replace(token, "***")[:_MOST]
    if response.status == 401:
        return TokenRejectedError(
            f"{address} rejected the token{_of_whom(token)}: {text}",
            facts={"address": address},
            hint="create a new one in OpenMetadata: Settings, Bots, ingestion-bot",
            status=401,
        )
    # The API for logs responds to every error with 500.
    if response.status == 403 or (response.status == 500 and _OPERATIONS.search(text)):
        return RightMissingError(
            f"{address} denied {asked.denied or f'permission to {asked.action}'}: {text}",
            hint=_what_is_missing(text, asked, token),
            status=response.status,
        )
    if response.status == 404 and said is not None and _NO_SUCH_ENTITY.search(said):
        return EntityNotFoundError(f"{asked.entity} is not in OpenMetadata {address}: {text}", status=404)
    if response.status < 400 or (response.status == 404 and said is None):
        return foreign(response, address=address)
    if response.status == 404:
        return ServerResponseError(
            f"{address} returned an unexpected 404 for {asked.entity}: {text}",
            hint="check the URL, and whether a gateway in between rewrites paths, such as %2F in a name",
            status=404,
        )
    return ServerResponseError(f"{address} failed to {asked.action}: {response.status}, {text}", status=response.status)


def row_conflict(error: ServerResponseError, fqn: str, run_id: str) -> RowConflictError:
    """Return the exception for a 409 for the status of a run."""
    return RowConflictError(
        error.message,
        facts={"fqn": fqn, "run_id": run_id},
        hint="another run of the pipeline has this timestamp, or this run has two rows, to be deleted first",
        status=409,
    )


def foreign(response: Response, *, address: str) -> ServerResponseError:
    """Return the exception for a response that is not OpenMetadata's: of a proxy, a login page or another program."""
    return ServerResponseError(
        f"the response of {address} is not from OpenMetadata's API: {response.status}, {_other(response)}",
        code="NotOpenMetadata",
        facts={"address": address},
        hint="use the URL of the API, such as https://openmetadata.example.com/api",
        status=response.status,
    )


def message_of(body: bytes) -> str | None:
    """Return the message of an error response's body; None if it is not an error of OpenMetadata."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("message"), str):
        return None
    return str(found["message"])


def _other(response: Response) -> str:
    """Describe a response without quoting it: it may be anything, for example an HTML page."""
    if response.location:
        to = urlsplit(response.location)
        return (
            f"a redirect to {to.scheme}://{to.hostname or ''}{to.path}" if to.hostname else f"a redirect to {to.path}"
        )
    return f"{len(response.body)} bytes of {response.content_type.split(';')[0] or 'unknown type'}"


def _of_whom(token: str) -> str:
    """Return whose token it is and when it expires, by its claims."""
    text = f" of {bot}" if (bot := bot_of(token)) else ""
    expiry = expiry_of(token)
    if expiry is None:
        return text
    verb = "expired" if expiry <= datetime.now(UTC) else "expires"
    return f"{text}, which {verb} at {expiry:%Y-%m-%dT%H:%M:%SZ}"


def _what_is_missing(text: str, asked: Asked, token: str) -> str:
    bot = bot_of(token)
    user = bot or "its user"
    other = "" if bot == "ingestion-bot" else ", or use the token of ingestion-bot"
    denied = _DENIED_BY.search(text)
    if denied:
        role = f" of role {denied['role']}" if denied["role"] else ""
        return f"change rule {denied['rule']} in policy {denied['policy']}{role}, which denies access to {user}{other}"
    found = _OPERATIONS.search(text)
    right = found["names"] if found else asked.right
    return f"give {user} a role with a policy that allows {right}{other}"
