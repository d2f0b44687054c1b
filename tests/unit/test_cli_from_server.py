"""Commands that read an OpenMetadata server, on a cluster in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.errors import ForbiddenError
from tests.fakes import Request
from tests.images.recording import RecordingServer
from tests.openmetadata import pipeline, service, token
from tests.unit.console import Console, console

__all__ = ["console"]

COLLECTION = "services/ingestionPipelines"
SHOP = service("shop")


class Site:
    """The console, and the OpenMetadata server that its commands read."""

    def __init__(self, console: Console, server: RecordingServer, token_file: Path) -> None:
        token_file.write_text(token())
        self.console, self.server = console, server
        self._place = ("--server", server.url, "--server-token-file", str(token_file))
        console.configure(metadataApiEndpoint="http://openmetadata.invalid:8585/api")

    def __call__(self, *words: str, code: int = 0, given: str | None = None) -> Any:
        return self.console(*words, *self._place, code=code, given=given)

    def deployed(self) -> set[str]:
        return {item["metadata"]["annotations"]["k8s-pipeline/fqn"] for item in self.console.cluster.list(Kind.CRONJOB)}

    def forget(self, name: str) -> None:
        self.server.api.entities.delete(COLLECTION, pipeline(name, SHOP))


@pytest.fixture
def site(console: Console, tmp_path: Path) -> Iterator[Site]:
    """Three pipelines, all of them deployed."""
    entities = {
        "services/databaseServices": [SHOP],
        COLLECTION: [pipeline(name, SHOP) for name in ("one", "two", "three")],
    }
    with RecordingServer(seed={"entities": entities}) as server:
        found = Site(console, server, tmp_path / "token")
        found("deploy", "--from-server", "--all")
        yield found


def _actions(site: Site, *words: str, code: int = 0) -> dict[str, str]:
    return {item["fqn"]: item["action"] for item in site(*words, "-o", "json", code=code).json}


def test_what_the_server_has_is_deployed_all_of_it_or_what_is_named(site: Site) -> None:
    assert site.deployed() == {"shop.one", "shop.two", "shop.three"}
    assert _actions(site, "deploy", "--from-server", "shop.one") == {"shop.one": "unchanged"}
    assert set(_actions(site, "deploy", "--from-server", "--all").values()) == {"unchanged"}


def test_one_that_cannot_be_deployed_holds_up_no_other(site: Site) -> None:
    odd = pipeline("odd", SHOP, schedule="@reboot")
    site.server.control.seed({"entities": {COLLECTION: [odd, pipeline("new", SHOP)]}})
    found = _actions(site, "deploy", "--from-server", "--all", code=1)
    assert (found["shop.odd"], found["shop.new"]) == ("failed", "created")


def test_how_server_and_cluster_stand_to_each_other_is_listed(site: Site) -> None:
    site.forget("two")
    changed = pipeline("one", SHOP, schedule="1 1 * * *")
    site.server.control.seed({"entities": {COLLECTION: [changed, pipeline("new", SHOP)]}})
    found = {item["fqn"]: item["standing"] for item in site("list", "--from-server", "-o", "json").json}
    assert found["shop.two"] == "orphaned"
    assert len(set(found.values())) == 4
    table = site("list", "--from-server").out
    assert all(standing in table for standing in found.values())


def test_what_the_server_has_lost_is_removed_and_nothing_else(site: Site) -> None:
    site.forget("two")
    site.forget("three")
    assert _actions(site, "prune", "--dry-run") == {"shop.three": "would be deleted", "shop.two": "would be deleted"}
    site("prune", code=2)
    assert len(site.deployed()) == 3
    assert _actions(site, "prune", "--yes") == {"shop.three": "deleted", "shop.two": "deleted"}
    assert site.deployed() == {"shop.one"}
    assert site("prune").out == ""


@pytest.mark.parametrize(("answer", "code", "left"), [("n\n", 1, 3), ("y\n", 0, 2)])
def test_at_a_terminal_it_is_asked_first(
    site: Site, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, left: int
) -> None:
    site.forget("two")
    monkeypatch.setattr("k8s_pipeline_client.cli.output.is_terminal", lambda stream: True)
    result = site("prune", code=code, given=answer)
    assert "shop.two" in result.err
    assert len(site.deployed()) == left


def test_a_server_that_knows_nothing_of_what_is_deployed_is_not_believed(site: Site) -> None:
    for name in ("one", "two", "three"):
        site.forget(name)
    site("prune", "--yes", code=2)
    assert len(site.deployed()) == 3
    assert len(_actions(site, "prune", "--yes", "--force")) == 3


def test_one_that_cannot_be_removed_holds_up_no_other(site: Site) -> None:
    site.forget("two")
    site.forget("three")
    cronjobs = {
        item["metadata"]["annotations"]["k8s-pipeline/fqn"]: item["metadata"]["name"]
        for item in site.console.cluster.list(Kind.CRONJOB)
    }

    def refuse(request: Request) -> None:
        if (request.verb, request.name) == ("delete", cronjobs["shop.two"]):
            raise ForbiddenError("made up by the test", status=403)

    site.console.cluster.before(refuse)
    found = _actions(site, "prune", "--yes", code=1)
    assert found == {"shop.two": "failed", "shop.three": "deleted"}


def test_a_new_token_reaches_all_pipelines_of_its_bot_by_one_write(site: Site) -> None:
    before = {item["metadata"]["name"]: item for item in site.console.cluster.list(Kind.SECRET)}
    found = site.console("rotate-token", "--token-file", "-", "-o", "json", given=token() + "\n").json
    assert found
    after = {item["metadata"]["name"]: item for item in site.console.cluster.list(Kind.SECRET)}
    assert set(after) == set(before)
    changed = [name for name, item in after.items() if item["data"] != before[name]["data"]]
    assert len(changed) <= 1
    site.console("rotate-token", "--token-file", "-", given="no token\n", code=2)


def test_a_token_of_another_bot_is_not_written_unless_forced(site: Site) -> None:
    before = site.console.cluster.list(Kind.SECRET)
    site.console("rotate-token", "--token-file", "-", given=token("profiler-bot"), code=2)
    assert site.console.cluster.list(Kind.SECRET) == before


@pytest.mark.parametrize(("typed", "meant"), [("shpo", "did you mean 'shop'?"), ("warehouse", "")])
def test_a_service_that_has_no_pipelines_is_answered_with_one_that_has(site: Site, typed: str, meant: str) -> None:
    refused = site("deploy", "--from-server", "--all", "--service", typed, code=2).err

    assert f"no ingestion pipeline of a service {typed}" in refused
    assert meant in refused
    assert ("did you mean" in refused) is bool(meant)
    assert "list --from-server" in refused
