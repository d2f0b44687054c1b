"""How the demo talks to whoever watches."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_BOLD, _DIM, _PLAIN = ("\033[1m", "\033[2m", "\033[0m") if sys.stdout.isatty() else ("", "", "")


PLACE = {"KUBECONFIG": "kubeconfig", "K8S_PIPELINE_CONFIG": "settings.yaml"}


def enter(folder: Path) -> None:
    """Show where the commands that follow are typed."""
    print(f"{_DIM}${_PLAIN} cd {folder}", flush=True)
    print(f"{_DIM}${_PLAIN} export {' '.join(f'{key}={value}' for key, value in PLACE.items())}", flush=True)


def say(text: str) -> None:
    """Tell what comes next."""
    print(f"\n{_BOLD}▸ {text}{_PLAIN}", flush=True)


def show(text: str) -> None:
    """Show a result that is not a command's own output."""
    print(text, flush=True)


def command(folder: Path, *words: str, expect: int = 0, environment: Mapping[str, str] = MappingProxyType({})) -> None:
    """Show a command as one would type it, and run it.

    Args:
        folder: Where.
        words: The command's.
        expect: The exit code that belongs to the story.
        environment: Variables that it needs beside those that are shown.

    Raises:
        SystemExit: It ended with another exit code than the one that belongs to the story.
    """
    print(f"{_DIM}${_PLAIN} k8s-pipeline {shlex.join(words)}", flush=True)
    program = Path(sys.executable).with_name("k8s-pipeline")
    code = subprocess.run(
        [str(program), *words], cwd=folder, env={**os.environ, **PLACE, **environment}, check=False
    ).returncode
    if code != expect:
        sys.exit(f"the demo stops: exit code {code}, {expect} was expected")
