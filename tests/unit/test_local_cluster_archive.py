from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.cluster.local.archive import ArchiveError, read_images, write_docker_archive

TAG = "localhost/thing:1"


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    path = tmp_path / "rootfs.tar"
    with tarfile.open(path, mode="w") as tar:
        member = tarfile.TarInfo("etc/motd")
        member.size = 5
        tar.addfile(member, io.BytesIO(b"hello"))
    return path


def members(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {member.name: _content(tar, member) for member in tar}


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    opened = tar.extractfile(member)
    assert opened is not None
    return opened.read()


def test_one_layer_named_and_described_by_digests(rootfs: Path, tmp_path: Path) -> None:
    out = tmp_path / "images" / "thing.tar"
    write_docker_archive(rootfs, out, tag=TAG, config={"Entrypoint": ["/thing"], "User": "1000"})

    files = members(out)
    [entry] = json.loads(files["manifest.json"])
    assert entry["RepoTags"] == [TAG]
    [layer] = entry["Layers"]
    assert files[layer] == rootfs.read_bytes()
    config = files[entry["Config"]]
    assert entry["Config"] == hashlib.sha256(config).hexdigest() + ".json"
    described = json.loads(config)
    layer_digest = hashlib.sha256(rootfs.read_bytes()).hexdigest()
    assert described["rootfs"] == {"type": "layers", "diff_ids": [f"sha256:{layer_digest}"]}
    assert described["config"] == {"Entrypoint": ["/thing"], "User": "1000"}
    assert described["os"] == "linux"


def test_equal_content_gives_equal_bytes(rootfs: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "a.tar", tmp_path / "b.tar"
    write_docker_archive(rootfs, first, tag=TAG, config={"User": "1", "Cmd": ["x"]})
    write_docker_archive(rootfs, second, tag=TAG, config={"Cmd": ["x"], "User": "1"})
    assert first.read_bytes() == second.read_bytes()


def test_the_layer_comes_last(rootfs: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.tar"
    write_docker_archive(rootfs, out, tag=TAG, config={})
    assert [name.rsplit("/")[-1] for name in members(out)][::2] == ["manifest.json", "layer.tar"]


def test_nothing_is_left_of_an_interrupted_write(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with pytest.raises(FileNotFoundError):
        write_docker_archive(tmp_path / "absent.tar", folder / "a.tar", tag=TAG, config={})
    assert not folder.exists() or not list(folder.iterdir())


def test_reading_what_was_written(rootfs: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.tar"
    write_docker_archive(rootfs, out, tag=TAG, config={})
    [image] = read_images(out)
    [entry] = json.loads(members(out)["manifest.json"])
    assert image.tags == (TAG,)
    assert image.config_digest == "sha256:" + entry["Config"].removesuffix(".json")


@pytest.mark.parametrize("content", [b"", b"not a tar at all" * 100])
def test_a_file_that_is_no_archive(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(content)
    with pytest.raises(ArchiveError):
        read_images(path)


def test_a_tar_without_a_manifest(rootfs: Path) -> None:
    with pytest.raises(ArchiveError):
        read_images(rootfs)


def test_a_config_that_is_not_named_by_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [TAG], "Layers": []}]).encode()
    with tarfile.open(path, mode="w") as tar:
        member = tarfile.TarInfo("manifest.json")
        member.size = len(manifest)
        tar.addfile(member, io.BytesIO(manifest))
    with pytest.raises(ArchiveError):
        read_images(path)
