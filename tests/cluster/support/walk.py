"""Somebody who follows a page: types its commands in a shell, one after the other, with the files that it shows."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.pages.blocks import blocks
from tests.pages.commands import Command

_PROGRAMS = ("k8s-pipeline", "kubectl-ompipeline")
_BEGINNING = (
    "set -Eeuo pipefail\ntrap 'echo \"@failed: $BASH_COMMAND\"' ERR\ntrap 'kill $(jobs -p) 2>/dev/null || :' EXIT\n"
)
_SECONDS = 240


class Walk:
    """A folder, a shell in it, and what stands in this cluster for the names of the page."""

    def __init__(self, folder: Path, *, kubectl: str, kubeconfig: Path, instead: Mapping[str, str]) -> None:
        """Take the folder, the cluster, and what is typed instead of texts of the page."""
        self.folder = folder
        self.instead = dict(instead)
        self._bin = folder / "bin"
        self._bin.mkdir()
        self.offer("kubectl", Path(kubectl))
        for name in _PROGRAMS:
            self.offer(name, Path(sys.executable).with_name(name))
        self.environment = {
            "PATH": f"{self._bin}:/usr/bin:/bin",
            "HOME": str(folder),
            "KUBECONFIG": str(kubeconfig),
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
        }

    def offer(self, name: str, program: Path) -> None:
        """Put a program on the PATH."""
        (self._bin / name).symlink_to(program)

    def adapted(self, text: str) -> str:
        """Return a text of the page with what stands here for its names; the longest are put in first."""
        for name in sorted(self.instead, key=len, reverse=True):
            text = text.replace(name, self.instead[name])
        return text

    def write(self, name: str, text: str) -> Path:
        """Write a file that the page takes for granted, or shows."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def copy(self, folder: Path) -> None:
        """Copy a folder of the checkout, with what stands here for the names in it."""
        for path in folder.rglob("*"):
            if path.is_file() and path.parent.name != "__pycache__":
                self.write(str(path.relative_to(folder.parent)), self.adapted(path.read_text()))

    def take_files(self, page: str) -> list[str]:
        """Write the files that the page shows, and return their names."""
        shown = [block for block in blocks(page) if block.file]
        for block in shown:
            self.write(block.file, self.adapted(block.text))
        return [block.file for block in shown]

    def type(
        self,
        commands: Iterable[Command],
        *,
        before: str = "",
        background: Sequence[tuple[str, str]] = (),
        total_timeout: float = _SECONDS,
    ) -> list[str]:
        """Type command lines in one shell, and return what each printed.

        Args:
            commands: The command lines; each has to succeed.
            before: What the shell has done before.
            background: Beginnings of those that do not end by themselves, and what succeeds once they are ready.
            total_timeout: For all of them, in seconds.
        """
        script = [_BEGINNING, before]
        for number, command in enumerate(commands):
            text = self.adapted(command.text)
            ready = next((done for beginning, done in background if command.text.startswith(beginning)), "")
            script.append(f"echo @{number}@")
            script.append(f"{text} &\nuntil {self.adapted(ready)}; do kill -0 $!; sleep 0.2; done" if ready else text)
        done = subprocess.run(
            ["bash", "-c", "\n".join(script)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=total_timeout,
            check=False,
        )
        assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}"
        return re.split(r"^@\d+@\n", done.stdout, flags=re.MULTILINE)[1:]
