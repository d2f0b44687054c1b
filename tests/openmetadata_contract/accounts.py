"""Accounts of our own on a server: bots, whose tokens can be renewed, and people who may not much."""

from __future__ import annotations

import base64
import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Protocol

from tests.images.recording import RecordingServer
from tests.openmetadata import token
from tests.openmetadata_contract.servers import ADMIN_TOKEN, Answer, Document, Server

_PASSWORD = "Contract1!"


class Accounts(Protocol):
    """Makes accounts."""

    def bot(self) -> Document:
        """Make a bot; return it with its token."""

    def renew(self, bot: Document) -> str:
        """Renew a bot's token, and return it; the server takes its time until it accepts it."""

    def person(self) -> str:
        """Return the token of somebody without rights."""


class StandInAccounts:
    """Of the stand-in, which reads what a token claims."""

    def __init__(self, server: RecordingServer) -> None:
        self._access = server.api.access

    def bot(self) -> Document:
        return {"name": "contract-bot", "token": token("contract-bot")}

    def renew(self, bot: Document) -> str:
        new = token(bot["name"], expires=timedelta(days=1, seconds=random.randrange(10**6)))
        self._access.accept({"bot": bot["name"], "accepted": [bot["token"]]})
        self._access.accept({"bot": bot["name"], "accepted": [new], "afterSeconds": 1})
        return new

    def person(self) -> str:
        return token("contract-person", is_bot=False)


class RealAccounts:
    """Of a real server, made by an admin."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._made: list[str] = []

    def remove(self) -> None:
        for path in reversed(self._made):  # a bot takes its user with it
            answer = self._server.call("DELETE", f"{path}?hardDelete=true", bearer=ADMIN_TOKEN)
            assert answer.status in (200, 404), answer

    def bot(self) -> Document:
        name = _name()
        jwt = {"authType": "JWT", "config": {"JWTTokenExpiry": "Unlimited"}}
        user = self._make("users", {**_user(name), "isBot": True, "authenticationMechanism": jwt})
        self._make("bots", {"name": name, "botUser": name})
        return {"name": name, "id": user["id"], "token": self._token(user["id"])}

    def renew(self, bot: Document) -> str:
        self._ask("PUT", f"users/generateToken/{bot['id']}", {"JWTTokenExpiry": "Unlimited"})
        return self._token(bot["id"])

    def person(self) -> str:
        user = _user(_name())
        self._make(
            "users",
            {**user, "password": _PASSWORD, "confirmPassword": _PASSWORD, "createPasswordType": "ADMIN_CREATE"},
        )
        login = {"email": user["email"], "password": base64.b64encode(_PASSWORD.encode()).decode()}
        return str(self._ask("POST", "users/login", login).body["accessToken"])

    def _token(self, user: str) -> str:
        return str(self._ask("GET", f"users/token/{user}").body["JWTToken"])

    def _make(self, collection: str, create: Document) -> Document:
        found: Document = self._ask("POST", collection, create).body
        self._made.append(f"{collection}/{found['id']}")
        return found

    def _ask(self, method: str, path: str, body: Any = None) -> Answer:
        answer = self._server.call(method, path, body, bearer=ADMIN_TOKEN)
        assert answer.status in (200, 201), answer
        return answer


@contextmanager
def accounts_of(server: Server) -> Iterator[Accounts]:
    """Yield what makes accounts, and remove those that were made."""
    if server.stand_in is not None:
        yield StandInAccounts(server.stand_in)
        return
    real = RealAccounts(server)
    try:
        yield real
    finally:
        real.remove()


def _name() -> str:
    return f"contract-{uuid.uuid4().hex[:8]}"


def _user(name: str) -> Document:
    return {"name": name, "email": f"{name}@example.com"}
