"""The node's programs, from Debian's packages."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.local.commands import build_environment, find, run
from tests.cluster.local.errors import OTHER_CLUSTER, ClusterError
from tests.cluster.local.progress import step

# Where distributions put CNI's plugins.
_CNI_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"), Path("/usr/libexec/cni"))
_CNI_PLUGINS = ("bridge", "host-local", "loopback")
_POLICY = Path("/usr/sbin/policy-rc.d")


@dataclass(frozen=True)
class Need:
    """A program that the node needs, and Debian's package of it."""

    program: str
    package: str


NEEDS = (
    Need("containerd", "containerd"),
    Need("ctr", "containerd"),
    Need("runc", "runc"),
    Need("nft", "nftables"),
    Need("conntrack", "conntrack"),
    Need("ip", "iproute2"),
    Need("mount", "mount"),
    # Not for the cluster itself: for making root file systems of test images without a registry.
    Need("mmdebstrap", "mmdebstrap"),
)


def cni_folder() -> Path | None:
    """Find the folder of CNI's plugins."""
    for folder in _CNI_FOLDERS:
        if all(os.access(folder / plugin, os.X_OK) for plugin in _CNI_PLUGINS):
            return folder
    return None


def missing_packages() -> list[str]:
    """Say which of Debian's packages are still to be installed."""
    missing = {need.package for need in NEEDS if find(need.program) is None}
    if cni_folder() is None:
        missing.add("containernetworking-plugins")
    return sorted(missing)


def ensure_packages() -> None:
    """Install what is missing.

    Raises:
        ClusterError: It is missing and cannot be installed.
    """
    missing = missing_packages()
    if not missing:
        return
    if find("apt-get") is None:
        raise ClusterError(f"missing: {' '.join(missing)}; there is no apt-get to install them, {OTHER_CLUSTER}")
    environment = {**build_environment(), "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    with step(f"installing {' '.join(missing)}"), _ServicesStayStopped():
        if run(install, check=False, env=environment).returncode != 0:
            # Its package lists may be missing, or name versions that are gone.
            run(["apt-get", "update"], env=environment)
            run(install, env=environment)
    if still := missing_packages():
        raise ClusterError(f"after installing them, programs of these packages are still missing: {' '.join(still)}")


class _ServicesStayStopped:
    """Keeps Debian from starting its own containerd service on installation."""

    def __init__(self) -> None:
        self._ours = False

    def __enter__(self) -> None:
        if not _POLICY.exists():
            _POLICY.write_text("#!/bin/sh\nexit 101\n")
            _POLICY.chmod(0o755)
            self._ours = True

    def __exit__(self, *_: object) -> None:
        if self._ours:
            _POLICY.unlink(missing_ok=True)
