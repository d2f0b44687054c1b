"""The key of a client certificate lies nowhere, however the program ends."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from k8s_pipeline_client.cluster import tls
from tests.kubeconfigs.forms import Form, credential
from tests.kubeconfigs.standin import StandIn

PROGRAM = str(Path(sys.executable).with_name("k8s-pipeline"))
AS_DATA = {"client-certificate-data": "<certificate-64>", "client-key-data": "<key-64>"}


def _by_plugin(server: StandIn) -> dict[str, object]:
    pair = server.client("jane")
    printed = credential(clientCertificateData=pair.certificate.decode(), clientKeyData=pair.key.decode())
    return {"plugin": {"script": printed}}


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL, signal.SIGINT, None])
@pytest.mark.parametrize("plugin", [False, True], ids=["kubeconfig", "plugin"])
def test_nothing_is_left_behind(tmp_path: Path, end: signal.Signals | None, plugin: bool) -> None:
    config, temporary = tmp_path / "kube", tmp_path / "tmp"
    config.mkdir()
    temporary.mkdir()
    with StandIn.open(tmp_path) as server:
        words = Form("", "", user=_by_plugin(server) if plugin else AS_DATA).write(server, config)
        server.answers.clear()
        environment = {**os.environ, "TMPDIR": str(temporary), "HOME": str(tmp_path)}
        process = subprocess.Popen(
            [PROGRAM, *words, "list"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert server.asked.wait(60)
        while_it_runs = list(temporary.iterdir())
        if end is None:
            server.answers.set()
        else:
            process.send_signal(end)
        code = process.wait(60)
        assert set(server.seen) == {"certificate jane"}
    assert (while_it_runs, list(temporary.iterdir())) == ([], [])
    assert (code == 0) == (end is None)


def _identity(tmp_path: Path) -> str:
    with StandIn.open(tmp_path) as server:
        pair = server.client("jane")
    return (pair.certificate + pair.key).decode()


def test_without_files_in_memory_the_key_is_gone_when_it_has_been_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity, temporary = _identity(tmp_path), tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.delattr("os.memfd_create")
    rights: list[tuple[int, int]] = []
    load = ssl.SSLContext.load_cert_chain

    def looked_at(context: ssl.SSLContext, path: str, **settings: object) -> None:
        rights.append((os.stat(path).st_mode & 0o777, os.stat(Path(path).parent).st_mode & 0o777))
        load(context, path, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", looked_at)
    tls.client_context(ca_certificates="", insecure=True, identity=identity)
    assert rights == [(0o600, 0o700)]
    assert list(temporary.iterdir()) == []
    with pytest.raises(tls.UnusablePemError):
        tls.client_context(ca_certificates="", insecure=True, identity=identity.replace("BEGIN CERT", "BEGIN X"))
    assert list(temporary.iterdir()) == []


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    identity = _identity(tmp_path)
    before = set(os.listdir("/proc/self/fd"))
    for text in (identity, "x"):
        with suppress(tls.UnusablePemError):
            tls.client_context(ca_certificates="", insecure=True, identity=text)
    assert len(os.listdir("/proc/self/fd")) == len(before)
