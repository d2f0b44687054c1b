"""Talking to containerd: images in, stale containers out."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.cluster.local import components
from tests.cluster.local.archive import ArchivedImage, ArchiveError, read_images
from tests.cluster.local.commands import run
from tests.cluster.local.errors import ClusterError
from tests.cluster.local.paths import Paths
from tests.cluster.local.processes import Process, spawn, stop
from tests.cluster.local.progress import say, step

_NAMESPACE = "k8s.io"
_START_SECONDS = 30.0
_CONTAINERS_AT_ONCE = 100


def ctr(paths: Paths, *arguments: str | Path, check: bool = True) -> str:
    """Run containerd's own client in Kubernetes' namespace and return what it prints."""
    return run(["ctr", "-a", paths.containerd_socket, "-n", _NAMESPACE, *arguments], check=check).stdout


def wait_until_serving(paths: Paths, process: Process) -> None:
    """Wait until containerd answers.

    Raises:
        ClusterError: It ended, or it took too long.
    """
    deadline = time.monotonic() + _START_SECONDS
    while not (paths.containerd_socket.is_socket() and "Server:" in ctr(paths, "version", check=False)):
        if not process.alive or time.monotonic() > deadline:
            raise ClusterError(f"containerd does not answer; see {paths.logs / 'containerd.log'}")
        time.sleep(0.05)


def load(paths: Paths, archives: Sequence[Path]) -> None:
    """Import docker-archives. What is there already, with the same content, is skipped.

    Raises:
        ClusterError: A file is no docker-archive, or containerd refuses it.
    """
    present = _image_digests(paths)
    for archive in archives:
        try:
            images = read_images(archive)
        except (ArchiveError, OSError) as error:
            raise ClusterError(str(error)) from error
        if all(_is_present(paths, image, present) for image in images):
            say(f"{', '.join(tag for image in images for tag in image.tags)}: already loaded")
            continue
        with step(f"loading {archive.name}"):
            ctr(paths, "images", "import", archive)


@contextlib.contextmanager
def cleaning_instance(paths: Paths) -> Iterator[None]:
    """Run a containerd that serves no kubelet, for as long as the context lasts."""
    process = spawn("containerd", components.containerd(paths, kubernetes=False), paths.logs / "containerd.log")
    try:
        wait_until_serving(paths, process)
        yield
    finally:
        stop([process], total_timeout=10)


def forget_containers(paths: Paths) -> None:
    """Delete every container of an earlier life. Their processes and mounts must be gone; images stay.

    The next containerd would else report them to the next kubelet, which does not know their pods.
    """
    with cleaning_instance(paths):
        containers = ctr(paths, "containers", "list", "-q").split()
        for first in range(0, len(containers), _CONTAINERS_AT_ONCE):
            ctr(paths, "containers", "delete", *containers[first : first + _CONTAINERS_AT_ONCE])
    for store in ("containers", "sandboxes"):
        shutil.rmtree(paths.containerd_root / "io.containerd.grpc.v1.cri" / store, ignore_errors=True)


def _image_digests(paths: Paths) -> dict[str, str]:
    # REF TYPE DIGEST SIZE PLATFORMS LABELS, below a line of headings.
    lines = ctr(paths, "images", "list").splitlines()[1:]
    return {words[0]: words[2] for words in map(str.split, lines)}


def _is_present(paths: Paths, image: ArchivedImage, present: dict[str, str]) -> bool:
    manifests = {_find(present, tag) for tag in image.tags}
    # An image without a name, or one of whose names is new, has to be imported.
    if not manifests or None in manifests:
        return False
    return all(_config_digest(paths, str(manifest)) == image.config_digest for manifest in manifests)


def _find(present: dict[str, str], tag: str) -> str | None:
    # containerd completes a name that has no host part.
    return present.get(tag) or next((d for name, d in present.items() if name.endswith(f"/{tag}")), None)


def _config_digest(paths: Paths, manifest: str) -> str | None:
    # What containerd lists is the digest of the manifest that it wrote itself when it imported the archive.
    try:
        config = json.loads(ctr(paths, "content", "get", manifest, check=False))["config"]
    except (KeyError, ValueError):
        return None
    return str(config["digest"])
