"""Exec plugins: programs that print credentials.

Source: https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from k8s_pipeline_client.cluster.kubeconfig import Exec
from k8s_pipeline_client.domain.redaction import redacted
from k8s_pipeline_client.domain.validation import path_text, worded
from k8s_pipeline_client.domain.yamltext import UnusableTextError, load_document
from k8s_pipeline_client.errors import LoginError

_LOG = logging.getLogger(__name__)

TIMEOUT = 60.0
"""Timeout of a plugin that cannot be interactive, in seconds. Interactive ones have none."""

_MAX_BYTES = 1024 * 1024
_MAX_WORDS = 600
_KIND = "ExecCredential"


class _Status(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    token: SecretStr | None = None
    certificate: Annotated[str | None, Field(alias="clientCertificateData")] = None
    key: Annotated[SecretStr | None, Field(alias="clientKeyData")] = None
    # Not strict: times are strings in JSON.
    expires: Annotated[datetime | None, Field(alias="expirationTimestamp", strict=False)] = None


@dataclass(frozen=True)
class Printed:
    """The credentials that a plugin printed.

    Attributes:
        token: The bearer token; may be empty.
        identity: A client certificate and its key, PEM; may be empty.
        expires: When they expire; None if unknown.
    """

    token: str = field(repr=False)
    identity: str = field(repr=False)
    expires: datetime | None


def ask(plugin: Exec, cluster: dict[str, Any] | None, who: str) -> Printed:
    """Run a plugin, and return its credentials.

    Args:
        plugin: The plugin.
        cluster: The cluster info for it, if any.
        who: The user, for error messages.

    Raises:
        LoginError: It is missing, fails, or prints no credentials; with its stderr and installHint.
    """
    name = f"{who}: exec plugin {plugin.command!r}"
    interactive = _is_interactive(plugin, name)
    info: dict[str, Any] = {"apiVersion": plugin.api_version, "kind": _KIND, "spec": {"interactive": interactive}}
    if cluster is not None:
        info["spec"]["cluster"] = cluster
    # Checked before it is started: a missing interpreter raises the same error as a missing plugin.
    program = shutil.which(plugin.command) or (plugin.command if os.path.isfile(plugin.command) else "")
    if not program:
        hint = _hint(plugin, "install it, or correct the command")
        raise LoginError(f"{name} is not installed", hint=hint)
    _LOG.info("running exec plugin %s for credentials", plugin.command)
    run = _Run(program, plugin, info, None if interactive else TIMEOUT)
    try:
        code = run()
    except OSError as error:
        missing = " (its interpreter)" if isinstance(error, FileNotFoundError) else ""
        problem = f"cannot be started: {error.strerror}{missing}"
        raise LoginError(f"{name} {problem}", hint=_hint(plugin, "check its permissions")) from error
    except ValueError:  # a NUL character
        problem = "cannot be started: an argument contains a NUL character"
        raise LoginError(f"{name} {problem}", hint=_hint(plugin)) from None
    except subprocess.TimeoutExpired:
        problem = f"timed out after {TIMEOUT:.0f} s{run.words()}"
        raise LoginError(f"{name} {problem}", hint=_hint(plugin)) from None
    if code:
        ended = f"failed with exit code {code}" if code > 0 else f"was terminated by signal {-code}"
        raise LoginError(f"{name} {ended}{run.words()}", hint=_hint(plugin))
    try:
        return _read(run.output(), plugin.api_version)
    except ValueError as error:
        raise LoginError(f"{name} printed no credentials: {error}{run.words()}", hint=_hint(plugin)) from None


class _Run:
    """One run of a plugin: its output is bounded, and its stderr is shown if it is interactive."""

    def __init__(self, program: str, plugin: Exec, info: dict[str, Any], timeout: float | None) -> None:
        self._environ = {**os.environ, **{variable.name: variable.value for variable in plugin.env}}
        self._environ["KUBERNETES_EXEC_INFO"] = json.dumps(info)
        self._command = [program, *plugin.args]
        self._timeout = timeout
        self._out, self._err = bytearray(), bytearray()

    def __call__(self) -> int:
        process = subprocess.Popen(
            self._command,
            stdin=None if self._timeout is None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environ,
        )
        with process:
            assert process.stdout is not None
            assert process.stderr is not None
            readers = [
                _reader(process.stdout, self._out.extend),
                _reader(process.stderr, self._heard),
            ]
            try:
                code = process.wait(self._timeout)
            except BaseException:
                process.kill()
                raise
            for reader in readers:
                reader.join(1.0)  # a child process that it left behind may keep the pipes open
        return code

    def _heard(self, data: bytes) -> None:
        if self._timeout is None:  # a person may have to act on it
            sys.stderr.write(data.decode("utf-8", "replace"))
            sys.stderr.flush()
        self._err.extend(data)

    def output(self) -> str:
        """Return its stdout."""
        return self._out.decode("utf-8", "replace")

    def words(self) -> str:
        """Return its stderr as one line to append to a message; truncated to its end."""
        text = " ".join(redacted(self._err.decode("utf-8", "replace")).split())
        text = "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)
        return f": {text if len(text) <= _MAX_WORDS else '…' + text[-_MAX_WORDS:]}" if text else ""


def _reader(stream: IO[bytes], take: Callable[[bytes], None]) -> threading.Thread:
    def read() -> None:
        taken = 0
        with suppress(OSError, ValueError):  # closed meanwhile
            while data := os.read(stream.fileno(), 65536):
                if taken < _MAX_BYTES:  # the rest is read, too, so that the plugin can exit, and discarded
                    take(data)
                taken += len(data)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def _is_interactive(plugin: Exec, name: str) -> bool:
    is_terminal = sys.stdin is not None and sys.stdin.isatty()
    if plugin.interactive_mode == "Always" and not is_terminal:
        raise LoginError(
            f"{name} is interactive (interactiveMode: Always), and standard input is not a terminal",
            hint="run it in a terminal, or use other credentials here",
        )
    return is_terminal and plugin.interactive_mode != "Never"


def _hint(plugin: Exec, otherwise: str = "") -> str:
    text = "".join(letter if letter.isprintable() else " " for letter in plugin.install_hint)
    return " ".join(text.split()) or otherwise


def _read(text: str, version: str) -> Printed:
    """Return the credentials in the output, or raise a ValueError that says why there are none."""
    try:
        found = load_document(text)
    except UnusableTextError:
        found = text
    if not isinstance(found, dict) or found.get("kind") != _KIND:
        raise ValueError(f"not an {_KIND}")
    if found.get("apiVersion") != version:
        raise ValueError(f"its apiVersion is not {version}")
    try:
        status = _Status.model_validate(found.get("status") or {})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"status.{path_text(first['loc'])}: {worded(first)}") from None
    token = status.token.get_secret_value() if status.token else ""
    key = status.key.get_secret_value() if status.key else ""
    certificate = status.certificate or ""
    if bool(certificate) != bool(key):
        raise ValueError("a certificate without its key, or a key without its certificate")
    if not token and not key:
        raise ValueError("neither a token nor a certificate with its key")
    expires = status.expires
    if expires is not None and expires.tzinfo is None:
        expires = expires.replace(tzinfo=UTC)
    return Printed(token, f"{certificate}\n{key}" if key else "", expires)
