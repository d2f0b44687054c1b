"""In which namespace a command works: flag, settings, the kubeconfig's context, the pod, the default."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.settings import Settings
from tests.cluster.support.program import call
from tests.fakes import FakeCluster
from tests.unit.console import NIGHTLY, SERVICE


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


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeCluster]:
    """The namespaces that were connected to, each a cluster of its own."""
    found: dict[str, FakeCluster] = {}

    def connect(settings: Settings, **_: Any) -> FakeCluster:
        return found.setdefault(settings.namespace, FakeCluster(settings.namespace))

    monkeypatch.setattr("k8s_pipeline_client.client.pipelines.connect", connect)
    return found


def _definition(folder: Path) -> str:
    path = folder / "nightly.json"
    path.write_text(json.dumps([NIGHTLY, SERVICE]))
    return str(path)


def _said(*words: str, code: int = 0) -> list[str]:
    """Run a command, and return what it says of the namespace on standard error."""
    result = call(words)
    assert result.code == code, result
    assert "in namespace" not in result.out
    return [line for line in result.err.splitlines() if line.startswith("in namespace")]


WRITING = (
    ("deploy", "-f", "FILE"),
    ("deploy", "-f", "FILE", "--dry-run=server"),
    ("disable", "nightly"),
    ("enable", "nightly"),
    ("run", "nightly"),
    ("kill", "nightly"),
    ("run", "-f", "FILE"),
    ("delete", "nightly"),
)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ([], "in namespace team-a (from context here of kubeconfig"),
        (["--context", "there"], "in namespace team-b (from context there of kubeconfig"),
        (["--context", "bare"], "in namespace openmetadata-pipelines (the default"),
    ],
    ids=["context", "named context", "default"],
)
def test_who_writes_where_nobody_has_said_is_told_where(
    kubeconfig: Path, tmp_path: Path, written: dict[str, FakeCluster], place: list[str], said: str
) -> None:
    file = _definition(tmp_path)
    for words in WRITING:
        for cluster in written.values():
            _end_kills(cluster)
        (line,) = _said(*place, *(file if word == "FILE" else word for word in words))
        assert line.startswith(said), words


def _end_kills(cluster: FakeCluster) -> None:
    for job in cluster.list(Kind.JOB):
        stamp = "2026-01-01T00:00:00Z"
        done = [{"type": "Complete", "status": "True", "lastTransitionTime": stamp}]
        cluster.set_status(Kind.JOB, job["metadata"]["name"], {"startTime": stamp, "conditions": done})


@pytest.mark.parametrize("how", ["flag", "variable", "settings"])
def test_who_has_said_where_is_not_told(
    kubeconfig: Path, tmp_path: Path, written: dict[str, FakeCluster], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    file = _definition(tmp_path)
    settings = tmp_path / "settings.yaml"
    settings.write_text("namespace: team-c\n" if how == "settings" else "")
    if how == "variable":
        monkeypatch.setenv("K8S_NAMESPACE", "team-c")

    place = ["-n", "team-c"] if how == "flag" else []
    assert _said("--config", str(settings), *place, "deploy", "-f", file) == []
    assert list(written) == ["team-c"]


@pytest.mark.parametrize("output", ["json", "yaml", "name", "jsonpath=[*].fqn"])
def test_programs_are_told_nothing_beside_their_result(
    kubeconfig: Path, tmp_path: Path, written: dict[str, FakeCluster], output: str
) -> None:
    assert _said("deploy", "-f", _definition(tmp_path), "-o", output) == []


@pytest.mark.parametrize("words", [("list",), ("validate", "-f", "FILE"), ("deploy", "--dry-run=client", "-f", "FILE")])
def test_who_writes_nothing_is_not_told(
    kubeconfig: Path, tmp_path: Path, written: dict[str, FakeCluster], words: tuple[str, ...]
) -> None:
    file = _definition(tmp_path)

    assert _said(*(file if word == "FILE" else word for word in words)) == []
