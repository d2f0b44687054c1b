"""Programs of the cluster that are killed, and started again."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.local import api, components
from tests.cluster.local.errors import ClusterError
from tests.cluster.local.locks import locked
from tests.cluster.local.paths import Paths, current
from tests.cluster.local.processes import read_record, spawn, wait_gone, write_record

_READY_SECONDS = 60.0


@contextmanager
def api_server_killed(paths: Paths | None = None) -> Iterator[None]:
    """Kill the API server with SIGKILL; start it again at the end of the block, and wait until it serves.

    Raises:
        ClusterError: There is none, or it does not come back.
    """
    paths = paths or current()
    with _killed("kube-apiserver", paths):
        yield


@contextmanager
def kubelet_killed(paths: Paths | None = None) -> Iterator[None]:
    """Kill the kubelet with SIGKILL, and start it again at the end of the block; containers go on meanwhile.

    Raises:
        ClusterError: There is none, or it does not die.
    """
    with _killed("kubelet", paths or current()):
        yield


@contextmanager
def _killed(name: str, paths: Paths) -> Iterator[None]:
    commands = {"kube-apiserver": components.kube_apiserver, "kubelet": components.kubelet}
    # Else an `up` of somebody else would take the cluster for a broken one, and recreate it.
    with locked(paths.lock, waiting_for="an `up` or `down`"):
        processes = read_record(paths.record)
        victim = next((process for process in processes if process.name == name and process.alive), None)
        if victim is None:
            raise ClusterError(f"no {name} of ours runs")
        victim.kill(signal.SIGKILL)
        if not wait_gone([victim], 10.0):
            raise ClusterError(f"the {name} does not die")
        try:
            yield
        finally:
            again = spawn(name, commands[name](paths, paths.active_binaries.readlink()), paths.logs / f"{name}.log")
            write_record(paths.record, [again if process == victim else process for process in processes])
            if name == "kube-apiserver":
                _wait_until_ready(paths)


def _wait_until_ready(paths: Paths) -> None:
    end = time.monotonic() + _READY_SECONDS
    while not api.api_server_is_ready(paths):
        if time.monotonic() > end:
            raise ClusterError(f"the API server is not back after {_READY_SECONDS:.0f} s; see {paths.logs}")
        time.sleep(0.1)
