"""How a cluster is found: by flags, else by the settings, else as kubectl does."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from k8s_pipeline_client.cluster.connect import AS_KUBECTL, Way, connect
from k8s_pipeline_client.cluster.server import _proxy_login
from k8s_pipeline_client.errors import InputError, UnreachableError
from tests.cluster.support.program import call
from tests.kubeconfigs.forms import Form
from tests.kubeconfigs.standin import StandIn


def _kubeconfig(host: str) -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "one",
            "clusters": [
                {"name": "one", "cluster": {"server": f"https://{host}"}},
                {"name": "two", "cluster": {"server": f"https://two.{host}"}},
            ],
            "contexts": [{"name": name, "context": {"cluster": name, "user": "me"}} for name in ("one", "two")],
            "users": [{"name": "me", "user": {"token": "geheim-1"}}],
        }
    )


def _host(kubeconfig: Path | None = None, context: str | None = None, way: Way = AS_KUBECTL) -> str:
    return connect(kubeconfig, context, way).host.removeprefix("https://")


@pytest.fixture
def flag(tmp_path: Path) -> Path:
    """A kubeconfig to be named by a flag."""
    path = tmp_path / "flag"
    path.write_text(_kubeconfig("flag"))
    return path


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("socks5://user:hidden@proxy:1080", "SOCKS proxy.*PySocks"),
        ("http://user:hidden@proxy:99999", "the URL of the cluster's proxy is invalid"),
        ("http://user:hidden/x@proxy", "the URL of the cluster's proxy is invalid"),
        ("foo://user:hidden@proxy", "the URL of the cluster's proxy is invalid"),
    ],
)
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY"])
@pytest.mark.filterwarnings("ignore::urllib3.exceptions.DependencyWarning")  # of a missing PySocks, which we say
def test_a_proxy_that_cannot_be_used_is_said_without_its_password(
    flag: Path, monkeypatch: pytest.MonkeyPatch, name: str, proxy: str, said: str
) -> None:
    monkeypatch.setenv(name, proxy)

    with pytest.raises(InputError, match=said) as caught:
        connect(flag)
    assert "hidden" not in str(caught.value)


def test_the_kubeconfig_in_the_settings_and_a_context_of_it() -> None:
    way = Way(content=SecretStr(_kubeconfig("content")))
    assert _host(way=way) == "content"
    assert _host(context="two", way=way) == "two.content"


def test_the_file_that_the_settings_name_yields_to_the_content(flag: Path) -> None:
    assert _host(way=Way(path=str(flag))) == "flag"
    assert _host(way=Way(path=str(flag), content=SecretStr(_kubeconfig("content")))) == "content"


def test_the_flag_wins(flag: Path) -> None:
    way = Way(in_cluster=True, content=SecretStr(_kubeconfig("content")), path="/none")
    assert _host(flag, way=way) == "flag"


def test_settings_win_over_the_variable_of_kubectl(flag: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other"
    other.write_text(_kubeconfig("other"))
    monkeypatch.setenv("KUBECONFIG", str(other))
    assert _host() == "other"
    assert _host(way=Way(path=str(flag))) == "flag"


def test_in_cluster_is_said_where_it_cannot_be() -> None:
    with pytest.raises(InputError, match="inCluster is true, but this is not a pod"):
        connect(way=Way(in_cluster=True))
    assert _host(way=Way(in_cluster=True, content=SecretStr(_kubeconfig("content")))) == "content"


def test_not_in_cluster_means_not_even_in_a_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    with pytest.raises(UnreachableError):
        connect(way=Way(in_cluster=False))
    with pytest.raises(InputError, match="the service account of this pod cannot be used"):
        connect(way=Way(in_cluster=True))


@pytest.mark.parametrize("content", ["a: [", "[]", "token: geheim-1: x", "x", "clusters: 1"])
def test_content_that_is_no_kubeconfig_is_refused_without_it(content: str) -> None:
    with pytest.raises(InputError, match="kubeConfigContent cannot be used") as caught:
        connect(way=Way(content=SecretStr(content)))
    assert "geheim" not in str(caught.value)


def test_the_program_follows_its_settings(tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(f"kubeconfigPath: {tmp_path / 'none'}")
    result = call(["--config", str(settings), "list"])
    assert result.code == 2
    assert "kubeconfigPath " in result.err
    assert "does not exist" in result.err


def test_a_proxy_is_not_asked_for_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with StandIn.open(tmp_path) as server:
        words = Form("", "").write(server, tmp_path)
        assert call([*words, "list"]).code == 0
        assert server.who() == "token geheim-1"


def test_the_login_at_a_proxy_is_sent_to_it() -> None:
    assert _proxy_login("http://joe:geheim%21@proxy:1") == {"proxy-authorization": "Basic am9lOmdlaGVpbSE="}
    assert _proxy_login("http://proxy:1") is None
    assert _proxy_login(None) is None


def test_a_proxy_that_is_not_there_is_said_soon(tmp_path: Path) -> None:
    with StandIn.open(tmp_path) as server:
        words = Form("", "", cluster={"proxy-url": "http://127.0.0.1:1"}).write(server, tmp_path)
        begun = time.monotonic()
        result = call([*words, "list"])
    assert result.code == 1
    assert "through the proxy: " in result.err
    assert time.monotonic() - begun < 30
