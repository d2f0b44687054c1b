"""The cluster's life: up, down, status, load. This is the Python API for tests."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.cluster.local import api, cgroups, components, containerd, coredns, network, teardown
from tests.cluster.local.binaries import ensure_binaries
from tests.cluster.local.configs import write_configs
from tests.cluster.local.errors import OTHER_CLUSTER, ClusterError
from tests.cluster.local.identities import write_identities
from tests.cluster.local.locks import locked
from tests.cluster.local.packages import cni_folder, ensure_packages, missing_packages
from tests.cluster.local.paths import Paths, current
from tests.cluster.local.pause import ensure_pause_archive
from tests.cluster.local.processes import Process, read_record, spawn, write_record
from tests.cluster.local.progress import say
from tests.cluster.local.versions import wanted

_COMPONENTS = (
    "etcd",
    "containerd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
)
_READY_SECONDS = 120.0
_BUSY_SECONDS = 30.0


def ensure_up() -> Path:
    """Have a healthy cluster and return its administrator's kubeconfig. At once, if it is up already.

    Raises:
        ClusterError: It cannot be had on this machine.
    """
    paths = current()
    require_root()
    with locked(paths.lock, waiting_for="another `up` or `down`"):
        if _is_up(paths):
            return paths.kubeconfig
        if teardown.leftovers(paths):
            say("removing what an earlier cluster has left")
        # In any case: after a reboot nothing runs any more, but files of that life are still there.
        teardown.tear_down(paths)
        binaries = prepare(paths)
        try:
            _start(paths, binaries)
        except BaseException:
            say(f"that failed: taking everything back (the logs stay in {paths.logs})")
            teardown.tear_down(paths)
            raise
        return paths.kubeconfig


def down() -> list[str]:
    """Take the cluster away; return what could not be removed."""
    paths = current()
    require_root()
    with locked(paths.lock, waiting_for="another `up` or `down`"):
        teardown.tear_down(paths)
        return teardown.leftovers(paths)


def load(archives: Sequence[Path]) -> None:
    """Import docker-archives into the running cluster; skip what is there already.

    Raises:
        ClusterError: The cluster is not up, or an archive is not usable.
    """
    paths = current()
    if not is_healthy(paths):
        raise ClusterError("the cluster is not up: run `python -m tests.cluster.local up` first")
    # Several test processes may want the same image at once: one imports it, the others then find it.
    with locked(paths.run / "load.lock", waiting_for="another `load`"):
        containerd.load(paths, archives)


def prepare(paths: Paths | None = None) -> Path:
    """Install and build what `up` needs, without starting anything; return the folder of the binaries."""
    paths = paths or current()
    if missing_packages():
        require_root()
        ensure_packages()
    binaries = ensure_binaries(paths, wanted())
    if coredns.is_wanted():
        coredns.ensure_coredns(paths, wanted())
    ensure_pause_archive(paths)
    return binaries


def component_states(paths: Paths) -> dict[str, Process | None]:
    """Return each component's process, or None where it does not run."""
    alive = {process.name: process for process in read_record(paths.record) if process.alive}
    names = (*_COMPONENTS, "coredns") if coredns.is_wanted() else _COMPONENTS
    return {name: alive.get(name) for name in names}


def is_healthy(paths: Paths) -> bool:
    """Whether the cluster runs, in the wanted version, and takes pods."""
    return _is_running(paths) and api.api_server_is_ready(paths) and api.node_is_ready(paths)


def _is_up(paths: Paths) -> bool:
    """Like `is_healthy`, but patient with a cluster that is only busy: tearing it down would end others' tests."""
    began = time.monotonic()
    while not is_healthy(paths):
        if not _is_running(paths) or time.monotonic() - began > _BUSY_SECONDS:
            return False
        say("the cluster runs, but does not answer: waiting for it")
        time.sleep(2)
    return True


