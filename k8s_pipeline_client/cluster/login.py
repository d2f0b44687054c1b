"""Credentials for an API server, and when they are refreshed."""

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
"""Characters that are invalid in an HTTP header, lone surrogates included: JSON has escapes for them."""
_READ_AGAIN_SECONDS = 60.0
"""Seconds after which a token file is read again, since it is rotated (by the kubelet); client-go does the same."""


@dataclass(frozen=True)
class Credential:
    """The credentials of a request.

    Attributes:
        authorization: The ``Authorization`` header; may be empty.
        identity: A client certificate and its key, PEM; may be empty.
    """

    authorization: str = field(default="", repr=False)
    identity: str = field(default="", repr=False)


class Login(Protocol):
    """A source of credentials; thread-safe."""

    def credential(self) -> Credential:
        """Return the credentials for the next request.

        Raises:
            LoginError: There are none, so no request can be sent.
        """

    def refused(self, credential: Credential) -> bool:
        """Handle a 401 for these credentials; return whether there may be others."""


class FixedLogin:
    """Static credentials of the kubeconfig."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    def credential(self) -> Credential:
        """Return the credentials; see `Login.credential`."""
        return self._credential

    def refused(self, credential: Credential) -> bool:
        """Return False; see `Login.refused`."""
        return False


class FileLogin:
    """A token file, which is read again periodically; if it becomes unreadable, the last token is kept."""

    def __init__(self, path: Path, who: str, *, otherwise: str = "", identity: str = "") -> None:
        """Take the file.

        Args:
            path: The file.
            who: The user, for error messages.
            otherwise: The token to use if the file cannot be read at first.
            identity: A client certificate and its key, PEM.
        """
        self._path, self._who, self._token, self._identity = path, who, otherwise, identity
        self._read_at: float | None = None
        self._lock = threading.Lock()

    def credential(self) -> Credential:
        """Return the token, at most a minute old; see `Login.credential`."""
        with self._lock:
            if self._read_at is None or time.monotonic() - self._read_at > _READ_AGAIN_SECONDS:
                self._read()
            return Credential(bearer(self._token, self._who), self._identity)

    def refused(self, credential: Credential) -> bool:
        """Return whether the file has another token by now; see `Login.refused`."""
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
            token, problem = "", "is not text"
        if problem and not self._token:
            raise LoginError(f"{self._who}: tokenFile {self._path} {problem}", hint="log in again, or correct the path")
        self._token = token or self._token
        self._read_at = time.monotonic()


class PluginLogin:
    """An exec plugin, which is run again when its credentials have expired or were rejected."""

    def __init__(self, ask: Callable[[], Printed], who: str) -> None:
        """Take a function that runs the plugin, and the user for error messages."""
        self._ask, self._who = ask, who
        self._held: Credential | None = None
        self._expires: datetime | None = None
        self._lock = threading.Lock()

    def credential(self) -> Credential:
        """Return the credentials that it printed; see `Login.credential`."""
        with self._lock:  # one run of the plugin for all threads
            if self._held is None or (self._expires is not None and datetime.now(UTC) >= self._expires):
                printed = self._ask()
                authorization = bearer(printed.token, self._who) if printed.token else ""
                self._held, self._expires = Credential(authorization, printed.identity), printed.expires
            return self._held

    def refused(self, credential: Credential) -> bool:
        """Run it again, unless another thread has done so; see `Login.refused`."""
        with self._lock:
            if self._held == credential:
                self._held = None
        return self.credential() != credential


def bearer(token: str, who: str) -> str:
    """Return the ``Authorization`` header for a token.

    Raises:
        LoginError: The token is not valid in an HTTP header.
    """
    keep_secret(token)
    if not token.strip():
        raise LoginError(f"{who}: its token is blank", hint="log in again")
    return f"Bearer {header_text(token, f'{who}: its token')}"


def basic(username: str, password: str, who: str) -> str:
    """Return the ``Authorization`` header for a password; current API servers do not accept one, but a proxy may.

    Raises:
        LoginError: User name or password are not valid text.
    """
    keep_secret(password)
    try:
        header = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
    except UnicodeEncodeError:
        raise LoginError(f"{who}: its username or password is not valid text", hint="correct it") from None
    keep_secret(header)
    return header


def header_text(value: str, what: str) -> str:
    """Return a header value: the text's UTF-8 bytes, as kubectl sends them.

    Raises:
        LoginError: The text is not valid in an HTTP header.
    """
    if _CONTROL.search(value):
        raise LoginError(
            f"{what} contains a control character, such as a line end",
            hint="remove it: it is invalid in an HTTP header",
        )
    return value.encode().decode("latin-1")
