"""Completion in a real bash on a terminal, and as kubectl asks for it, where no cluster is needed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from k8s_pipeline_client.cli.plugin import offers
from k8s_pipeline_client.cli.typedline import typed_line
from tests.cluster.support.terminal import PROGRAMS, Terminal, terminal

NAMES = (
    "my name",
    "it's",
    'say "no"',
    "$HOME `id` $(id)",
    "a\\b",
    "a;b|c&d>e<f",
    "~x",
    "#1",
    "[a]{b}*?",
    "Ночь!",
    "a:b=c@d",
    "!!",
)


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    path = tmp_path / "my kubeconfig"
    contexts = [
        {"name": name, "context": {"cluster": "one", "user": "me", "namespace": namespace}}
        for name, namespace in (("kind-one", "team-a"), ("kind two", "team-b"))
    ]
    path.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "one", "cluster": {"server": "https://cluster.invalid"}}],
                "users": [{"name": "me", "user": {}}],
                "contexts": contexts,
                "current-context": "kind-one",
            }
        )
    )
    (tmp_path / "settings.yaml").write_text("namespace: team-c\n")
    return path


@pytest.fixture
def bash(kubeconfig: Path) -> Iterator[Terminal]:
    with terminal(KUBECONFIG=str(kubeconfig)) as found:
        found.run(f"cd '{kubeconfig.parent}'", "> ")
        yield found


def test_bash_completes_commands_options_and_their_values(bash: Terminal) -> None:
    assert bash.complete("k8s-pipeline rec") == "k8s-pipeline reconcile "
    assert bash.complete("k8s-pipeline list --all-n") == "k8s-pipeline list --all-namespaces "
    assert bash.complete("k8s-pipeline --context kind-") == "k8s-pipeline --context kind-one "
    assert bash.complete("k8s-pipeline --context=kind-") == "k8s-pipeline --context=kind-one "
    assert bash.complete("k8s-pipeline --context 'kind t") == "k8s-pipeline --context 'kind two' "
    assert bash.complete("k8s-pipeline --context kind\\ ") == "k8s-pipeline --context kind\\ two "
    assert bash.complete("k8s-pipeline -n team-b") == "k8s-pipeline -n team-b "
    assert bash.complete("k8s-pipeline -o json") != "k8s-pipeline -o json "
    assert bash.complete("k8s-pipeline -o custom") == "k8s-pipeline -o custom-columns="


def test_bash_completes_files_also_behind_an_equals_sign(bash: Terminal) -> None:
    assert bash.complete("k8s-pipeline --config sett") == "k8s-pipeline --config settings.yaml "
    assert bash.complete("k8s-pipeline --config=sett") == "k8s-pipeline --config=settings.yaml "
    assert bash.complete("k8s-pipeline --kubeconfig=my") == "k8s-pipeline --kubeconfig=my\\ kubeconfig "


def test_bash_offers_what_settings_and_kubeconfig_name(bash: Terminal) -> None:
    shown = bash.offered("k8s-pipeline --config settings.yaml -n team-")

    assert all(name in shown for name in ("team-a", "team-b", "team-c"))


@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_whatever_a_name_is_bash_reads_it_again(quote: str) -> None:
    line = f"k8s-pipeline status {quote}"
    words = " ".join(quote + typed_line(line).written(name) + quote for name in NAMES)

    done = subprocess.run(["bash", "-c", f"printf '%s\\n' {words}"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == list(NAMES)


def test_kubectl_is_told_what_to_offer(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))

    assert offers(["rec"]).splitlines() == ["reconcile\tReport to OpenMetadata how every run ended.", ":4"]
    assert offers(["--context="]).splitlines() == ["kind-one\tnamespace team-a", "kind two\tnamespace team-b", ":4"]
    assert offers(["--config", ""]) == ":0"
    assert offers(["list", "-o", "custom"]).splitlines() == ["custom-columns=", ":6"]
    assert "list" in offers([])


def test_kubectls_program_is_installed(kubeconfig: Path) -> None:
    done = subprocess.run(
        [PROGRAMS / "kubectl_complete-ompipeline", "--context", "kind-"],
        env={"KUBECONFIG": str(kubeconfig), "PATH": str(PROGRAMS)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("kind-one\tnamespace team-a\n:4\n", "")


@pytest.mark.parametrize(
    ("shell", "words", "last", "offered"),
    [
        ("zsh", "k8s-pipeline --context=kind-", "1", "plain\n--context=kind-one\nnamespace team-a\n"),
        ("zsh", "k8s-pipeline --context kind\\ ", "2", "plain\nkind two\nnamespace team-b\n"),
        ("fish", "k8s-pipeline --context=kind-", "--context=kind-", "plain,kind-one\tnamespace team-a\n"),
        # A script for bash that an earlier version has printed.
        ("bash", "k8s-pipeline --context kind-", "2", "plain,kind-one\n"),
    ],
)
def test_other_shells_are_told_what_to_offer(kubeconfig: Path, shell: str, words: str, last: str, offered: str) -> None:
    asked = {"_K8S_PIPELINE_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": last}
    done = subprocess.run(
        [PROGRAMS / "k8s-pipeline"],
        env={"KUBECONFIG": str(kubeconfig), "PATH": str(PROGRAMS), **asked},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (offered, "")
