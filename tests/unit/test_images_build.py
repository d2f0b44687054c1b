"""Image building, as far as it can be said without building."""

import os
import re
from pathlib import Path

import pytest

from tests.cluster.local import apt
from tests.images import build, cache, debian, requirements
from tests.images.errors import ImageBuildError


@pytest.fixture(autouse=True)
def cache_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("K8S_PIPELINE_CACHE", str(tmp_path))
    return tmp_path / "images"


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("standin", r"k8s-pipeline\.local/standin:[0-9a-f]{8}"),
        ("ingestion", r"k8s-pipeline\.local/ingestion:1\.12\.\d+(\.\d+)?-[0-9a-f]{8}"),
        ("postgres", r"k8s-pipeline\.local/postgres:15-[0-9a-f]{8}"),
        ("k8s-pipeline-client", r"k8s-pipeline\.local/k8s-pipeline-client:\d+\.\d+\.\d+-[0-9a-f]{8}"),
    ],
)
def test_references_carry_version_and_key(name: str, pattern: str, cache_directory: Path) -> None:
    image = build.describe(name)

    assert re.fullmatch(pattern, image.reference)
    assert image.archive.parent == cache_directory
    assert image.archive.name == f"{name}-{image.reference.rsplit(':', 1)[1]}.tar"


def test_what_is_in_the_cache_is_not_built_again(cache_directory: Path) -> None:
    image = build.describe("standin")
    cache_directory.mkdir()
    image.archive.touch()

    assert build.build("standin") == image


def test_key_follows_name_content_and_extra(tmp_path: Path) -> None:
    one = tmp_path / "one"
    one.write_text("a")
    keys = {cache.content_key([one], base=tmp_path), cache.content_key([one], base=tmp_path, extra=["x"])}
    one.write_text("b")
    keys.add(cache.content_key([one], base=tmp_path))
    keys.add(cache.content_key([one.rename(tmp_path / "two")], base=tmp_path))

    assert len(keys) == 4


def test_cache_directory_without_an_explicit_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("K8S_PIPELINE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")

    assert cache.directory() == Path("/xdg/k8s-pipeline-client/images")


def test_prune_keeps_the_archives_used_last(cache_directory: Path) -> None:
    cache_directory.mkdir()
    for age in range(5):
        path = cache_directory / f"standin-{age}.tar"
        path.touch()
        os.utime(path, (1000 - age, 1000 - age))
    (cache_directory / "postgres-0.tar").touch()

    cache.prune("standin")

    assert sorted(path.name for path in cache_directory.iterdir()) == [
        "postgres-0.tar",
        "standin-0.tar",
        "standin-1.tar",
        "standin-2.tar",
    ]


def test_leftovers_of_other_images_stay(cache_directory: Path) -> None:
    (cache_directory / ".standin-abc").mkdir(parents=True)
    (cache_directory / ".postgres-abc").mkdir()

    cache.remove_leftovers("standin")

    assert [path.name for path in cache_directory.iterdir()] == [".postgres-abc"]


def test_missing_root_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(ImageBuildError, match="needs root"):
        debian.ensure_tools()


def test_missing_tool_without_apt_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(debian, "find", lambda _: None)
    monkeypatch.setattr(apt, "find", lambda _: None)

    with pytest.raises(ImageBuildError, match="missing: mmdebstrap; there is no apt-get"):
        debian.ensure_tools()


def test_lock_is_complete_hashed_and_names_no_index() -> None:
    text = requirements.LOCK.read_text()
    pinned = re.findall(r"^[a-z0-9._-]+(?:\[[^\]]+\])?==", text, re.MULTILINE)

    assert len(pinned) > 100
    assert len(re.findall(r"\\\n +--hash=sha256:", text)) >= len(pinned)
    assert "://" not in text
    assert "index-url" not in text


def test_unknown_package_of_the_lock() -> None:
    with pytest.raises(LookupError):
        requirements.locked_version("no-such-package")
