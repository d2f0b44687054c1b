"""How somebody logs in at an API server: what goes with each request, and when it is asked for anew."""

from __future__ import annotations

import base64
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from k8s_pipeline_client.cluster.plugin import Printed
from k8s_pipeline_client.domain.redaction import keep_secret
from k8s_pipeline_client.errors import LoginError
from k8s_pipeline_client.inputfile import UnreadableError, read_limited

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
"""What no header can hold, halves of characters among it: JSON has escapes for them."""
_READ_AGAIN_SECONDS = 60.0
"""A token in a file is replaced by whoever looks after it (the kubelet); client-go looks as often."""


@dataclass(frozen=True)
class Credential:
    """What shows who somebody is.

    Attributes:
        authorization: The header of that name; may be empty.
        identity: A certificate and its key, PEM; may be empty.
    """

    authorization: str = field(default="", repr=False)
    identity: str = field(default="", repr=False)


class Login(Protocol):
    """A way to log in; may be used by several threads."""

    def credential(self) -> Credential:
        """Return what goes with the next request.

        Raises:
            LoginError: There is nothing, and no request is to be made.
        """

    def refused(self, credential: Credential) -> bool:
        """Take note that the API server did not accept it (401), and return whether there may be another."""


class FixedLogin:
    """What stands in the kubeconfig."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    def credential(self) -> Credential:
        """Return it; see `Login.credential`."""
        return self._credential

    def refused(self, credential: Credential) -> bool:
        """Say that there is no other; see `Login.refused`."""
        return False


class FileLogin:
    """A token in a file, which is read again now and then; of a file that has gone bad the last one is kept."""

    def __init__(self, path: Path, who: str, *, otherwise: str = "", identity: str = "") -> None:
        """Take the file.

        Args:
            path: Where it is.
            who: What to call the user in errors.
            otherwise: The token where the file cannot be read at first.
            identity: A certificate and its key, PEM.
        """
        self._path, self._who, self._token, self._identity = path, who, otherwise, identity
        self._read_at: float | None = None
        self._lock = threading.Lock()

    def credential(self) -> Credential:
        """Return the token as of a minute ago at most; see `Login.credential`."""
        with self._lock:
            if self._read_at is None or time.monotonic() - self._read_at > _READ_AGAIN_SECONDS:
                self._read()
            return Credential(bearer(self._token, self._who), self._identity)

    def refused(self, credential: Credential) -> bool:
        """Return whether the file holds another one by now; see `Login.refused`."""
        with self._lock:
            self._read()
            return bearer(self._token, self._who) != credential.authorization

    def _read(self) -> None:
        try:
            token = read_limited(self._path).decode().strip()
            problem = "" if token else "is empty"
        except UnreadableError as error:
            token, problem = "", f"cannot be read: {error}"
        except UnicodeDecodeError:
            token, problem = "", "holds no text"
        if problem and not self._token:
            raise LoginError(f"{self._who}: tokenFile {self._path} {problem}", hint="log in again, or correct the path")
        self._token = token or self._token
        self._read_at = time.monotonic()


class PluginLogin:
    """An exec plugin, which is run again when what it has printed is too old, or is not accepted."""

    def __init__(self, ask: Callable[[], Printed], who: str) -> None:
        """Take what runs it, and what to call the user in errors."""
        self._ask, self._who = ask, who
        self._held: Credential | None = None
        self._expires: datetime | None = None
        self._lock = threading.Lock()

    def credential(self) -> Credential:
        """Return what it has printed; see `Login.credential`."""
        with self._lock:  # several threads, and one run of it
            if self._held is None or (self._expires is not None and datetime.now(UTC) >= self._expires):
                printed = self._ask()
                authorization = bearer(printed.token, self._who) if printed.token else ""
                self._held, self._expires = Credential(authorization, printed.identity), printed.expires
            return self._held

    def refused(self, credential: Credential) -> bool:
        """Have it run again, unless that was done meanwhile; see `Login.refused`."""
        with self._lock:
            if self._held == credential:
                self._held = None
        return self.credential() != credential


def bearer(token: str, who: str) -> str:
    """Return the header of a token.

    Raises:
        LoginError: No header can hold it.
    """
    keep_secret(token)
    if not token.strip():
        raise LoginError(f"{who}: its token is blank", hint="log in again")
    return f"Bearer {header_text(token, f'{who}: its token')}"


def basic(username: str, password: str, who: str) -> str:
    """Return the header of a password; today's API servers do not take one, but what stands before them may.

    Raises:
        LoginError: They are no text.
    """
    keep_secret(password)
    try:
        header = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
    except UnicodeEncodeError:
        raise LoginError(f"{who}: its username or password is no text", hint="correct it") from None
    keep_secret(header)
    return header


def header_text(value: str, what: str) -> str:
    """Return a text as a header takes it: its UTF-8 bytes, as kubectl sends them.

    Raises:
        LoginError: No header can hold it.
    """
    if _CONTROL.search(value):
        raise LoginError(
            f"{what} holds a line end or another control character", hint="take it out: no HTTP header can hold it"
        )
    return value.encode().decode("latin-1")
