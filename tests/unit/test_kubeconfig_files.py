"""The files of a kubeconfig, of any kind and size: never waited for without end, never passed over in silence."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client import inputfile
from k8s_pipeline_client.cluster.connect import Way, connect
from k8s_pipeline_client.cluster.tls import UnusablePemError, client_context
from k8s_pipeline_client.errors import InputError, PipelineError, UnreachableError


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputfile, "_FIFO_SECONDS", 0.3)


def kubeconfig(user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None) -> str:
    return json.dumps(
        {
            "current-context": "one",
            "clusters": [{"name": "one", "cluster": {"server": "https://one", **(cluster or {})}}],
            "contexts": [{"name": "one", "context": {"cluster": "one", "user": "me"}}],
            "users": [{"name": "me", "user": user or {"token": "geheim-1"}}],
        }
    )


def fifo(path: Path) -> str:
    os.mkfifo(path)
    return str(path)


def huge(path: Path) -> str:
    with path.open("wb") as file:
        file.truncate(10 * 2**30)
    return str(path)


def device(path: Path) -> str:
    return "/dev/zero"


def folder(path: Path) -> str:
    path.mkdir()
    return str(path)


def beyond_a_file(path: Path) -> str:
    path.write_text("")
    return f"{path}/config"


KINDS: dict[str, tuple[Callable[[Path], str], str]] = {
    "FIFO": (fifo, "it is a FIFO, and nothing was written to it"),
    "huge": (huge, "it is larger than 4 MiB"),
    "device": (device, "it is a device"),
    "folder": (folder, "Is a directory"),
    "beyond a file": (beyond_a_file, "Not a directory"),
}
USES: dict[str, Callable[[str], str]] = {
    "tokenFile": lambda path: kubeconfig({"tokenFile": path}),
    "certificate-authority": lambda path: kubeconfig(cluster={"certificate-authority": path}),
    "client-certificate": lambda path: kubeconfig({"client-certificate": path, "client-key": path}),
}
each_kind = pytest.mark.parametrize(("make", "why"), KINDS.values(), ids=KINDS)


@pytest.mark.parametrize("use", USES)
@each_kind
def test_what_a_kubeconfig_names_is_no_usable_file(
    tmp_path: Path, use: str, make: Callable[[Path], str], why: str
) -> None:
    path = make(tmp_path / "x")
    config = tmp_path / "config"
    config.write_text(USES[use](path))
    with pytest.raises(PipelineError, match=why) as caught:
        connect(config)
    assert f"{use} {path} cannot be" in str(caught.value)


@each_kind
def test_what_is_named_as_a_kubeconfig_is_no_usable_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], str], why: str
) -> None:
    path = make(tmp_path / "x")
    # In a pod, for there it would be another identity that comes.
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBECONFIG", path)
    for by_flag in (Path(path), None):
        with pytest.raises(InputError, match=f"kubeconfig {path} cannot be read: .*{why}"):
            connect(by_flag)
    with pytest.raises(InputError, match=f"{path} cannot be read: .*{why}"):
        connect(way=Way(path=path))


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    config = tmp_path / "config"
    for use, named in USES.items():
        config.write_text(named("a\0b"))
        with pytest.raises(PipelineError, match="its name contains a NUL character") as caught:
            connect(config)
        assert use in str(caught.value)


def test_a_home_that_nobody_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "~nobody-of-that-name/config")
    with pytest.raises(UnreachableError, match="there is no kubeconfig"):
        connect()
    with pytest.raises(InputError, match="kubeconfigPath ~nobody-of-that-name/config does not exist"):
        connect(way=Way(path="~nobody-of-that-name/config"))


def test_a_fifo_that_somebody_writes_to(tmp_path: Path) -> None:
    path = Path(fifo(tmp_path / "config"))
    writer = threading.Thread(target=path.write_text, args=(kubeconfig(),))
    writer.start()
    assert connect(path).host == "https://one"
    writer.join(10)


def test_an_empty_one_of_the_environment_is_as_if_it_were_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/dev/null")
    with pytest.raises(UnreachableError, match="there is no kubeconfig"):
        connect()
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    with pytest.raises(InputError, match="the service account of this pod"):
        connect()


HALF = "a\ud800"


@pytest.mark.parametrize(
    ("user", "cluster", "why"),
    [
        ({"token": HALF}, {}, "its token contains"),
        ({"token": "geheim-1", "as": HALF}, {}, "`as` contains"),
        ({"username": HALF, "password": "geheim-1"}, {}, "its username or password is not valid text"),
        ({"username": "a", "password": f"geheim-1{HALF}"}, {}, "its username or password is not valid text"),
        ({"tokenFile": HALF}, {}, "cannot be read: its name is not valid text"),
        ({}, {"server": f"https://{HALF}"}, "is not a valid URL"),
        ({}, {"server": f"https://{'a' * 64}.test"}, "is not a valid URL"),
        ({}, {"tls-server-name": HALF}, "its tls-server-name is not a host name"),
        ({}, {"tls-server-name": "a" * 64}, "its tls-server-name is not a host name"),
    ],
)
def test_what_is_no_text_or_no_name_is_refused(
    tmp_path: Path, user: dict[str, Any], cluster: dict[str, Any], why: str
) -> None:
    path = tmp_path / "config"
    path.write_text(kubeconfig(user, cluster))
    with pytest.raises(PipelineError, match=why) as caught:
        connect(path)._login.credential()
    assert "geheim" not in str(caught.value)


def test_a_certificate_of_a_plugin_that_is_no_text() -> None:
    with pytest.raises(UnusablePemError, match="not valid PEM"):
        client_context(ca_certificates="", insecure=True, identity=HALF)
