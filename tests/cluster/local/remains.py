"""What kubelet, containerd and CNI leave in folders that cannot be configured."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

from tests.cluster.local.paths import Paths
from tests.cluster.local.processes import is_running

_SHIM_SOCKETS = Path("/run/containerd/s")
_CNI_RESULTS = Path("/var/lib/cni/results")
_LOG_LINKS = Path("/var/log/containers")
_DEVICE_PLUGINS = Path("/var/lib/kubelet/device-plugins")
_DEVICE_PLUGIN_FILES = ("kubelet.sock", "kubelet_internal_checkpoint")


def remains(paths: Paths, shim_sockets: set[str]) -> list[Path]:
    """Return the files of this cluster in such folders."""
    found = [socket for socket in _files(_SHIM_SOCKETS) if socket.name in shim_sockets]
    found += [result for result in _files(_CNI_RESULTS) if _mentions(result, paths.run)]
    found += [link for link in _files(_LOG_LINKS) if _target(link).is_relative_to(paths.pod_logs)]
    if not is_running("kubelet"):
        found += [path for path in _files(_DEVICE_PLUGINS) if path.name in _DEVICE_PLUGIN_FILES]
    return found


def remove(paths: Paths, shim_sockets: set[str]) -> None:
    """Remove them, and the folders that are empty then."""
    for path in remains(paths, shim_sockets):
        path.unlink(missing_ok=True)
    for folder in (_SHIM_SOCKETS, _CNI_RESULTS, _LOG_LINKS, _DEVICE_PLUGINS):
        for empty in (folder, folder.parent):
            # Never a folder that the system has always had.
            if empty not in (Path("/run"), Path("/var/log")):
                with contextlib.suppress(OSError):
                    empty.rmdir()


def shim_sockets(paths: Paths) -> set[str]:
    """Return the names of the sockets of the shims that this containerd has started."""
    # As containerd computes them; a shim that is killed does not remove its own.
    tasks = paths.containerd_state / "io.containerd.runtime.v2.task"
    return {
        hashlib.sha256(f"{paths.containerd_socket}/{bundle.parent.name}/{bundle.name}".encode()).hexdigest()
        for bundle in tasks.glob("*/*")
    }


def _files(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from folder.iterdir()


def _mentions(result: Path, folder: Path) -> bool:
    # By its content: the loopback's result is named after a container alone. Both name the network namespace.
    try:
        return f'"{folder}/' in result.read_text()
    except OSError:
        return False


def _target(link: Path) -> Path:
    try:
        return link.readlink()
    except OSError:
        return Path("/")
