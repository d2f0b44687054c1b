"""The real `helm`, for the tests of the chart: built from the Go module proxy into the cache, as the cluster's are."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.cluster.local.archive import architecture
from tests.cluster.local.errors import ClusterError
from tests.cluster.local.golang import go_for_module, parse_version
from tests.cluster.local.locks import locked
from tests.cluster.local.modules import go_mod, prepare, tools_file
from tests.cluster.local.paths import Paths, current
from tests.cluster.local.progress import step
from tests.cluster.local.versions import DEFAULT_KUBERNETES_VERSION

HELM_VERSION = "v3.21.4"
_MODULE = "helm.sh/helm/v3"
_COMMAND = f"{_MODULE}/cmd/helm"


def ensure_helm(paths: Paths | None = None) -> Path:
    """Return the helm binary; build it if the cache does not have it.

    Raises:
        ClusterError: The build failed.
    """
    folder = (paths or current()).binaries
    target = folder / f"helm-{HELM_VERSION}_linux-{architecture()}" / "helm"
    if os.access(target, os.X_OK):
        return target
    folder.mkdir(parents=True, exist_ok=True)
    # A lock of its own: the cluster's programs take long, and whoever only renders a chart need not wait for them.
    with locked(folder / ".helm.lock", waiting_for="another build of helm"):
        if not os.access(target, os.X_OK):
            _build(paths or current(), target)
    return target


def _build(paths: Paths, target: Path) -> None:
    temporary = Path(tempfile.mkdtemp(prefix=".build-", dir=paths.binaries))
    try:
        go, upstream = go_for_module(paths, _MODULE, HELM_VERSION)
        mod = go_mod("helm.build", _MODULE, HELM_VERSION, upstream)
        prepare(go, temporary / "module", mod, tools_file([_COMMAND]), "helm")
        with step(f"building helm {HELM_VERSION}, once: about two minutes on two cores"):
            out = temporary / "helm"
            go.build([_COMMAND], out, cwd=temporary / "module", linker_flags=_linker_flags())
        target.parent.mkdir(exist_ok=True)
        out.rename(target)
    except ClusterError as error:
        raise ClusterError(f"building helm failed (is the Go module proxy reachable?): {error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _linker_flags() -> str:
    # Of Kubernetes it assumes 1.20 otherwise, where no cluster is asked, and refuses charts that need a newer one.
    major, minor = parse_version(DEFAULT_KUBERNETES_VERSION)[:2]
    values = {f"{_MODULE}/internal/version.version": HELM_VERSION}
    for package in ("chartutil", "lint/rules"):
        values[f"{_MODULE}/pkg/{package}.k8sVersionMajor"] = str(major)
        values[f"{_MODULE}/pkg/{package}.k8sVersionMinor"] = str(minor)
    return " ".join(["-s -w", *(f"-X {name}={value}" for name, value in values.items())])


if __name__ == "__main__":
    try:
        print(ensure_helm())
    except ClusterError as error:
        sys.exit(f"error: {error}")
