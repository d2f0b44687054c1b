"""The cluster that the tests talk to, and how an administrator talks to it."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from tests.cluster.local import cluster as local
from tests.cluster.local.errors import ClusterError
from tests.cluster.local.paths import current
from tests.cluster.support.api import Api
from tests.images import build as images

OWN_CLUSTER = "K8S_PIPELINE_TEST_KUBECONFIG"
"""Names the kubeconfig of a cluster to use instead of the local one."""


@dataclass(frozen=True)
class Access:
    """An administrator's access.

    Attributes:
        kubeconfig: The administrator's.
        kubectl: The program.
        embedded: Whether the cluster is the one that tests/cluster/local makes.
    """

    kubeconfig: Path
    kubectl: str
    embedded: bool

    @cached_property
    def api(self) -> Api:
        """For requests that need no kubectl."""
        return Api(self.kubeconfig)

    def run(self, *words: str, given: str | None = None) -> str:
        """Run kubectl and return what it prints; its error if it fails."""
        result = subprocess.run(
            [self.kubectl, "--kubeconfig", str(self.kubeconfig), *words],
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise RuntimeError(f"kubectl {' '.join(words)}: {result.stderr.strip()}")
        return result.stdout

    def image(self, name: str) -> str:
        """Return an image's reference once the cluster has it."""
        image = images.build(name)
        if self.embedded:
            local.load([image.archive])
        return image.reference


@cache
def connect() -> Access:
    """Return access to the named cluster, else to our own, which is started if need be.

    Raises:
        ClusterError: There is none to be had; one line says what is missing.
    """
    named = os.environ.get(OWN_CLUSTER)
    if named:
        kubectl = shutil.which("kubectl")
        if kubectl is None:
            raise ClusterError(f"{OWN_CLUSTER} is set, but there is no kubectl on the PATH")
        return Access(Path(named), kubectl, embedded=False)
    return Access(local.ensure_up(), str(current().kubectl), embedded=True)
