"""The service as a process, at the address where a server looks for it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.support.program import Program
from tests.cluster.support.space import until

_CODE = "import sys; from k8s_pipeline_client.cli.main import main; main(sys.argv[1:])"


@dataclass(frozen=True)
class Place:
    """Where the service listens, and with which login it is asked."""

    address: str
    username: str
    password: str


@dataclass
class Served:
    """A service that runs."""

    url: str
    log: Path
    process: subprocess.Popen[str]
    version: str


@contextmanager
def serving(program: Program, folder: Path, place: Place, *, openmetadata: str, version: str) -> Iterator[Served]:
    """Serve until the end of the block; ``openmetadata`` is its address as this machine reaches it."""
    folder.mkdir(exist_ok=True)
    (folder / "username").write_text(place.username)
    (folder / "password").write_text(place.password)
    host, _, port = place.address.rpartition(":")
    words = ["serve", *program.place(), "--host", host, "--port", port, "--openmetadata-version", version]
    words += ["--username-file", str(folder / "username"), "--password-file", str(folder / "password")]
    log = folder / "serve.log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-c", _CODE, *words],
            stderr=stream,
            env={**os.environ, "SERVER_HOST_API_URL": openmetadata},
            text=True,
        )
    try:
        (url,) = until(
            lambda: _listens(process, log), "it listens"
        )
        yield Served(url, log, process, version)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0, log.read_text()


def _listens(process: subprocess.Popen[str], log: Path) -> list[str]:
    assert process.poll() is None, log.read_text()
    return re.findall(r"running on (http://[^\s\"]+:\d+)", log.read_text())
