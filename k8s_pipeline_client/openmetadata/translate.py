"""Makes errors of the answers of an OpenMetadata server. Pure, but for the clock."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from k8s_pipeline_client.domain.connection import bot_of, expiry_of
from k8s_pipeline_client.errors import (
    EntityNotFoundError,
    RightMissingError,
    ServerResponseError,
    TokenRejectedError,
)
from k8s_pipeline_client.openmetadata.transport import Response

_MOST = 300
_NO_SUCH_ENTITY = re.compile(r"\binstance for .+ not found|\bEntity with (?:id|name) \[.*\] not found", re.DOTALL)
"""How every version of OpenMetadata says so. Other 404s are of an address that it does not know, or of a gateway."""
_OPERATIONS = re.compile(r"operations? \[?(?P<names>\w+(?:, ?\w+)*)\]? (?:not allowed|denied)")
_DENIED_BY = re.compile(r"denied (?:by role (?P<role>.+?), )?policy (?P<policy>.+?), rule (?P<rule>.+?)\.?$")


def refusal(answer: Response, *, address: str, what: str, token: str) -> ServerResponseError:
    """Return the error for an answer that is not 200.

    Args:
        answer: What came.
        address: Of the server, for people.
        what: What was asked for, such as ``pipeline 'shop.nightly'``.
        token: Which was sent; it is struck out of what the server says, and its claims are read.
    """
    said = message_of(answer.body)
    text = (said or _other(answer)).replace(token, "***")[:_MOST]
    if answer.status == 401:
        return TokenRejectedError(
            f"{address} does not accept the token{_of_whom(token)}: {text}",
            facts={"address": address},
            hint="make a new one in OpenMetadata: Settings, Bots, ingestion-bot",
            status=401,
        )
    if answer.status == 403:
        return RightMissingError(
            f"{address} refuses to show {what}: {text}", hint=_what_is_missing(text, token), status=403
        )
    if answer.status == 404 and said is not None and _NO_SUCH_ENTITY.search(said):
        return EntityNotFoundError(f"{what} is not in OpenMetadata {address}: {text}", status=404)
    if 300 <= answer.status < 400 or (answer.status == 404 and said is None):
        return foreign(answer, address=address)
    if answer.status == 404:
        return ServerResponseError(
            f"{address} does not say whether it has {what}: 404, {text}",
            hint="check the address, and whether a gateway in between changes what is asked, such as %2F in a name",
            status=404,
        )
    return ServerResponseError(f"{address} refuses to show {what}: {answer.status}, {text}", status=answer.status)


def foreign(answer: Response, *, address: str) -> ServerResponseError:
    """Return the error for an answer that no OpenMetadata gives: of a proxy, a login page, another program."""
    return ServerResponseError(
        f"what answers at {address} is not the API of OpenMetadata: {answer.status}, {_other(answer)}",
        code="NotOpenMetadata",
        facts={"address": address},
        hint="give the address of the API, such as https://openmetadata.example.com/api",
        status=answer.status,
    )


def message_of(body: bytes) -> str | None:
    """Return what OpenMetadata says in an error's body; None if it is none of its errors."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("message"), str):
        return None
    return str(found["message"])


def _other(answer: Response) -> str:
    """Say what came without repeating it: it may be anything, a page with a form in it for example."""
    if answer.location:
        to = urlsplit(answer.location)
        return (
            f"a redirect to {to.scheme}://{to.hostname or ''}{to.path}" if to.hostname else f"a redirect to {to.path}"
        )
    return f"{len(answer.body)} bytes of {answer.content_type.split(';')[0] or 'an unnamed type'}"


def _of_whom(token: str) -> str:
    """Say whose token it is and when it expired, as its claims say."""
    text = f" of {bot}" if (bot := bot_of(token)) else ""
    expiry = expiry_of(token)
    if expiry is None:
        return text
    verb = "expired" if expiry <= datetime.now(UTC) else "expires"
    return f"{text}, which {verb} at {expiry:%Y-%m-%dT%H:%M:%SZ}"


def _what_is_missing(text: str, token: str) -> str:
    bot = bot_of(token)
    user = bot or "its user"
    other = "" if bot == "ingestion-bot" else ", or use the token of ingestion-bot"
    denied = _DENIED_BY.search(text)
    if denied:
        role = f" of role {denied['role']}" if denied["role"] else ""
        return f"change rule {denied['rule']} in policy {denied['policy']}{role}, which denies it to {user}{other}"
    found = _OPERATIONS.search(text)
    right = found["names"] if found else "to view ingestion pipelines and services"
    return f"give {user} a role whose policy allows {right}{other}"
