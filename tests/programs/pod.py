"""What starts the launcher as a pod does: real processes, small entry points."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

from k8s_pipeline_client.render import config

SECRET = "s3cr3t-välue"
# Byte code is kept, for the launcher is started a hundred times and more.
ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name not in ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE")
}
DOCUMENT = {"source": {"serviceConnection": {"config": {"password": SECRET}}}}


def interpreters() -> list[str]:
    """This Python, that of OpenMetadata's image, and the oldest and the newest that one could have; if installed."""
    versions = Path.home() / ".pyenv" / "versions"
    found = [str(path) for minor in ("3.9", "3.10", "3.13") for path in sorted(versions.glob(f"{minor}.*/bin/python"))]
    return [sys.executable, *found]


def write_launcher(folder: Path) -> None:
    """Write the launcher's files as a pod has them."""
    _, files = config.launcher()
    for item in config.launcher_items():
        path = folder / item["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[item["key"]])


@dataclass
class Ended:
    code: int
    out: str
    err: str
    message: dict[str, Any]


class Pod:
    def __init__(self, folder: Path, launcher: Path) -> None:
        self.folder, self.python = folder, sys.executable
        self.options: list[str] = []
        self.document: bytes | None = json.dumps(DOCUMENT).encode()
        self.processes: list[subprocess.Popen[bytes]] = []
        self.log = folder / "termination-log"
        self.log.touch()
        mount = folder / "mount"
        mount.mkdir()
        # Links, as Kubernetes makes them.
        (mount / "..data").symlink_to(launcher)
        for path in launcher.iterdir():
            (mount / path.name).symlink_to(f"..data/{path.name}")
        (folder / "image").mkdir()

    def write(self, name: str, code: str) -> None:
        path = self.folder / "image" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(code))

    def start(self, code: str, *target: str, **more: Any) -> subprocess.Popen[bytes]:
        if code:
            self.write("main.py", code)
        document = self.folder / "mount" / "workflow.json"
        if self.document is not None:
            document.write_bytes(self.document)
        command = [self.python, f"../mount/{config.LAUNCHER_KEY}", "--termination-log", str(self.log), *self.options]
        process = subprocess.Popen(
            [*command, "--config", str(document), "--", *(target or ("main.py",))],
            cwd=self.folder / "image",
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=more.pop("stdout", subprocess.PIPE),
            stderr=more.pop("stderr", subprocess.PIPE),
            env={**ENVIRONMENT, **more.pop("env", {})},
            **more,
        )
        self.processes.append(process)
        return process

    def ready(self, code: str) -> subprocess.Popen[bytes]:
        """Start what prints a line when it is where the test wants it."""
        process = self.start(code)
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        return process

    def end(self, process: subprocess.Popen[bytes], answer: bytes = b"") -> Ended:
        out, err = process.communicate(answer, timeout=30)
        text = self.log.read_text()
        return Ended(process.returncode, (out or b"").decode(), (err or b"").decode(), json.loads(text) if text else {})

    def run(self, code: str, *target: str, **more: Any) -> Ended:
        return self.end(self.start(code, *target, **more))


@contextmanager
def running(folder: Path, launcher: Path) -> Iterator[Pod]:
    pod = Pod(folder, launcher)
    yield pod
    for process in pod.processes:
        process.kill()
        process.communicate()


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
