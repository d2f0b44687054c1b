"""The program's own image: the Containerfile, built by buildah on bases of our own, for there is no registry here."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.cluster.local.apt import install
from tests.cluster.local.commands import find
from tests.cluster.local.errors import ClusterError

from . import cache, commands
from .errors import ImageBuildError
from .image import Image

NAME = "k8s-pipeline-client"
ROOT = Path(__file__).resolve().parents[2]
BASES = {"BASE": "build-python", "RUNTIME": "bare-python"}
"""The build arguments that name a base, and our images for them."""

_COPIED = ("Containerfile", ".containerignore", "LICENSE", "README.md", "pyproject.toml", "requirements.lock")
_FOLDERS = ("k8s_pipeline_client", "manifests/image")
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
# Some ten builds; each leaves the layers that differ from those before it.
_MOST_LAYERS = 60


def inputs() -> tuple[Path, ...]:
    """Return all that goes into the image, and this module."""
    found = [ROOT / name for name in _COPIED]
    for folder in _FOLDERS:
        found += [path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return (*found, Path(__file__))


def make(image: Image, base_of: Callable[[str], Image], *, storage: Path | None = None) -> None:
    """Build the image as a docker-archive.

    Args:
        image: What it is to be.
        base_of: Returns one of `BASES` by its name, built.
        storage: Where layers are kept, and found again; beside the archives if None.

    Raises:
        ImageBuildError: It cannot be built here.
    """
    _ensure_buildah()
    with cache.locked(cache.directory() / ".buildah.lock"):
        buildah = _Buildah(storage or cache.directory().parent / "buildah")
        arguments = []
        for argument, name in BASES.items():
            base = base_of(name)
            buildah("pull", "--quiet", f"docker-archive:{base.archive}")
            arguments += ["--build-arg", f"{argument}={base.reference}"]
        # Whatever this machine trusts, for the package index may be a mirror.
        arguments += ["--build-arg", f"SSL_CERT_FILE={_CERTIFICATES}"]
        arguments += ["--volume", f"{_CERTIFICATES}:{_CERTIFICATES}:ro"]
        for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"):
            if value := os.environ.get(name):
                arguments += ["--build-arg", f"{name}={value}"]
        stable = ["--timestamp", "0", "--layers", "--pull-never", "--isolation", "chroot"]
        buildah(
            "build", *stable, *arguments, "--tag", image.reference, "--file", str(ROOT / "Containerfile"), str(ROOT)
        )
        temporary = image.archive.with_name(f".{image.archive.name}.part")
        temporary.unlink(missing_ok=True)
        buildah("push", "--quiet", image.reference, f"docker-archive:{temporary}:{image.reference}")
        temporary.replace(image.archive)


def _ensure_buildah() -> None:
    try:
        install(lambda: [] if find("buildah") else ["buildah"])
    except ClusterError as error:
        raise ImageBuildError(str(error)) from None


class _Buildah:
    """The program, with a storage of its own, in which the layers of earlier builds are found again."""

    def __init__(self, storage: Path) -> None:
        self._options = ["buildah", "--root", str(storage / "storage"), "--runroot", str(storage / "run")]
        try:
            self("--storage-driver", "overlay", "images")
            self._options += ["--storage-driver", "overlay"]
        except ImageBuildError:
            # It does not go on top of another overlay, as in a container.
            self._options += ["--storage-driver", "vfs"]
        layers = [path for driver in ("overlay", "vfs/dir") for path in (storage / "storage" / driver).glob("*")]
        if len(layers) > _MOST_LAYERS:
            # By buildah, for one that was killed has left mounts.
            self("rm", "--all")
            self("rmi", "--all", "--force")

    def __call__(self, *words: str) -> None:
        commands.run([*self._options, *words])
