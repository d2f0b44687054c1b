"""The service as a process, at the address where a server looks for it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.support import definitions
from tests.cluster.support.program import Program
from tests.cluster.support.space import until
from tests.cluster.support.started import Started
from tests.service.javaclient import Generation, JavaClient, UnableToConnectError

SERVICE = definitions.service("pg_prod")
"""What the pipelines belong to; the service asks OpenMetadata for its type."""
_CODE = "import sys; from k8s_pipeline_client.cli.main import main; main(sys.argv[1:])"
_SKEWED = """
import datetime, time
seconds, true, real = {seconds}, time.time, datetime.datetime
class OfReal(type):
    def __instancecheck__(cls, found):
        return isinstance(found, real)
class Skewed(real, metaclass=OfReal):
    @classmethod
    def now(cls, tz=None):
        return real.fromtimestamp(time.time(), tz)
time.time, datetime.datetime = lambda: true() + seconds, Skewed
"""
"""Before all else: the process has a clock that is ahead by so many seconds."""


@dataclass(frozen=True)
class Place:
    """Where the service listens, port 0 for any, and with which login it is asked."""

    address: str = "127.0.0.1:0"
    username: str = "admin"
    password: str = "of-the-mounted-secret"


class Service:
    """A service that can be stopped, killed and started again; it has one address all the time.

    Attributes:
        address: Where it listens, as ``host:port``.
        place: How it is asked.
    """

    def __init__(
        self,
        program: Program,
        folder: Path,
        place: Place = Place(),
        *,
        openmetadata: str,
        version: str = "1.12.14",
        options: Sequence[str] = (),
        is_forked: bool = True,
        skew: float = 0.0,
    ) -> None:
        """Take what it is to do.

        Args:
            program: With the settings, and the account.
            folder: For its files.
            place: Where it listens.
            openmetadata: The server's address as this machine reaches it.
            version: Of OpenMetadata.
            options: More of them.
            is_forked: Fork it from a process that has imported everything, which saves a second and a half. Else it is
                a process that nobody else has to do with, as its memory is measured.
            skew: So many seconds is its clock ahead; then it is not forked.
        """
        self._program = program
        self._folder = folder
        self.place = place
        self._openmetadata = openmetadata
        self._version = version
        self._options = options
        self._is_forked = is_forked and not skew
        self._code = (_SKEWED.format(seconds=skew) if skew else "") + _CODE
        self._starts = 0
        self.address = place.address
        self._process: Started | subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process is not None
        return self._process.pid

    def client(self, generation: Generation = Generation.NEW) -> JavaClient:
        """Return a client that has asked nothing yet."""
        return JavaClient(f"http://{self.address}/", self.place.username, self.place.password, generation)

    def connected(self, generation: Generation = Generation.NEW) -> JavaClient:
        """Return a client that has found the service; on a busy machine the first health checks may come too late."""
        client = self.client(generation)
        await_found(client)
        return client

    def start(self, *, version: str = "", password: str = "") -> None:
        """Start it, and wait until it listens; it may say another version, or want another password."""
        (self._folder / "username").write_text(self.place.username)
        (self._folder / "password").write_text(password or self.place.password)
        host, _, port = self.address.rpartition(":")
        words = ["serve", *self._program.place(), "--host", host, "--port", port, *self._options]
        words += ["--openmetadata-version", version or self._version]
        words += ["--username-file", str(self._folder / "username"), "--password-file", str(self._folder / "password")]
        self._starts += 1
        log = self._folder / f"serve-{self._starts:02}.log"
        log.unlink(missing_ok=True)  # another service's in the same folder: it would name that one's port
        environment = {**os.environ, "SERVER_HOST_API_URL": self._openmetadata}
        if self._is_forked:
            self._process = Started(words, scratch=self._folder, environment=environment, log=log)
        else:
            with log.open("w") as stream:
                self._process = subprocess.Popen(
                    [sys.executable, "-c", self._code, *words], stderr=stream, env=environment
                )
        (found,) = until(lambda: self._listens(log), "it listens")
        self.address = f"{host}:{found}"

    def kill(self) -> None:
        """Kill it, whatever it is doing."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def stop(self) -> None:
        """Stop it as Kubernetes does."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            assert self._process.wait(60) == 0, self.log()

    def _listens(self, log: Path) -> list[str]:
        text = log.read_text() if log.exists() else ""
        assert self._process is not None and self._process.poll() is None, text
        return re.findall(r"running on https?://[^\s\"]+:(\d+)", text)

    @contextmanager
    def running(self) -> Iterator[Service]:
        """Have it run until the end of the block."""
        self.start()
        try:
            yield self
        finally:
            self.stop()

    def log(self) -> str:
        """Return all that it has said."""
        return "".join(path.read_text() for path in sorted(self._folder.glob("serve-*.log")))


def await_found(client: JavaClient) -> None:
    """Wait until a client finds the service."""

    def is_found() -> bool:
        with suppress(UnableToConnectError):
            return bool(client.detect())
        return False

    until(is_found, "it is healthy")


def posted(*steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a pipeline of `SERVICE`, as the server would post it."""
    found = definitions.pipeline(*steps, **fields)
    found["service"]["id"] = SERVICE["id"]
    return found
