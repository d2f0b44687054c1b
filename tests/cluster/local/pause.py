"""The pause image: what holds a pod's namespaces. Built here, since there is no registry to pull it from."""

from __future__ import annotations

import io
import tarfile
import tempfile
from pathlib import Path

from tests.cluster.local.archive import write_docker_archive
from tests.cluster.local.errors import ClusterError
from tests.cluster.local.golang import any_go
from tests.cluster.local.paths import Paths
from tests.cluster.local.progress import step
from tests.cluster.local.versions import PAUSE_VERSION

PAUSE_TAG = f"localhost/pause:{PAUSE_VERSION}"
_SOURCE = Path(__file__).with_name("sources") / "pause" / "main.go"


def ensure_pause_archive(paths: Paths) -> Path:
    """Return the pause image's docker-archive; build it if the cache does not have it."""
    archive = paths.pause_archive
    if not archive.exists():
        with step("building the pause image"), tempfile.TemporaryDirectory() as folder:
            _build(paths, Path(folder), archive)
    return archive


def _build(paths: Paths, folder: Path, archive: Path) -> None:
    program = folder / "pause"
    try:
        go = any_go(paths)
        go.run("build", "-trimpath", "-ldflags", "-s -w", "-o", program, _SOURCE, cwd=folder)
    except ClusterError as error:
        raise ClusterError(f"building the pause image failed: {error}") from error
    rootfs = folder / "rootfs.tar"
    with tarfile.open(rootfs, mode="w") as tar:
        content = program.read_bytes()
        member = tarfile.TarInfo("pause")
        member.size = len(content)
        member.mode = 0o755
        tar.addfile(member, io.BytesIO(content))
    # An unprivileged user: pods that must not run as root share this process' namespaces.
    config = {"Entrypoint": ["/pause"], "User": "65535:65535", "WorkingDir": "/"}
    write_docker_archive(rootfs, archive, tag=PAUSE_TAG, config=config)
