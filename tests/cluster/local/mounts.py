"""What is mounted, and unmounting it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.local.commands import run

_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class Mount:
    """One line of mountinfo."""

    target: Path
    kind: str


def parse(mountinfo: str) -> list[Mount]:
    """Read /proc/self/mountinfo. Later lines may be mounted on earlier ones."""
    mounts = []
    for line in mountinfo.splitlines():
        # A varying number of optional fields ends with a dash; the file system's type follows.
        left, right = line.split(" - ", 1)
        target = _OCTAL.sub(lambda match: chr(int(match[1], 8)), left.split()[4])
        mounts.append(Mount(target=Path(target), kind=right.split()[0]))
    return mounts


def mounted() -> list[Mount]:
    """Return everything that is mounted, in the order of mounting."""
    return parse(Path("/proc/self/mountinfo").read_text())


def below(folders: Sequence[Path]) -> list[Path]:
    """Return what is mounted on or below any of these folders."""
    return [mount.target for mount in mounted() if any(mount.target.is_relative_to(folder) for folder in folders)]


def unmount_below(folders: Sequence[Path]) -> None:
    """Unmount it all, the latest first."""
    # More than once: the same folder can be mounted over several times.
    for _ in range(5):
        targets = list(reversed(below(folders)))
        if not targets:
            return
        # Lazily: a process of another program may be looking at one of them just now.
        run(["umount", "-l", "--", *targets], check=False)
