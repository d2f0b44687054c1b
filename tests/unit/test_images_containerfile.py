"""How buildah is called for the program's image, seen by a stand-in that notes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.images import containerfile
from tests.images.errors import ImageBuildError
from tests.images.image import Image

BUILDAH = """#!/bin/sh
echo "$@" >> {log}
case "$*" in
  *"--storage-driver overlay images") exit 125 ;;
  *" push "*) for last; do :; done; path=${{last#docker-archive:}}; echo built > "${{path%%:*}}" ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where buildah and its notes are."""
    monkeypatch.setenv("K8S_PIPELINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    return tmp_path


def install(folder: Path) -> None:
    """Put it there; overlay goes on no other overlay, as in a container."""
    program = folder / "buildah"
    program.write_text(BUILDAH.format(log=folder / "log"))
    program.chmod(0o755)


def image(folder: Path) -> Image:
    (folder / "cache/images").mkdir(parents=True, exist_ok=True)
    return Image(folder / "cache/images/program.tar", "k8s-pipeline.local/program:1")


def base(name: str) -> Image:
    return Image(Path(f"/bases/{name}.tar"), f"k8s-pipeline.local/{name}:1")


def calls(folder: Path) -> list[str]:
    return (folder / "log").read_text().splitlines()


def test_where_overlay_does_not_go_vfs_is_used(folder: Path) -> None:
    install(folder)

    containerfile.make(image(folder), base)

    assert image(folder).archive.read_text() == "built\n"
    assert all("--storage-driver vfs" in call for call in calls(folder)[1:])


def test_the_bases_are_ours_and_nothing_is_pulled_from_elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    install(folder)

    containerfile.make(image(folder), base)

    (build,) = [call for call in calls(folder) if " build " in call]
    pulled = [call.rsplit(" ", 1)[1] for call in calls(folder) if " pull " in call]
    assert pulled == ["docker-archive:/bases/build-python.tar", "docker-archive:/bases/bare-python.tar"]
    assert "--pull-never" in build
    assert "BASE=k8s-pipeline.local/build-python:1" in build
    assert "RUNTIME=k8s-pipeline.local/bare-python:1" in build
    assert "PIP_INDEX_URL=https://mirror.example/simple" in build


def test_a_build_that_fails_leaves_no_archive(folder: Path) -> None:
    install(folder)
    program = folder / "buildah"
    program.write_text(
        program.read_text().replace("esac", "  *\" build \"*) echo 'no such package' >&2; exit 1 ;;\nesac")
    )

    with pytest.raises(ImageBuildError, match="no such package"):
        containerfile.make(image(folder), base)

    assert not image(folder).archive.exists()


def test_layers_of_many_builds_are_forgotten(folder: Path) -> None:
    install(folder)
    program = folder / "buildah"
    program.write_text(program.read_text().replace("exit 125 ;;", ": ;;"))  # overlay goes here
    storage = folder / "cache/buildah/storage/overlay"
    for number in range(40):
        (storage / str(number)).mkdir(parents=True)
    containerfile.make(image(folder), base)
    assert not any(" rmi " in call for call in calls(folder))
    for number in range(40, 80):
        (storage / str(number)).mkdir(parents=True)

    containerfile.make(image(folder), base)

    assert any(" rmi --all --force" in call for call in calls(folder))
