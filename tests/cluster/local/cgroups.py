"""The pods' tree of cgroups, in version 1, 2 and hybrid layouts."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from tests.cluster.local.addresses import NAME
from tests.cluster.local.mounts import mounted

_ROOT = Path("/sys/fs/cgroup")


def is_v1() -> bool:
    """Whether containers are limited by cgroups of version 1 here, as in the hybrid layout."""
    return not (_ROOT / "cgroup.controllers").exists()


def create() -> None:
    """Create the tree's root: kubelet refuses a cgroupRoot that does not exist."""
    for hierarchy in _hierarchies():
        tree = hierarchy / NAME
        tree.mkdir(exist_ok=True)
        if (hierarchy / "cgroup.controllers").exists():
            _delegate(hierarchy)
            _delegate(tree)
        _copy_cpuset(hierarchy, tree)


def kill_all() -> None:
    """End every process in the tree."""
    deadline = time.monotonic() + 10
    # Again and again: a process may have made another one after its cgroup was read.
    while pids := _pids():
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            return
        time.sleep(0.02)


def remove() -> None:
    """Remove the tree, now that nothing runs in it."""
    deadline = time.monotonic() + 5
    while existing():
        for tree in _trees():
            # The inner ones first; a cgroup is removed like an empty folder, though it shows files.
            for folder, _, _ in os.walk(tree, topdown=False):
                with contextlib.suppress(OSError):
                    Path(folder).rmdir()
        if not existing() or time.monotonic() > deadline:
            return
        time.sleep(0.05)


def existing() -> list[Path]:
    """Return the roots of the tree that are still there."""
    return list(_trees())


def _trees() -> Iterator[Path]:
    return (hierarchy / NAME for hierarchy in _hierarchies() if (hierarchy / NAME).exists())


def _hierarchies() -> list[Path]:
    return [mount.target for mount in mounted() if mount.kind in ("cgroup", "cgroup2")]


def _pids() -> set[int]:
    pids: set[int] = set()
    for tree in _trees():
        for folder, _, _ in os.walk(tree):
            with contextlib.suppress(OSError):
                pids.update(map(int, (Path(folder) / "cgroup.procs").read_text().split()))
    return pids


def _delegate(folder: Path) -> None:
    # In version 2 a controller works in a cgroup only where its parent passes it on.
    for controller in (folder / "cgroup.controllers").read_text().split():
        # One that cannot be passed on (rt processes, threaded children) must not keep the others from it.
        with contextlib.suppress(OSError):
            (folder / "cgroup.subtree_control").write_text(f"+{controller}")


def _copy_cpuset(hierarchy: Path, tree: Path) -> None:
    # In version 1 a new cpuset is empty, and no process can be put into an empty one.
    for name in ("cpuset.cpus", "cpuset.mems"):
        source, target = hierarchy / name, tree / name
        if is_v1() and source.exists() and not target.read_text().strip():
            target.write_text(source.read_text())
