"""``serve`` is set up by its options and by the server's own settings, and refuses what would let nobody in, or all."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from k8s_pipeline_client import service
from k8s_pipeline_client.service import certificate
from k8s_pipeline_client.service import run as run_module
from k8s_pipeline_client.service.certificate import Certificate
from k8s_pipeline_client.service.filestate import state_of
from k8s_pipeline_client.service.run import uvicorn_config
from tests.cluster.local.certificates import Authority, KeyPair
from tests.cluster.support.program import Result, call
from tests.cluster.support.space import until
from tests.fakes import FakeCluster
from tests.service.javaclient import ROOTS, JavaClient

HEALTH = f"{ROOTS[0]}/health-auth"


class Started:
    """What the command would serve."""

    app: Any = None
    config: service.ServiceConfig

    def status(self, username: str, password: str, *, tls: ssl.SSLContext | None = None) -> int:
        """Serve for one request, and return its status."""
        server = uvicorn.Server(uvicorn_config(self.app, self.config))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        scheme = "http" if tls is None else "https"
        try:
            return JavaClient(f"{scheme}://127.0.0.1:{port}", username, password, tls=tls).send("GET", HEALTH).status
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    """The cluster that the command finds."""
    found = FakeCluster("t-00000000")
    monkeypatch.setattr("k8s_pipeline_client.client.connecting.connect", lambda *_, **__: found)
    return found


@pytest.fixture
def started(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> Started:
    """What the command would serve."""
    found = Started()

    def serve(app: Any, config: service.ServiceConfig, metrics: service.Metrics) -> None:
        found.app, found.config = app, config

    monkeypatch.setattr(service, "serve", serve)
    return found


def run(tmp_path: Path, *words: str, settings: str = "namespace: t-00000000\n", code: int = 0) -> Result:
    """Run the command with a settings file."""
    path = tmp_path / "settings.yaml"
    path.write_text(settings)
    result = call(
        ["serve", "--config", str(path), "--host", "127.0.0.1", "--port", "0", "--no-reporter", "--no-refresh", *words]
    )
    assert result.code == code, result.err
    return result


def files(tmp_path: Path) -> list[str]:
    """Write user name and password, and return the options that name them."""
    (tmp_path / "username").write_text("admin\n")
    (tmp_path / "password").write_text("a-password\n")
    return ["--username-file", str(tmp_path / "username"), "--password-file", str(tmp_path / "password")]


def test_who_logs_in_stands_in_files(started: Started, tmp_path: Path) -> None:
    run(tmp_path, *files(tmp_path))
    assert started.status("admin", "a-password") == 200
    assert started.status("admin", "another") == 401


def test_or_in_the_servers_own_settings(started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_PASSWORD", "of-the-server")
    text = (
        "pipelineServiceClientConfiguration:\n  className: org.openmetadata.service.clients.pipeline.airflow."
        "AirflowRESTClient\n  apiEndpoint: http://k8s-pipeline:8080\n  parameters:\n"
        "    username: ${AIRFLOW_USERNAME:-admin}\n    password: ${AIRFLOW_PASSWORD:-admin}\n"
    )
    run(tmp_path, settings=text)
    assert started.status("admin", "of-the-server") == 200
    assert started.status("admin", "admin") == 401


def test_or_in_a_secret_that_the_charts_values_name(started: Started, cluster: FakeCluster, tmp_path: Path) -> None:
    data = {"pw": base64.b64encode(b"of-the-secret").decode()}
    cluster.put(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "login", "namespace": cluster.namespace},
            "data": data,
        }
    )
    text = (
        "openmetadata:\n  config:\n    pipelineServiceClientConfig:\n      type: k8s\n      auth:\n"
        "        username: admin\n        password: {secretRef: login, secretKey: pw}\n"
    )
    run(tmp_path, settings=text)
    assert started.status("admin", "of-the-secret") == 200


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--username-file", "/no/such"],
        ["--username-file", "/no/such", "--password-file", "/no/such"],
        ["--username-file", "/dev/null", "--password-file", "/dev/null"],
        ["--tls-key", "/no/such"],
        ["--openmetadata-version", "latest"],
    ],
    ids=lambda words: " ".join(words) or "nothing",
)
def test_nothing_is_served_that_lets_in_nobody_or_everybody(started: Started, tmp_path: Path, words: list[str]) -> None:
    run(tmp_path, *words, code=2)
    assert started.app is None


def test_where_nobody_is_to_run_pipelines_nothing_is_served(started: Started, tmp_path: Path) -> None:
    run(tmp_path, *files(tmp_path), settings="enabled: false\n", code=2)


def test_the_options_are_what_is_served(started: Started, tmp_path: Path) -> None:
    words = ["--metrics-port", "9", "--docs", "--openmetadata-version", "1.13"]
    run(tmp_path, *files(tmp_path), *words)
    assert (started.config.metrics_port, started.config.docs) == (9, True)
    assert started.config.openmetadata_version == "1.13.0"


def test_it_is_served_by_https_where_there_is_a_certificate(started: Started, tmp_path: Path) -> None:
    authority = Authority("tests")
    authority.server("service", ["127.0.0.1"]).write(tmp_path, "tls")
    options = ["--tls-certificate", str(tmp_path / "tls.crt"), "--tls-key", str(tmp_path / "tls.key")]
    run(tmp_path, *files(tmp_path), *options)
    trusted = ssl.create_default_context(cadata=authority.pair.certificate.decode())
    assert started.status("admin", "a-password", tls=trusted) == 200


@pytest.mark.parametrize("text", [None, "", "no certificate"])
def test_a_certificate_that_cannot_be_used_is_said(cluster: FakeCluster, tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "tls.crt").write_text(text)
    result = run(tmp_path, *files(tmp_path), "--tls-certificate", str(tmp_path / "tls.crt"), code=2)
    assert "tls.crt" in result.err


def test_a_key_of_another_certificate_is_said(cluster: FakeCluster, tmp_path: Path) -> None:
    Authority("tests").server("service", ["localhost"]).write(tmp_path, "tls")
    Authority("tests").server("service", ["localhost"]).write(tmp_path, "other")
    options = ["--tls-certificate", str(tmp_path / "tls.crt"), "--tls-key", str(tmp_path / "other.key")]
    assert "the key of another" in run(tmp_path, *files(tmp_path), *options, code=2).err


def test_a_port_that_is_taken_is_said(cluster: FakeCluster, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = call(["serve", "-n", "t-00000000", *files(tmp_path), "--host", "127.0.0.1", "--port", port])
        assert (result.code, port in result.err) == (2, True)
        run(tmp_path, *files(tmp_path), "--metrics-port", port, code=2)


class Renewing:
    """A service by https that looks at its certificate all the time."""

    def __init__(self, started: Started, folder: Path) -> None:
        self._folder = folder
        assert started.config.tls_certificate
        self._certificate = Certificate(started.config.tls_certificate, started.config.tls_key)
        self._server = uvicorn.Server(uvicorn_config(started.app, started.config))
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
            time.sleep(0.01)
        self._port = self._server.servers[0].sockets[0].getsockname()[1]

    async def _serve(self) -> None:
        self._server.config.load()
        assert self._server.config.ssl
        watch = asyncio.create_task(self._certificate.follow(self._server.config.ssl))
        await self._server.serve()
        watch.cancel()

    def write(self, pair: KeyPair, *suffixes: str) -> None:
        """Write parts of a pair over the files that are served."""
        for suffix in suffixes:
            (self._folder / f"tls.{suffix}").write_bytes({"crt": pair.certificate, "key": pair.key}[suffix])

    def shows(self, authority: Authority, *, by_name: bool = True) -> bool:
        """Return whether it shows a certificate of this authority; a client need not say whom it asks for."""
        trusted = ssl.create_default_context(cadata=authority.pair.certificate.decode())
        trusted.check_hostname = by_name
        with socket.create_connection(("127.0.0.1", self._port), timeout=10) as plain:
            try:
                with trusted.wrap_socket(plain, server_hostname="localhost" if by_name else None):
                    return True
            except ssl.SSLCertVerificationError:
                return False

    def stop(self) -> None:
        """Stop it."""
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture
def renewing(started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Renewing, Authority]]:
    """A service by https, and whose certificate it has."""
    monkeypatch.setattr(certificate, "LOOK_SECONDS", 0.05)
    authority = Authority("old")
    authority.server("service", ["localhost"]).write(tmp_path, "tls")
    run(
        tmp_path,
        *files(tmp_path),
        *("--tls-certificate", str(tmp_path / "tls.crt"), "--tls-key", str(tmp_path / "tls.key")),
    )
    found = Renewing(started, tmp_path)
    yield found, authority
    found.stop()


def test_a_certificate_that_was_renewed_is_used_without_a_restart(renewing: tuple[Renewing, Authority]) -> None:
    served, old = renewing
    new = Authority("new")
    pair = new.server("service", ["localhost"])
    assert served.shows(old)
    served.write(pair, "crt", "key")
    until(lambda: served.shows(new), "the new certificate is used", 20)
    assert served.shows(new, by_name=False)
    assert not served.shows(old)


@pytest.mark.parametrize("first", ["crt", "key"])
def test_until_certificate_and_key_fit_each_other_the_earlier_ones_are_used(
    renewing: tuple[Renewing, Authority], first: str, caplog: pytest.LogCaptureFixture
) -> None:
    served, old = renewing
    new = Authority("new")
    pair = new.server("service", ["localhost"])
    served.write(pair, first)
    until(lambda: "could not be reloaded" in caplog.text, "the two are tried", 20)
    assert served.shows(old)
    assert served.shows(old, by_name=False)
    served.write(pair, "crt", "key")
    until(lambda: served.shows(new), "the new certificate is used", 20)


def test_a_file_that_is_written_twice_within_a_tick_of_the_clock_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "tls.crt"
    path.write_text("half")
    found, before = path.stat(), state_of([path])
    path.write_text("half and the other")
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert state_of([path]) != before


def test_a_file_that_is_no_certificate_leaves_the_earlier_one(
    renewing: tuple[Renewing, Authority], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    served, old = renewing
    (tmp_path / "tls.crt").write_text("half of it")
    until(lambda: "could not be reloaded" in caplog.text, "it is tried", 20)
    assert served.shows(old)
    (tmp_path / "tls.key").unlink()
    caplog.clear()
    until(lambda: "could not be reloaded" in caplog.text, "it is tried again", 20)
    assert served.shows(old)


def test_the_metrics_have_a_port_of_their_own_without_a_login(started: Started, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    run(tmp_path, *files(tmp_path), "--metrics-port", str(port))
    server = run_module._serve_metrics(started.config, service.Metrics())
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            assert b"k8s_pipeline_http_requests_in_progress" in answer.read()
    finally:
        server.shutdown()
        server.server_close()
