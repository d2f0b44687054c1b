"""Requests to the API server whose login is read from a file, as in a pod."""

from __future__ import annotations

import io
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pytest_mock import MockerFixture
from urllib3 import HTTPResponse
from urllib3.exceptions import ProtocolError

from k8s_pipeline_client import time_limit
from k8s_pipeline_client.cluster import login
from k8s_pipeline_client.cluster.connect import connect
from k8s_pipeline_client.cluster.server import ApiServer
from k8s_pipeline_client.cluster.transport import Transport
from k8s_pipeline_client.errors import InputError, LoginError, UnreachableError
from tests.kubeconfigs.standin import StandIn


@pytest.fixture
def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the account of a pod; its token is read again each time."""
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


class _Scripted:
    """Connections on which one response after the other comes: a status, or 0 for a connection that breaks."""

    def __init__(self, *statuses: int) -> None:
        self.left = list(statuses)

    def request(self, method: str, target: str, **_: Any) -> HTTPResponse:
        status = self.left.pop(0)
        if not status:
            raise ProtocolError("Connection aborted.")
        return HTTPResponse(io.BytesIO(b"{}"), status=status, preload_content=False)

    def transport(self) -> Transport:
        ready = SimpleNamespace(headers={}, connections=self)
        return Transport(cast(ApiServer, SimpleNamespace(host="h", ready=lambda: ready)))


def test_what_an_api_server_refuses_before_it_has_loaded_its_roles_is_asked_again(mocker: MockerFixture) -> None:
    mocker.patch("time.sleep")
    scripted = _Scripted(0, 403, 403, 200)
    assert scripted.transport().send("GET", "/apis/batch/v1/namespaces/ns/jobs").status == 200
    assert scripted.left == []


def test_once_it_has_granted_something_a_refusal_is_one(mocker: MockerFixture) -> None:
    """A missing right would cost ten seconds after each outage."""
    mocker.patch("time.sleep")
    scripted = _Scripted(0, 403, 200, 200, 403, 200)
    transport = scripted.transport()
    for status in (200, 200, 403):
        assert transport.send("GET", "/api/v1/namespaces/ns/pods").status == status
    assert scripted.left == [200]
