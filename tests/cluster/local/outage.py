"""An API server that is killed, and started again."""

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

_NAME = "kube-apiserver"
_READY_SECONDS = 60.0


@contextmanager
def api_server_killed(paths: Paths | None = None) -> Iterator[None]:
    """Kill the API server with SIGKILL; start it again at the end of the block, and wait until it serves.

    Raises:
        ClusterError: There is none, or it does not come back.
    """
    paths = paths or current()
    # Else an `up` of somebody else would take the cluster for a broken one, and make it anew.
    with locked(paths.lock, waiting_for="an `up` or `down`"):
        processes = read_record(paths.record)
        victim = next((process for process in processes if process.name == _NAME and process.alive), None)
        if victim is None:
            raise ClusterError("no API server of ours runs")
        victim.kill(signal.SIGKILL)
        if not wait_gone([victim], 10.0):
            raise ClusterError("the API server does not die")
        try:
            yield
        finally:
            command = components.kube_apiserver(paths, paths.active_binaries.readlink())
            again = spawn(_NAME, command, paths.logs / f"{_NAME}.log")
            write_record(paths.record, [again if process == victim else process for process in processes])
            _wait_until_ready(paths)


def _wait_until_ready(paths: Paths) -> None:
    end = time.monotonic() + _READY_SECONDS
    while not api.api_server_is_ready(paths):
        if time.monotonic() > end:
            raise ClusterError(f"the API server is not back after {_READY_SECONDS:.0f} s; see {paths.logs}")
        time.sleep(0.1)
