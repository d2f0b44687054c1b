"""Requests to the API server that cannot even be made."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from kubernetes.client import ApiClient, Configuration
from kubernetes.config.incluster_config import InClusterConfigLoader

from k8s_pipeline_client.cluster.transport import Transport
from k8s_pipeline_client.errors import UnreachableError


@pytest.fixture
def token(tmp_path: Path) -> Path:
    """The file with the token of a pod's account."""
    path = tmp_path / "token"
    path.write_text("geheim-1")
    return path


@pytest.fixture
def transport(token: Path) -> Transport:
    """Requests as from within a pod, whose token is read anew each time."""
    certificate = token.with_name("ca.crt")
    certificate.write_text("-")
    environ = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1"}
    loader = InClusterConfigLoader(str(token), str(certificate), environ=environ)  # type: ignore[no-untyped-call]
    loader._token_refresh_period = datetime.timedelta(0)
    configuration = Configuration()
    loader.load_and_set(configuration)  # type: ignore[no-untyped-call]
    configuration.ssl_ca_cert = None
    return Transport(ApiClient(configuration=configuration))


def test_a_token_that_is_empty_is_an_error_of_the_cluster(token: Path, transport: Transport) -> None:
    token.write_text("")
    with pytest.raises(UnreachableError, match=r"no login for the API server https://127.0.0.1:1: .*empty"):
        transport.send("GET", "/api")
    with pytest.raises(UnreachableError, match="no login"):
        transport.stream("/api", query={}, forever=False)


def test_a_token_that_is_gone_is_an_error_of_the_cluster(token: Path, transport: Transport) -> None:
    token.unlink()
    with pytest.raises(UnreachableError, match=r"no login for the API server .*No such file"):
        transport.send("GET", "/api")
