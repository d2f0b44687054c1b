"""Kubernetes' and etcd's binaries, built from the Go module proxy into the cache."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.cluster.local.errors import ClusterError
from tests.cluster.local.golang import go_for_module
from tests.cluster.local.locks import locked
from tests.cluster.local.modules import go_mod, prepare, tools_file
from tests.cluster.local.paths import Paths
from tests.cluster.local.progress import say, step
from tests.cluster.local.versions import KUBERNETES_COMMANDS, Versions

ASSETS_VARIABLE = "KUBEBUILDER_ASSETS"
NEEDED = (*KUBERNETES_COMMANDS, "etcd")

_KUBERNETES = "k8s.io/kubernetes"
_ETCD = "go.etcd.io/etcd/server/v3"
_STAGING = re.compile(r"^\s*(?:replace )?(k8s\.io/\S+) => \./staging/src/", flags=re.MULTILINE)


def ensure_binaries(paths: Paths, versions: Versions) -> Path:
    """Return the folder of the binaries. What is missing is built first, which takes some minutes.

    Raises:
        ClusterError: The build failed.
    """
    assets = os.environ.get(ASSETS_VARIABLE)
    if assets and is_complete(Path(assets)):
        return Path(assets).absolute()
    target = paths.binaries / versions.key
    if is_complete(target):
        return target
    paths.binaries.mkdir(parents=True, exist_ok=True)
    with locked(paths.binaries / ".lock", waiting_for="another build of the binaries"):
        if not is_complete(target):
            _build_into(target, paths, versions)
    return target


def is_complete(folder: Path) -> bool:
    """Tell whether a folder holds every binary that the cluster needs."""
    return all(os.access(folder / name, os.X_OK) for name in NEEDED)


def kubernetes_go_mod(versions: Versions, upstream: str) -> str:
    """Write the go.mod of a module that builds Kubernetes' commands.

    Kubernetes' own go.mod replaces its staging modules by relative folders, and only a main module's replacements
    count: so each of them is named again here, at the version under which it is published.
    """
    names = sorted(set(_STAGING.findall(upstream)))
    replacements = [f"{name} => {name} {versions.staging}" for name in names]
    return go_mod("kubernetes.build", _KUBERNETES, versions.kubernetes, upstream, replacements)


def linker_flags(versions: Versions) -> str:
    """Return the linker flags that write the version into Kubernetes' binaries.

    Without them the server calls itself v0.0.0-master+$Format, which clients cannot parse.
    """
    major, minor = versions.major_minor
    values = {
        "gitVersion": versions.kubernetes,
        "gitMajor": major,
        "gitMinor": minor,
        # The module proxy does not say; the default is a placeholder of git's, unfilled.
        "gitCommit": "unknown",
        "gitTreeState": "clean",
    }
    flags = ["-s", "-w"]
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
        flags += [f"-X {package}.{name}={value}" for name, value in values.items()]
    return " ".join(flags)


def _build_into(target: Path, paths: Paths, versions: Versions) -> None:
    began = time.monotonic()
    say(f"building {len(NEEDED)} binaries, once: some eight minutes on two cores ({target})")
    temporary = Path(tempfile.mkdtemp(prefix=".build-", dir=paths.binaries))
    out = temporary / "bin"
    out.mkdir()
    try:
        # At once: while the many sources of Kubernetes are fetched, etcd keeps the cores busy.
        with ThreadPoolExecutor() as pool:
            builds = [
                pool.submit(_build_etcd, paths, versions, temporary / "etcd", out),
                pool.submit(_build_kubernetes, paths, versions, temporary / "kubernetes", out),
            ]
        for build in builds:
            build.result()
        if not is_complete(out):
            raise ClusterError("the build came to its end without an error, but not all binaries are there")
        shutil.rmtree(target, ignore_errors=True)
        out.rename(target)
    except ClusterError as error:
        raise ClusterError(
            f"building the cluster's binaries failed (is the Go module proxy reachable?): {error}"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    say(f"built {len(NEEDED)} binaries in {time.monotonic() - began:.0f} s")


def _build_etcd(paths: Paths, versions: Versions, module: Path, out: Path) -> None:
    go, upstream = go_for_module(paths, _ETCD, versions.etcd)
    mod = go_mod("etcd.build", _ETCD, versions.etcd, upstream)
    prepare(go, module, mod, tools_file([_ETCD]), "etcd")
    with step(f"building etcd {versions.etcd}"):
        go.build([_ETCD], out / "etcd", cwd=module, linker_flags="-s -w")


def _build_kubernetes(paths: Paths, versions: Versions, module: Path, out: Path) -> None:
    go, upstream = go_for_module(paths, _KUBERNETES, versions.kubernetes)
    packages = [f"{_KUBERNETES}/cmd/{name}" for name in KUBERNETES_COMMANDS]
    prepare(go, module, kubernetes_go_mod(versions, upstream), tools_file(packages), "Kubernetes")

    def built() -> str:
        there = sum((out / name).exists() for name in KUBERNETES_COMMANDS)
        return f"{there} of {len(KUBERNETES_COMMANDS)} programs built"

    # All in one go: one by one, a core is idle whenever one of them is linked.
    with step(f"building Kubernetes {versions.kubernetes}", built):
        go.build(packages, out, cwd=module, linker_flags=linker_flags(versions))
