"""Running other programs, with their failure told in one line."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.cluster.local.errors import ClusterError

# A user's PATH often lacks the sbin folders, where ip, nft and runc live.
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def find(name: str) -> str | None:
    """Find a program in PATH or in the system's folders."""
    return shutil.which(name) or shutil.which(name, path=SYSTEM_PATH)


def run(
    argv: Sequence[str | Path],
    *,
    check: bool = True,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and capture its output.

    Raises:
        ClusterError: It is missing, or it failed and `check` is set.
    """
    name = str(argv[0])
    program = find(name)
    if program is None:
        raise ClusterError(f"the program {name} is missing")
    result = subprocess.run(
        [program, *map(str, argv[1:])],
        capture_output=True,
        check=False,
        cwd=cwd,
        env=None if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        text=True,
    )
    if check and result.returncode != 0:
        said = (result.stderr.strip() or result.stdout.strip() or "it said nothing").splitlines()
        raise ClusterError(f"{Path(name).name} {_brief(argv[1:])} failed ({result.returncode}): {said[-1]}")
    return result


def clean_environment() -> dict[str, str]:
    """Return the environment for the cluster's own processes.

    Nothing of the caller's: a proxy variable, for one, would send their requests to each other astray.
    """
    # The cluster is small, and what the tests wait for is the processor: Go's collector may let garbage lie longer.
    return {"HOME": "/root", "LANG": "C.UTF-8", "PATH": SYSTEM_PATH, "GOGC": "300"}


def build_environment() -> dict[str, str]:
    """Return the environment for package managers and builds: the caller's, proxies included."""
    return {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}"}


def _brief(arguments: Sequence[str | Path]) -> str:
    text = " ".join(map(str, arguments))
    return text if len(text) <= 120 else text[:117] + "..."
