"""The node's programs, from Debian's packages."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.local.apt import install
from tests.cluster.local.commands import find
from tests.cluster.local.errors import OTHER_CLUSTER, ClusterError

# Where distributions put CNI's plugins.
_CNI_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"), Path("/usr/libexec/cni"))
_CNI_PLUGINS = ("bridge", "host-local", "loopback")


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
    try:
        install(missing_packages)
    except ClusterError as error:
        raise ClusterError(f"{error}, {OTHER_CLUSTER}") from None
