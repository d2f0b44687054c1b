"""The service as a process, at the address where a server looks for it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.support.program import Program
from tests.cluster.support.space import until

_CODE = "import sys; from k8s_pipeline_client.cli.main import main; main(sys.argv[1:])"


@dataclass(frozen=True)
class Place:
    """Where the service listens, port 0 for any, and with which login it is asked."""

    address: str
    username: str
    password: str


class Service:
    """A service that can be stopped, killed and started again; it has one address all the time.

    Attributes:
        address: Where it listens, as ``host:port``.
    """

    def __init__(self, program: Program, folder: Path, place: Place, *, openmetadata: str, version: str) -> None:
        """Take what it is to do; ``openmetadata`` is the server's address as this machine reaches it."""
        self._program = program
        self._folder = folder
        self._place = place
        self._openmetadata = openmetadata
        self._version = version
        self._starts = 0
        self.address = place.address
        self._process: subprocess.Popen[str] | None = None

    def start(self, *, version: str = "", password: str = "") -> None:
        """Start it, and wait until it listens; it may say another version, or want another password."""
        (self._folder / "username").write_text(self._place.username)
        (self._folder / "password").write_text(password or self._place.password)
        host, _, port = self.address.rpartition(":")
        words = ["serve", *self._program.place(), "--host", host, "--port", port]
        words += ["--openmetadata-version", version or self._version]
        words += ["--username-file", str(self._folder / "username"), "--password-file", str(self._folder / "password")]
        self._starts += 1
        log = self._folder / f"serve-{self._starts}.log"
        environment = {**os.environ, "SERVER_HOST_API_URL": self._openmetadata}
        with log.open("w") as stream:
            process = subprocess.Popen([sys.executable, "-c", _CODE, *words], stderr=stream, env=environment, text=True)
        self._process = process
        (found,) = until(lambda: _listens(process, log), "it listens")
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

    def log(self) -> str:
        """Return all that it has said."""
        return "".join(path.read_text() for path in sorted(self._folder.glob("serve-*.log")))


def _listens(process: subprocess.Popen[str], log: Path) -> list[str]:
    assert process.poll() is None, log.read_text()
    return re.findall(r"running on https?://[^\s\"]+:(\d+)", log.read_text())
