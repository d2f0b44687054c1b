"""Docker-archives: the one image format that containerd imports from a plain file, without a registry."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# Fixed, so that equal content gives an equal archive and an equal image ID.
CREATED = "1970-01-01T00:00:00Z"
_CHUNK = 1024 * 1024
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class ArchiveError(Exception):
    """The file is no docker-archive."""


@dataclass(frozen=True)
class ArchivedImage:
    """One image of an archive: its config's digest (which fixes its content) and its names."""

    config_digest: str
    tags: tuple[str, ...]


def architecture() -> str:
    """Return this machine's architecture in the words of Go and of image configs."""
    machine = platform.machine()
    return _ARCHITECTURES.get(machine, machine)


def write_docker_archive(rootfs_tar: Path, out: Path, *, tag: str, config: Mapping[str, object]) -> None:
    """Wrap an uncompressed root file system tar as a docker-archive of one layer.

    Equal arguments give equal bytes. The tar is streamed; `out` appears only when it is complete.

    Args:
        rootfs_tar: The layer, an uncompressed tar.
        out: The archive to write.
        tag: The image's name and tag. `localhost/NAME:TAG` keeps clients from completing it with a registry.
        config: What an image config has under `config`: `Env`, `Entrypoint`, `Cmd`, `User`, `WorkingDir`.
    """
    layer_digest = _file_sha256(rootfs_tar)
    image_config = _json(
        {
            "architecture": architecture(),
            "config": dict(config),
            "created": CREATED,
            "history": [{"created": CREATED, "created_by": "tests.cluster.local.archive"}],
            "os": "linux",
            "rootfs": {"diff_ids": [f"sha256:{layer_digest}"], "type": "layers"},
        }
    )
    config_name = hashlib.sha256(image_config).hexdigest() + ".json"
    layer_name = f"{layer_digest}/layer.tar"
    manifest = _json([{"Config": config_name, "Layers": [layer_name], "RepoTags": [tag]}])

    out.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    try:
        with os.fdopen(descriptor, "wb") as raw, tarfile.open(fileobj=raw, mode="w") as archive:
            # The small members come first: whoever asks what is inside need not read past the layer.
            _add(archive, "manifest.json", len(manifest), io.BytesIO(manifest))
            _add(archive, config_name, len(image_config), io.BytesIO(image_config))
            with rootfs_tar.open("rb") as layer:
                _add(archive, layer_name, rootfs_tar.stat().st_size, layer)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(out)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_images(archive_path: Path) -> list[ArchivedImage]:
    """Say which images an archive holds, without reading its layers.

    Raises:
        ArchiveError: The file is no docker-archive whose configs are named by their digest.
    """
    try:
        with tarfile.open(archive_path, mode="r:") as archive:
            member = archive.extractfile("manifest.json")
            if member is None:
                raise ArchiveError(f"{archive_path}: manifest.json is not a file")
            manifest = json.load(member)
    except (KeyError, tarfile.TarError, ValueError) as error:
        raise ArchiveError(f"{archive_path} is no docker-archive: {error}") from error
    return [_archived_image(archive_path, entry) for entry in manifest]


def _archived_image(archive_path: Path, entry: Mapping[str, object]) -> ArchivedImage:
    name, tags = entry.get("Config"), entry.get("RepoTags")
    if not isinstance(name, str) or not isinstance(tags, list):
        raise ArchiveError(f"{archive_path}: an entry of manifest.json has no Config or no RepoTags")
    # `DIGEST.json` is what this module writes; `blobs/sha256/DIGEST` is what newer tools write.
    digest = name.rsplit("/", 1)[-1].removesuffix(".json")
    if len(digest) != hashlib.sha256().digest_size * 2:
        raise ArchiveError(f"{archive_path}: the config {name!r} is not named by its digest")
    return ArchivedImage(config_digest=f"sha256:{digest}", tags=tuple(str(tag) for tag in tags))


def _add(archive: tarfile.TarFile, name: str, size: int, content: IO[bytes]) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o644
    member.mtime = 0
    archive.addfile(member, content)


def _file_sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
