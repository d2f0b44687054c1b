"""In which namespace a command works: flag, settings, the kubeconfig's context, the pod, the default."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cluster.support.program import call


def namespace(*words: str) -> tuple[str, str]:
    """Return the namespace that the program would work in, and its origin."""
    result = call([*words, "config", "-o", "json"])
    assert result.code == 0, result.err
    found = json.loads(result.out)["settings"]["namespace"]
    return found["value"], found["origin"]


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The kubeconfig of this machine: two contexts, the current one with a namespace."""
    for variable in ("K8S_NAMESPACE", "K8S_PIPELINE_CONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(variable, raising=False)
    path = tmp_path / "kubeconfig"
    path.write_text(
        json.dumps(
            {
                "current-context": "here",
                "contexts": [
                    {"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "team-a"}},
                    {"name": "there", "context": {"cluster": "c", "user": "u", "namespace": "team-b"}},
                    {"name": "bare", "context": {"cluster": "c", "user": "u"}},
                ],
            }
        )
    )
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


def test_that_of_the_current_context(kubeconfig: Path) -> None:
    value, origin = namespace()

    assert value == "team-a"
    assert "here" in origin
    assert str(kubeconfig) in origin


def test_that_of_the_context_that_is_named(kubeconfig: Path) -> None:
    assert namespace("--context", "there")[0] == "team-b"


def test_that_of_the_kubeconfig_that_is_named(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/dev/null")

    assert namespace("--kubeconfig", str(kubeconfig))[0] == "team-a"


def test_a_context_without_one_leaves_the_default(kubeconfig: Path) -> None:
    assert namespace("--context", "bare") == ("openmetadata-pipelines", "default")


def test_settings_come_before_the_context(kubeconfig: Path, tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("namespace: from-settings\n")

    assert namespace("--config", str(settings))[0] == "from-settings"


def test_the_flag_comes_before_all(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_NAMESPACE", "from-environment")

    assert namespace()[0] == "from-environment"
    assert namespace("-n", "from-flag")[0] == "from-flag"


def test_a_kubeconfig_that_cannot_be_read_is_no_error_of_what_asks_no_cluster(
    kubeconfig: Path,
) -> None:
    kubeconfig.write_text("{")

    assert namespace() == ("openmetadata-pipelines", "default")


def test_in_a_pod_that_of_the_pod(kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/dev/null")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setattr("k8s_pipeline_client.cluster.finding.SERVICE_ACCOUNT", tmp_path)
    (tmp_path / "namespace").write_text("of-the-pod\n")

    assert namespace() == ("of-the-pod", "the account of this pod")


@pytest.mark.parametrize("option", ["-n", "--namespace", "--context"])
def test_an_empty_name_is_an_error(option: str) -> None:
    assert call([option, "", "config"]).code == 2


def test_a_context_whose_namespace_is_none_is_named(kubeconfig: Path) -> None:
    kubeconfig.write_text(kubeconfig.read_text().replace("team-a", "Not A Name"))

    result = call(["config"])

    assert result.code == 2
    assert "context here" in result.err