def _is_running(paths: Paths) -> bool:
    """Whether all processes of a cluster in the wanted version are alive."""
    if None in component_states(paths).values() or not paths.active_binaries.is_symlink():
        return False
    binaries = paths.active_binaries.readlink()
    # Binaries from KUBEBUILDER_ASSETS do not say which version they are.
    return not binaries.name.startswith("kubernetes-") or binaries.name == wanted().key


def require_root() -> None:
    """Raise a ClusterError unless this is root, which mounts, bridges and cgroups need."""
    if os.geteuid() != 0:
        raise ClusterError(f"a local cluster needs root: run it with sudo, {OTHER_CLUSTER}")


def _start(paths: Paths, binaries: Path) -> None:
    plugins = cni_folder()
    if plugins is None:
        raise ClusterError(f"CNI's plugins are missing: install containernetworking-plugins, {OTHER_CLUSTER}")
    _make_folders(paths, binaries)
    say("making certificates, network and cgroups")
    write_identities(paths)
    write_configs(paths, plugins)
    network.set_up(paths)
    cgroups.create()

    starter = _Starter(paths)
    starter.start("etcd", components.etcd(paths, binaries))
    starter.start("kube-apiserver", components.kube_apiserver(paths, binaries))
    # From here on, containers may be registered in the cache.
    paths.containerd_dirty.touch()
    runtime = starter.start("containerd", components.containerd(paths))
    containerd.wait_until_serving(paths, runtime)
    containerd.load(paths, [ensure_pause_archive(paths)])
    starter.wait("the API server", lambda: api.api_server_is_ready(paths))
    # Not before: whoever finds no API server tries again only after a while.
    starter.start("kubelet", components.kubelet(paths, binaries))
    starter.start("kube-controller-manager", components.kube_controller_manager(paths, binaries))
    starter.start("kube-scheduler", components.kube_scheduler(paths, binaries))
    starter.start("kube-proxy", components.kube_proxy(paths, binaries))
    if coredns.is_wanted():
        coredns.create_objects(paths)
        starter.start("coredns", components.coredns(paths, coredns.ensure_coredns(paths, wanted())))
    starter.wait("the node", lambda: api.node_is_schedulable(paths))
    starter.wait("the default namespace", lambda: api.namespace_is_furnished(paths))
    starter.wait("Services", network.services_are_translated)
    if coredns.is_wanted():
        starter.wait("cluster DNS", coredns.answers)
    say("the cluster is up")


def _make_folders(paths: Paths, binaries: Path) -> None:
    # The logs of the cluster before: they were kept for whoever wanted to know why it went down.
    shutil.rmtree(paths.logs, ignore_errors=True)
    for folder in (paths.logs, paths.pod_logs, paths.kubelet, paths.run, paths.containerd_root, paths.config):
        folder.mkdir(parents=True, exist_ok=True)
    for link, target in ((paths.active_binaries, binaries), (paths.active_cache, paths.cache)):
        link.unlink(missing_ok=True)
        link.symlink_to(target)


class _Starter:
    """Starts components and keeps the record of them."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._processes: list[Process] = []

    def start(self, name: str, command: components.Command) -> Process:
        process = spawn(name, command, self._paths.logs / f"{name}.log")
        self._processes.append(process)
        write_record(self._paths.record, self._processes)
        return process

    def wait(self, what: str, ready: Callable[[], bool]) -> None:
        began = time.monotonic()
        said = began
        while not ready():
            for process in self._processes:
                if not process.alive:
                    raise ClusterError(f"{process.name} has ended: {self._last_line(process)}")
            now = time.monotonic()
            if now - began > _READY_SECONDS:
                raise ClusterError(f"{what} is not ready after {_READY_SECONDS:.0f} s; see {self._paths.logs}")
            if now - said > 5:
                say(f"waiting for {what}")
                said = now
            time.sleep(0.1)
        say(f"{what}: ready")

    def _last_line(self, process: Process) -> str:
        log = self._paths.logs / f"{process.name}.log"
        lines = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        return f"{lines[-1][:300]} ({log})"
