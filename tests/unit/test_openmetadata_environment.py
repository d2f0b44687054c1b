"""An address that nobody can ask, or an environment that httpx cannot use, is one clear error."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8s_pipeline_client.errors import InputError
from k8s_pipeline_client.openmetadata.client import HttpOpenMetadata
from tests.images.recording import RecordingServer
from tests.openmetadata import token


@pytest.mark.parametrize(
    "host", ["om..example.com", "exämple..com", "xn--", "a" * 64 + ".example.com", "x\x7fy"], ids=ascii
)
def test_a_host_that_dns_cannot_have(host: str) -> None:
    with (
        HttpOpenMetadata(f"http://{host}/api", token()) as client,
        pytest.raises(InputError, match="is not a valid URL") as caught,
    ):
        client.version()
    assert caught.value.code == "InvalidServerAddress"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ALL_PROXY", "socks5://user:hidden@proxy:1080", r"SOCKS proxy.*httpx\[socks\]"),
        ("HTTP_PROXY", "foo://user:hidden@proxy", "the proxy of the environment is invalid.*http://host:port"),
        ("HTTP_PROXY", "http://user:hidden/x@proxy", "the proxy of the environment is invalid"),
        ("NO_PROXY", "[::1", "the proxy of the environment is invalid.*NO_PROXY"),
        ("SSL_CERT_FILE", "missing.pem", "SSL_CERT_FILE or SSL_CERT_DIR cannot be read: .+ — use a PEM file"),
        ("SSL_CERT_FILE", "junk.pem", "SSL_CERT_FILE or SSL_CERT_DIR cannot be read: .+ — use a PEM file"),
    ],
)
def test_an_environment_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    (tmp_path / "junk.pem").write_text("junk")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)

    with pytest.raises(InputError, match=said) as caught:
        HttpOpenMetadata("https://openmetadata:8585/api", token())
    assert "hidden" not in str(caught.value)
    assert "None" not in str(caught.value)


def test_a_proxy_that_dns_cannot_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://user:hidden@proxy..example.com:3128")

    with (
        HttpOpenMetadata("http://openmetadata.example.com/api", token()) as client,
        pytest.raises(InputError, match="HTTP_PROXY") as caught,
    ):
        client.version()
    assert "hidden" not in str(caught.value)


def test_an_environment_that_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", "missing.pem")  # which nobody asks for where there is no TLS

    with RecordingServer() as server, HttpOpenMetadata(server.url, token()) as client:
        assert client.version()
