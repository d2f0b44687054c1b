"""Which versions make up the cluster. Another one: change it here, or name it in the environment."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from tests.cluster.local.archive import architecture
from tests.cluster.local.errors import ClusterError

DEFAULT_KUBERNETES_VERSION = "v1.34.4"
ETCD_VERSION = "v3.6.8"
COREDNS_VERSION = "v1.13.1"
# Counted up by hand whenever sources/pause/main.go changes.
PAUSE_VERSION = "1"
KUBERNETES_VERSION_VARIABLE = "K8S_PIPELINE_KUBERNETES_VERSION"

KUBERNETES_COMMANDS = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kubectl",
    "kube-proxy",
)

_VERSION = re.compile(r"v(\d+)\.(\d+)\.(\d+)(-[0-9a-z.]+)?")


@dataclass(frozen=True)
class Versions:
    """The versions of one cluster's binaries."""

    kubernetes: str
    etcd: str
    coredns: str

    @property
    def staging(self) -> str:
        """The version of kubernetes' staging modules: v1.34.4 requires k8s.io/api v0.34.4."""
        return "v0" + self.kubernetes.removeprefix("v1")

    @property
    def major_minor(self) -> tuple[str, str]:
        """The two numbers that a server reports beside its version."""
        major, minor, _patch = self.kubernetes.removeprefix("v").split("-")[0].split(".")
        return major, minor

    @property
    def key(self) -> str:
        """The name of the folder that holds Kubernetes' binaries and etcd."""
        return f"kubernetes-{self.kubernetes}_etcd-{self.etcd}_linux-{architecture()}"

    @property
    def coredns_key(self) -> str:
        """The name of the folder that holds CoreDNS, which goes with every version of Kubernetes."""
        return f"coredns-{self.coredns}_linux-{architecture()}"


def wanted() -> Versions:
    """Return the versions that the environment asks for.

    Raises:
        ClusterError: The variable holds no version.
    """
    kubernetes = os.environ.get(KUBERNETES_VERSION_VARIABLE) or DEFAULT_KUBERNETES_VERSION
    match = _VERSION.fullmatch(kubernetes)
    if match is None or match[1] != "1":
        raise ClusterError(f"{KUBERNETES_VERSION_VARIABLE}={kubernetes!r} is no version such as v1.34.4")
    return Versions(kubernetes=kubernetes, etcd=ETCD_VERSION, coredns=COREDNS_VERSION)
