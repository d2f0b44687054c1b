"""Taking the cluster away, in whatever state it is, and checking that nothing is left."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.cluster.local import cgroups, mounts, network, remains
from tests.cluster.local.configs import write_configs
from tests.cluster.local.containerd import forget_containers
from tests.cluster.local.packages import cni_folder
from tests.cluster.local.paths import Paths
from tests.cluster.local.processes import Process, find_ours, read_record, stop
from tests.cluster.local.progress import say


def tear_down(paths: Paths) -> None:
    """Remove every process, mount, interface, rule and cgroup of the cluster. Logs and the cache stay."""
    folders = _folders(paths)
    sockets = remains.shim_sockets(paths)
    _stop_processes(paths)
    mounts.unmount_below(folders)
    network.tear_down(paths)
    cgroups.remove()
    if used := used_cache(paths):
        _clean_containerd(used)
        mounts.unmount_below(folders)
    remains.remove(paths, sockets)
    _remove_state(paths)


def leftovers(paths: Paths) -> list[str]:
    """Name whatever of the cluster is still on this machine, apart from logs and the cache."""
    folders = _folders(paths)
    found = [f"process {process.pid} ({process.name})" for process in _processes(paths)]
    found += [f"mount {target}" for target in mounts.below(folders)]
    found += network.leftovers()
    found += [f"cgroup {tree}" for tree in cgroups.existing()]
    found += [f"file {path}" for path in remains.remains(paths, remains.shim_sockets(paths))]
    return found


def _folders(paths: Paths) -> list[Path]:
    return [paths.state, paths.run]


def _processes(paths: Paths) -> list[Process]:
    recorded = [process for process in read_record(paths.record) if process.alive]
    numbers = {process.pid for process in recorded}
    return recorded + [process for process in find_ours(_folders(paths)) if process.pid not in numbers]


def _stop_processes(paths: Paths) -> None:
    processes = _processes(paths)
    containerd = [process for process in processes if process.name == "containerd"]
    # All state but containerd's images ends with the cluster, so nobody else need be asked politely. Kubelet goes
    # with the first ones: it would start again what is ended next.
    stop([process for process in processes if not process.name.startswith("containerd")])
    stop(containerd, total_timeout=5)
    cgroups.kill_all()
    # The shims, last: they wait for their containers.
    stop(_processes(paths))


def used_cache(paths: Paths) -> Paths | None:
    """Return the paths with the cache that the cluster was started with, if containers may be registered there."""
    cache = paths.active_cache.resolve() if paths.active_cache.is_symlink() else paths.cache
    used = Paths(cache=cache, state=paths.state, run=paths.run, lock=paths.lock)
    return used if used.containerd_dirty.exists() else None


def _clean_containerd(paths: Paths) -> None:
    plugins = cni_folder()
    if plugins is None:
        say("containerd is not installed any more: its containers stay registered in the cache")
        return
    shutil.rmtree(paths.containerd_state, ignore_errors=True)
    paths.run.mkdir(parents=True, exist_ok=True)
    paths.logs.mkdir(parents=True, exist_ok=True)
    write_configs(paths, plugins)
    forget_containers(paths)
    paths.containerd_dirty.unlink()


def _remove_state(paths: Paths) -> None:
    if mounts.below(_folders(paths)):
        # Never delete through a mount: below it may be somebody else's files.
        return
    shutil.rmtree(paths.run, ignore_errors=True)
    if paths.state.exists():
        for entry in paths.state.iterdir():
            if entry == paths.logs:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink()
