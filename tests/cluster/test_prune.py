"""prune removes what the OpenMetadata server does not have any more, and nothing else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.cluster.support import definitions
from tests.cluster.support.site import ENDPOINT, LISTING, SHOP, Site
from tests.cluster.support.space import until
from tests.openmetadata import pipeline


def _pruned(site: Site, *words: str, code: int = 0) -> dict[str, str]:
    found = site("prune", *words, "-o", "json", code=code).json
    return {item["fqn"]: item["action"] for item in found}


def _deployed(site: Site) -> set[str]:
    return {item["metadata"]["annotations"]["k8s-pipeline/fqn"] for item in site.program.space.list("cronjobs")}


@pytest.fixture
def orphaned(site: Site) -> Site:
    """Two of three pipelines are gone from the server, one more was deployed from files."""
    entities = [pipeline(name, SHOP) for name in ("one", "two", "three")]
    site.seed(services=[SHOP], pipelines=entities)
    site.deploy("--all")
    mine = definitions.pipeline({"log": "x"}, name="mine", service_name="shop")
    site.program.deploy(mine, definitions.service("shop"))
    for entity in entities[1:]:
        site.forget(entity)
    return site


def test_prune_removes_orphans_and_nothing_else(orphaned: Site) -> None:
    assert _pruned(orphaned, "--dry-run") == {"shop.three": "would be deleted", "shop.two": "would be deleted"}
    refused = orphaned("prune", code=2)
    assert "2 pipelines would be deleted, but standard input is not a terminal to confirm it" in refused.err
    assert len(_deployed(orphaned)) == 4

    assert _pruned(orphaned, "--yes") == {"shop.three": "deleted", "shop.two": "deleted"}
    assert _deployed(orphaned) == {"shop.one", "shop.mine"}
    again = orphaned("prune")
    assert "nothing to remove" in again.err
    assert again.out == ""


def test_prune_leaves_other_instances_alone(orphaned: Site) -> None:
    orphaned.program.configure(metadataApiEndpoint=ENDPOINT, instance="second")
    orphaned.deploy("--all")

    assert _pruned(orphaned, "--yes") == {}
    assert len(orphaned.program.space.list("cronjobs")) == 5


@pytest.mark.parametrize(
    "fault",
    [{"path": LISTING, "status": 500}, {"path": LISTING, "status": 403}, {"path": "version", "status": 401}],
    ids=["500", "403", "401"],
)
def test_prune_removes_nothing_where_the_server_cannot_be_read(orphaned: Site, fault: dict[str, Any]) -> None:
    orphaned.server.faults.add(fault)

    orphaned("prune", "--yes", code=1)

    assert len(_deployed(orphaned)) == 4


def test_prune_asks_for_each_before_it_goes(orphaned: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    orphaned.seed(pipelines=[pipeline("two", SHOP)])
    listed = orphaned.server.api.entities.listed

    def without_two(collection: str) -> list[dict[str, Any]]:
        return [item for item in listed(collection) if item["fullyQualifiedName"] != "shop.two"]

    monkeypatch.setattr(orphaned.server.api.entities, "listed", without_two)

    result = orphaned("prune", "--yes", "-o", "json")

    assert [item["fqn"] for item in result.json] == ["shop.three"]
    assert "shop.two is kept: OpenMetadata did not list it, but has it" in result.err
    assert _deployed(orphaned) == {"shop.one", "shop.two", "shop.mine"}


def test_prune_does_not_take_an_empty_or_a_wrong_server_at_its_word(orphaned: Site) -> None:
    orphaned.forget(pipeline("one", SHOP))
    empty = orphaned("prune", "--yes", code=2)
    orphaned.seed(pipelines=[pipeline("other", SHOP)])
    wrong = orphaned("prune", "--yes", code=2)
    orphaned.seed(pipelines=[pipeline("mine", SHOP)])  # as one that was deployed from files is called
    misleading = orphaned("prune", "--yes", code=2)

    assert "no ingestion pipelines at all" in empty.err
    assert "none of the 3 that are deployed from it" in wrong.err
    assert "none of the 3 that are deployed from it" in misleading.err
    assert len(_deployed(orphaned)) == 4
    assert set(_pruned(orphaned, "--yes", "--force")) == {"shop.one", "shop.two", "shop.three"}
    assert _deployed(orphaned) == {"shop.mine"}


@pytest.mark.parametrize(("answer", "code", "left"), [("n", 1, 4), ("y", 0, 2)])
def test_prune_shows_and_asks_at_a_terminal(orphaned: Site, answer: str, code: int, left: int) -> None:
    output = _pruned_at_a_terminal(orphaned, answer, code)

    assert "shop.three" in output
    until(lambda: len(_deployed(orphaned)) == left, "those that are to be left are left")


def test_prune_keeps_what_has_become_another_while_the_question_stands(orphaned: Site) -> None:
    def deploy_both_otherwise() -> None:
        orphaned.program("delete", "shop.two")
        orphaned.seed(pipelines=[pipeline("two", SHOP)])
        orphaned.deploy("shop.two")
        mine = definitions.pipeline({"log": "x"}, name="three", service_name="shop")
        files = orphaned.program.file("mine.yaml", mine, definitions.service("shop"))
        orphaned.program("deploy", "-f", files, "--force")

    output = _pruned_at_a_terminal(orphaned, "y", 0, meanwhile=deploy_both_otherwise)

    for fqn in ("shop.two", "shop.three"):
        assert f"{fqn} is kept: it has changed since it was shown" in output
    assert len(_deployed(orphaned)) == 4


def _pruned_at_a_terminal(site: Site, answer: str, code: int, *, meanwhile: Callable[[], None] = lambda: None) -> str:
    """Run prune, answer its question, and return all that it says."""
    begin = "from k8s_pipeline_client.cli.main import main; main()"
    ours, theirs = pty.openpty()
    words = [sys.executable, "-c", begin, *site.program.place(), "prune", *site.place]
    with subprocess.Popen(words, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        asked = ""
        while "Delete 2 pipelines with their runs?" not in asked:
            read = process.stdout.read(1)
            assert read, asked
            asked += read
        meanwhile()
        os.write(ours, f"{answer}\n".encode())
        output = asked + process.communicate(timeout=120)[0]
    os.close(ours)
    os.close(theirs)
    assert process.returncode == code, output
    return output
