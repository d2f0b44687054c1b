"""Whose token is accepted, and what its bearer may do."""

import base64
import binascii
import json
import threading
import time
from collections.abc import Mapping
from typing import Any

from .wire import Request, Response, refused

_OPEN = (("system", "version"), ("system", "config"))
_WRITES = ("PUT", "PATCH", "POST", "DELETE")


class Access:
    """Accepts every JWT until a test says which ones of a bot it is to accept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: dict[str, frozenset[str]] = {}
        self._later: dict[str, tuple[float, frozenset[str]]] = {}

    def accept(self, document: Mapping[str, Any]) -> None:
        """`{"bot": name, "accepted": [token, …], "afterSeconds": 0}`: only these, from then on.

        A bot's token that is renewed is refused for about two minutes, during which the old one is accepted: the
        old one is accepted now, and the new one after so many seconds.
        """
        bot, tokens = str(document["bot"]), frozenset(map(str, document["accepted"]))
        delay = float(document.get("afterSeconds", 0))
        with self._lock:
            if delay:
                self._later[bot] = (time.monotonic() + delay, tokens)
            else:
                self._now[bot] = tokens
                self._later.pop(bot, None)

    def refusal(self, request: Request) -> Response | None:
        """None for a request that may go on."""
        if request.segments[:2] in _OPEN:
            return None
        if not request.authorization:
            return refused(401, "Not Authorized! Token not present")
        token = request.authorization.partition(" ")[2]
        claims = claims_of(token)
        if claims is None:
            return refused(401, "Not Authorized! Invalid token.")
        subject = str(claims.get("sub"))
        accepted = self._accepted(subject)
        if accepted is not None and token not in accepted:
            return refused(401, "Not Authorized! The given token does not match the current bot's token!")
        if claims.get("isBot") is False and subject != "admin" and request.method in _WRITES:
            said = f"Principal: CatalogPrincipal{{name='{subject}'}} operations [{_operation(request)}] not allowed"
            return Response(500, {"message": said}) if "logs" in request.segments else refused(403, said)
        return None

    def permissions(self, request: Request, resource: str) -> list[dict[str, str]]:
        """What the bearer of a request may do with a resource."""
        claims = claims_of((request.authorization or "").partition(" ")[2]) or {}
        may_write = claims.get("isBot") is not False or claims.get("sub") == "admin"
        operations = ["Create", "Delete", "EditAll"]
        if resource == "ingestionPipeline":
            operations.append("EditIngestionPipelineStatus")
        found = {"ViewAll": True, "ViewBasic": True, **dict.fromkeys(operations, may_write)}
        return [{"operation": name, "access": "allow" if is_so else "notAllow"} for name, is_so in found.items()]

    def _accepted(self, bot: str) -> frozenset[str] | None:
        with self._lock:
            due, tokens = self._later.get(bot, (0.0, frozenset()))
            if due and time.monotonic() >= due:
                self._now[bot] = tokens
                del self._later[bot]
            return self._now.get(bot)


def _operation(request: Request) -> str:
    if "pipelineStatus" in request.segments and request.method == "PUT":
        return "EditIngestionPipelineStatus"
    return "Delete" if request.method == "DELETE" else "EditAll"


def claims_of(token: str) -> dict[str, Any] | None:
    """The claims of a JWT; None of what is no JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    return payload if isinstance(payload, dict) else None
