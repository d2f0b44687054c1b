from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.local import binaries, golang, modules, versions
from tests.cluster.local.errors import ClusterError
from tests.cluster.local.paths import Paths
from tests.cluster.local.versions import Versions

UPSTREAM = """\
module k8s.io/kubernetes

go 1.24.0

godebug default=go1.24

require (
\tk8s.io/api v0.0.0
\tk8s.io/klog/v2 v2.130.1
)

replace (
\tk8s.io/api => ./staging/src/k8s.io/api
\tk8s.io/component-base => ./staging/src/k8s.io/component-base
)
"""
VERSIONS = Versions(kubernetes="v1.34.4", etcd="v3.6.8", coredns="v1.13.1")


def test_staging_modules_are_replaced_by_their_published_versions() -> None:
    lines = binaries.kubernetes_go_mod(VERSIONS, UPSTREAM).splitlines()
    assert "go 1.24.0" in lines
    assert "require k8s.io/kubernetes v1.34.4" in lines
    assert [line for line in lines if line.startswith("replace")] == [
        "replace k8s.io/api => k8s.io/api v0.34.4",
        "replace k8s.io/component-base => k8s.io/component-base v0.34.4",
    ]


def test_the_version_is_linked_in() -> None:
    flags = binaries.linker_flags(VERSIONS)
    assert "-X k8s.io/component-base/version.gitVersion=v1.34.4" in flags
    assert "-X k8s.io/component-base/version.gitMajor=1" in flags
    assert "-X k8s.io/component-base/version.gitMinor=34" in flags


def test_commands_are_imported_behind_a_build_tag() -> None:
    text = modules.tools_file(["k8s.io/kubernetes/cmd/kubelet"])
    assert text.startswith("//go:build tools\n")
    assert 'import _ "k8s.io/kubernetes/cmd/kubelet"' in text


@pytest.mark.parametrize(
    ("text", "version"),
    [("go1.26.8\n", (1, 26, 8)), ("1.24.0", (1, 24, 0)), ("go1.25rc1", (1, 25, 0)), ("1.9", (1, 9, 0))],
)
def test_go_versions_compare_as_numbers(text: str, version: tuple[int, ...]) -> None:
    assert golang.parse_version(text) == version


def test_what_is_no_go_version() -> None:
    with pytest.raises(ClusterError):
        golang.parse_version("devel")


def test_required_go() -> None:
    assert golang.required_version(UPSTREAM) == (1, 24, 0)
    assert golang.required_version("module x\n") == (1, 0, 0)


def test_a_folder_is_complete_with_every_binary_executable(tmp_path: Path) -> None:
    for name in binaries.NEEDED:
        (tmp_path / name).touch(mode=0o755)
    assert binaries.is_complete(tmp_path)
    (tmp_path / "kubelet").chmod(0o644)
    (tmp_path / "etcd").unlink()
    assert not binaries.is_complete(tmp_path)


def test_kubebuilder_assets_are_used_when_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in binaries.NEEDED:
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv(binaries.ASSETS_VARIABLE, str(tmp_path))
    paths = Paths(cache=tmp_path / "cache")
    assert binaries.ensure_binaries(paths, VERSIONS) == tmp_path
    assert not paths.cache.exists()


def test_another_kubernetes_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(versions.KUBERNETES_VERSION_VARIABLE, "v1.33.2")
    wanted = versions.wanted()
    assert (wanted.kubernetes, wanted.staging, wanted.major_minor) == ("v1.33.2", "v0.33.2", ("1", "33"))
    assert "v1.33.2" in wanted.key


@pytest.mark.parametrize("value", ["", None])
def test_the_default_kubernetes_version(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv(versions.KUBERNETES_VERSION_VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(versions.KUBERNETES_VERSION_VARIABLE, value)
    assert versions.wanted().kubernetes == versions.DEFAULT_KUBERNETES_VERSION


@pytest.mark.parametrize("value", ["1.34.4", "v1.34", "latest", "v2.0.0", "v1.34.4/../x"])
def test_what_is_no_kubernetes_version(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(versions.KUBERNETES_VERSION_VARIABLE, value)
    with pytest.raises(ClusterError):
        versions.wanted()
