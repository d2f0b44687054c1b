"""Requests to the API server whose login is read from a file, as in a pod."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from k8s_pipeline_client import time_limit
from k8s_pipeline_client.cluster import login
from k8s_pipeline_client.cluster.connect import connect
from k8s_pipeline_client.cluster.transport import Transport
from k8s_pipeline_client.errors import InputError, LoginError, UnreachableError
from tests.kubeconfigs.standin import StandIn


@pytest.fixture
def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the account of a pod; its token is read anew each time."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "1")
    for name in ("token", "ca.crt"):
        (tmp_path / name).touch()
    monkeypatch.setattr("k8s_pipeline_client.cluster.connect.SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr("k8s_pipeline_client.cluster.connect.SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    monkeypatch.setattr(login, "_READ_AGAIN_SECONDS", 0.0)
    return tmp_path


def _served(pod: Path, server: StandIn, monkeypatch: pytest.MonkeyPatch) -> Transport:
    host, _, port = server.address.partition(":")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    (pod / "ca.crt").write_text(server.ca)
    (pod / "token").write_text("geheim-1\n")
    return Transport(connect())


def test_a_token_that_is_replaced_is_read_again(pod: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with StandIn.open(pod) as server:
        transport = _served(pod, server, monkeypatch)
        transport.send("GET", "/api")
        (pod / "token").write_text("geheim-2\n")
        transport.send("GET", "/api")
        assert server.seen == ["token geheim-1", "token geheim-2"]


def test_a_request_that_is_not_answered_ends_with_the_time_that_is_allowed_for_all(
    pod: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StandIn.open(pod) as server:
        transport = _served(pod, server, monkeypatch)
        server.answers.clear()
        begun = time.monotonic()
        with time_limit(0.5):
            with pytest.raises(UnreachableError):
                transport.send("GET", "/api")
            with pytest.raises(UnreachableError) as refused:
                transport.stream("/api", query={}, idle=None)
        assert time.monotonic() - begun < 2
        assert refused.value.code == "TimeLimit"
        server.answers.set()
        assert transport.send("GET", "/api").status == 200


@pytest.mark.parametrize("then", [None, "", "\n"])
def test_a_token_file_that_has_gone_bad_leaves_the_last_token(
    pod: Path, monkeypatch: pytest.MonkeyPatch, then: str | None
) -> None:
    with StandIn.open(pod) as server:
        transport = _served(pod, server, monkeypatch)
        (pod / "token").unlink() if then is None else (pod / "token").write_text(then)
        assert transport.send("GET", "/api").status == 200
        assert server.who() == "token geheim-1"


def test_an_authority_that_is_missing_is_said(pod: Path) -> None:
    (pod / "ca.crt").unlink()
    with pytest.raises(InputError, match=r"the service account of this pod cannot be used: .*ca.crt does not exist"):
        connect()


def test_a_token_that_is_empty_is_no_login(pod: Path) -> None:
    with StandIn.open(pod) as server:
        (pod / "ca.crt").write_text(server.ca)
        with pytest.raises(LoginError, match=r"the service account of this pod: tokenFile .* is empty"):
            connect()
