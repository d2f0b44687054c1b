"""Basic authentication, with user names and passwords that can be rotated while the service runs."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from k8s_pipeline_client.cluster.port import Cluster, Kind
from k8s_pipeline_client.domain.redaction import keep_secret
from k8s_pipeline_client.errors import PipelineError, SettingsError
from k8s_pipeline_client.service.filestate import state_of
from k8s_pipeline_client.settings.files import text_of

_LOG = logging.getLogger(__name__)
_LONGEST_HEADER = 8 * 1024
_SECRET_SECONDS = 30.0

Values = Callable[[], Sequence[str]]
"""Returns the values that are accepted at this moment."""


class Credentials:
    """Checks Basic authentication; every user name goes with every password."""

    def __init__(self, usernames: Values, passwords: Values) -> None:
        """Take the accepted values."""
        self._usernames = usernames
        self._passwords = passwords

    def accepts(self, header: str | None) -> bool:
        """Return whether an ``Authorization`` header is accepted, in constant time."""
        given = _decoded(header)
        names, words = given if given is not None else (b"", b"")
        is_name = _matches(names, self._usernames())
        is_word = _matches(words, self._passwords())
        return given is not None and is_name and is_word


class FileValues:
    """Values from files, one a line; read again when a file changes, as that of a mounted Secret does."""

    def __init__(self, paths: Sequence[Path], what: str) -> None:
        """Read them for the first time.

        Args:
            paths: The files.
            what: What they hold, for errors.

        Raises:
            SettingsError: One cannot be read, or none of them holds anything.
        """
        self._paths = tuple(paths)
        self._what = what
        self._lock = threading.Lock()
        self._seen = state_of(self._paths)
        self._values = self._read()

    def __call__(self) -> Sequence[str]:
        """Return what the files hold now; if they cannot be read, what they held before."""
        with self._lock:
            state = state_of(self._paths)
            if state != self._seen:
                self._seen = state
                try:
                    self._values = self._read()
                except SettingsError as error:
                    _LOG.warning("%s; the earlier values stay valid", error.message)
                else:
                    _LOG.info("the %s was reloaded", self._what)
            return self._values

    def _read(self) -> tuple[str, ...]:
        texts = [text_of(path, self._what) for path in self._paths]
        return checked((line for text in texts for line in text.splitlines()), self._what)


class SecretValues:
    """Passwords from a key of a Secret, one a line; read again every 30 s, as long as there are requests."""

    def __init__(self, cluster: Cluster, name: str, key: str) -> None:
        """Read it for the first time.

        Raises:
            SettingsError: It is empty, or has no such key.
            ClusterError: It cannot be read.
        """
        self._cluster, self._name, self._key = cluster, name, key
        self._lock = threading.Lock()
        self._read_at = time.monotonic()
        self._values = self._read()

    def __call__(self) -> Sequence[str]:
        """Return what it held at most 30 s ago, without waiting for a request."""
        with self._lock:
            if time.monotonic() - self._read_at >= _SECRET_SECONDS:
                self._read_at = time.monotonic()
                threading.Thread(target=self._read_again, name="service-password", daemon=True).start()
            return self._values

    def _read_again(self) -> None:
        try:
            found = self._read()
        except PipelineError as error:
            _LOG.warning("%s; the earlier values stay valid", error.message)
            return
        with self._lock:
            self._values = found

    def _read(self) -> tuple[str, ...]:
        data = self._cluster.get(Kind.SECRET, self._name).get("data") or {}
        try:
            text = base64.b64decode(data[self._key]).decode()
        except (KeyError, ValueError):
            raise SettingsError(f"Secret {self._name} has no text under the key {self._key}") from None
        return checked(text.splitlines(), "password")


def fixed(values: Iterable[str], what: str) -> Values:
    """Return values that never change.

    Raises:
        SettingsError: There are none.
    """
    found = checked(values, what)
    return lambda: found


def checked(values: Iterable[str], what: str) -> tuple[str, ...]:
    """Return the values without empty ones.

    Raises:
        SettingsError: There are none: an empty password would let everybody in.
    """
    found = tuple(dict.fromkeys(value for value in values if value.strip()))
    if not found:
        raise SettingsError(f"the {what} is empty", hint="give one per line")
    for value in found:
        if what != "user name":
            keep_secret(value)
    return found


def _decoded(header: str | None) -> tuple[bytes, bytes] | None:
    if header is None or len(header) > _LONGEST_HEADER:
        return None
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    name, colon, word = text.partition(b":")
    return (name, word) if colon else None


def _matches(given: bytes, accepted: Sequence[str]) -> bool:
    """Compare with every one of them, whichever fits; clients send UTF-8 or ISO 8859-1."""
    digest = hashlib.sha256(given).digest()
    found = False
    for value in accepted:
        for encoding in ("utf-8", "latin-1"):
            try:
                wanted = value.encode(encoding)
            except UnicodeEncodeError:
                continue
            found |= hmac.compare_digest(digest, hashlib.sha256(wanted).digest())
    return found
