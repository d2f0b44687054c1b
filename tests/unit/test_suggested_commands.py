"""Every command that the test suite has seen suggested can be typed as it is printed, whatever the place is called."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_pipeline_client.cli.main import cli
from k8s_pipeline_client.cli.options import Globals
from k8s_pipeline_client.cli.suggest import Place, command
from tests.cluster.support.messages import SNAPSHOT
from tests.cluster.support.suggestions import check_suggestions, suggested

GOLDEN = Path(__file__).parent / "golden"
SEEN = [
    line
    for path in (SNAPSHOT, GOLDEN / "causes.txt", GOLDEN / "diagnoses.txt")
    for line in path.read_text().splitlines()
]
_KUBECTL = re.compile(r"kubectl (?!ompipeline)(?P<words>[^;:,)]*)")
_PLACEHOLDER = re.compile(r"\b(POD|CONTAINER|NAME|NAMESPACE|JOB)\b(?!\S)")
WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1).filter(lambda text: text.strip())


def test_there_are_some() -> None:
    assert sum(1 for line in SEEN for _ in suggested(line)) > 10


@pytest.mark.parametrize("line", [line for line in SEEN if any(suggested(line))])
def test_what_was_suggested_can_be_typed(line: str) -> None:
    check_suggestions([], line)


@pytest.mark.parametrize("line", [line for line in SEEN if _KUBECTL.search(line)])
def test_a_command_of_kubectls_has_no_placeholders(line: str) -> None:
    for found in _KUBECTL.finditer(line):
        # In the snapshot NAMESPACE stands for that of the test.
        assert not _PLACEHOLDER.search(found["words"].replace("NAMESPACE", "namespace"))


@pytest.mark.parametrize("program", ["k8s-pipeline", "kubectl-ompipeline"])
@given(name=WORDS.filter(lambda name: not name.startswith("-")), config=WORDS, namespace=WORDS, context=WORDS)
def test_names_and_places_come_through_the_shell(
    program: str, name: str, config: str, namespace: str, context: str
) -> None:
    # What is suggested names objects of Kubernetes, and none of them begins with a dash.
    config = f"no such folder/{config}"  # what is a folder here would be refused
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [f"/usr/local/bin/{program}"])
        place: Place = {"--config": (config, "b.yaml"), "--namespace": namespace, "--context": context}
        line = command("logs", name, "-f", place=place)

    words = shlex.split(line)
    words = words[2:] if program == "kubectl-ompipeline" else words[1:]
    values = Globals()
    logs = cli.get_command(click.Context(cli), words[0])
    assert logs is not None
    found = logs.make_context("logs", words[1:], obj=values)
    assert found.params["follow"] is True
    assert found.params["name"] == name
    assert (tuple(map(str, values.config)), values.namespace, values.context) == (
        tuple(map(str, map(Path, (config, "b.yaml")))),
        namespace,
        context,
    )
