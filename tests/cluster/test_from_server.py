"""Pipelines by name from an OpenMetadata server: a stand-in that answers as the real one does, on a real cluster."""

from __future__ import annotations

from collections import Counter

import pytest

from k8s_pipeline_client.openmetadata import client as openmetadata
from tests.cluster.support import definitions
from tests.cluster.support.program import Program
from tests.cluster.support.site import DATABASES, ENDPOINT, LISTING, PIPELINES, SHOP, Site
from tests.openmetadata import fleet, identity, pipeline, service


@pytest.mark.parametrize(
    ("count", "page"),
    [(45, 20), pytest.param(500, 100, marks=[pytest.mark.thorough, pytest.mark.slow, pytest.mark.timeout(900)])],
)
def test_all_are_deployed_through_faults_and_again_nothing_changes(
    site: Site, monkeypatch: pytest.MonkeyPatch, count: int, page: int
) -> None:
    monkeypatch.setattr(openmetadata, "_PAGE", page)
    site.server.control.seed(fleet(count))
    gone = site.server.api.entities.get("services/mlmodelServices", "mlflow_5")
    assert gone is not None
    site.server.api.entities.delete("services/mlmodelServices", gone)
    for fault in (
        {"path": "version", "status": 429, "retryAfter": "1", "times": 2},
        {"path": LISTING, "status": 500, "skip": 1, "times": 1},
        {"path": LISTING, "reset": True, "skip": 0, "times": 1},
        {"path": "dashboardServices", "drop": True, "times": 1},
        {"path": "databaseServices", "status": 503, "times": 2},
        {"path": LISTING, "delaySeconds": 2, "times": 1},
    ):
        site.server.faults.add(fault)
    lost = len([number for number in range(count) if number % 9 == 5])

    first = site.deploy("--all", "--parallel", "8", code=1)

    assert Counter(item["action"] for item in first.values()) == {"created": count - lost, "failed": lost}
    failed = [item for item in first.values() if item["action"] == "failed"]
    assert all(item["fqn"].startswith("mlflow_5.") and item["resourceName"] is None for item in failed)
    assert all("mlmodelService 'mlflow_5' is not in OpenMetadata" in item["reason"] for item in failed)
    assert len(site.program.space.list("cronjobs")) == count - lost
    before = {item["metadata"]["name"]: item["metadata"]["generation"] for item in site.program.space.list("cronjobs")}

    again = site("deploy", "--from-server", "--all", "--parallel", "8", code=1)

    assert again.err.splitlines()[-1] == f"{count} pipelines: {count - lost} unchanged, {lost} failed"
    after = {item["metadata"]["name"]: item["metadata"]["generation"] for item in site.program.space.list("cronjobs")}
    assert after == before
    assert Counter(standing for standing, *_ in site.standings().values()) == {
        "up-to-date": count - lost,
        "unusable": lost,
    }


def test_a_pipeline_of_the_server_runs_with_its_connection_built_here(site: Site) -> None:
    config = {"type": "DatabaseMetadata", "standin": {"steps": [{"log": "here I am"}]}}
    connection = {"hostPort": "http://elsewhere", "securityConfig": {"jwtToken": "*********"}}
    entity = pipeline("nightly", SHOP, config=config, openMetadataServerConnection=connection)
    site.seed(services=[SHOP], pipelines=[entity])

    deployed = site.deploy("shop.nightly")["shop.nightly"]
    site.program("run", "nightly", "--wait")

    assert deployed["action"] == "created"
    assert "here I am" in site.program("logs", "nightly").out
    cronjob = site.program.space.get("cronjob", deployed["resourceName"])
    assert cronjob["metadata"]["annotations"]["k8s-pipeline/managed-by-source"] == "server"
    assert site.bearer not in str(site.program.space.list("cronjobs") + site.program.space.list("configmaps"))


def test_those_of_some_services_are_deployed(site: Site) -> None:
    dotted = service("my.shop")
    site.seed(
        services=[SHOP, dotted],
        pipelines=[pipeline("a", SHOP), pipeline("a", dotted), pipeline("b", dotted)],
    )

    assert sorted(site.deploy("--all", "--service", "my.shop")) == ['"my.shop".a', '"my.shop".b']
    assert sorted(site.deploy("--all", "--service", '"my.shop"', "--service", "my.shop", "--service", "shop")) == [
        '"my.shop".a',
        '"my.shop".b',
        "shop.a",
    ]
    refused = site("deploy", "--from-server", "--all", "--service", "my_shop", code=2)
    assert "no ingestion pipeline of a service my_shop" in refused.err


def test_what_cannot_be_deployed_is_listed_and_holds_nothing_up(site: Site) -> None:
    masked = pipeline("masked", SHOP, config={"type": "DBT", "dbtConfigSource": {"dbtCloudAuthToken": "*********"}})
    hidden = pipeline("hidden", SHOP, sourceConfig={})
    retired = pipeline("retired", SHOP, pipeline_type="dataInsight", config={"type": "MetadataToElasticSearch"})
    odd = pipeline("odd", SHOP, schedule="@reboot")
    junk = pipeline("junk", SHOP, sourceConfig=[], airflowConfig=7)
    site.seed(services=[SHOP], pipelines=[masked, hidden, retired, odd, junk, pipeline("good", SHOP)])

    found = site.deploy("--all", code=1)
    by_name = site.deploy("shop.good", "shop.nope", code=1)

    assert {fqn: item["action"] for fqn, item in found.items()} == {
        "shop.good": "created",
        "shop.hidden": "failed",
        "shop.junk": "failed",
        "shop.masked": "failed",
        "shop.odd": "failed",
        "shop.retired": "skipped",
    }
    assert "sourceConfig.config.dbtConfigSource.dbtCloudAuthToken is masked" in found["shop.masked"]["reason"]
    assert "its sourceConfig is hidden" in found["shop.hidden"]["reason"]
    assert "ViewAll" in found["shop.hidden"]["reason"]
    assert "'@reboot'" in found["shop.odd"]["reason"]
    assert (by_name["shop.good"]["action"], by_name["shop.nope"]["action"]) == ("unchanged", "failed")
    assert "'shop.nope' is not in OpenMetadata" in by_name["shop.nope"]["reason"]
    said = site("deploy", "--from-server", "shop.retired", "shop.good").err
    assert "skipped: retired: OpenMetadata: shop.retired: " in said
    assert "2 pipelines: 1 unchanged, 1 skipped" in said


def test_list_says_how_server_and_cluster_stand(site: Site) -> None:
    names = ("same", "late", "edited", "off", "old-name", "gone")
    entities = {name: pipeline(name, SHOP) for name in names}
    site.seed(services=[SHOP], pipelines=list(entities.values()))
    site.deploy("--all")
    from_files = definitions.pipeline({"log": "x"}, name="by-hand", service_name="shop")
    site.program.deploy(from_files, definitions.service("shop"))
    others = definitions.pipeline({"log": "x"}, name="mine", service_name="shop")
    site.program.deploy(others, definitions.service("shop"))

    late = {**entities["late"]["airflowConfig"], "scheduleInterval": "0 5 * * *", "pipelineTimezone": "Europe/Rome"}
    edited = {"config": {"type": "DatabaseMetadata", "includeViews": False}}
    renamed = pipeline("new-name", SHOP, id=entities["old-name"]["id"])
    site.forget(entities["gone"])
    site.forget(entities["old-name"])
    site.seed(
        pipelines=[
            {**entities["late"], "airflowConfig": late},
            {**entities["edited"], "sourceConfig": edited},
            {**entities["off"], "enabled": False},
            renamed,
            pipeline("fresh", SHOP),
            pipeline("by-hand", SHOP),
            pipeline("retired", SHOP, pipeline_type="dataInsight"),
            pipeline("lost", service("nowhere")),
        ]
    )
    found = site.standings()

    assert found["shop.same"] == ("up-to-date",)
    assert found["shop.late"] == ("changed", "schedule", "time zone")
    assert found["shop.edited"] == ("changed", "document")
    assert found["shop.off"] == ("changed", "disabled")
    assert found["shop.new-name"] == ("changed", "renamed, was shop.old-name")
    assert found["shop.gone"] == ("orphaned",)
    assert found["shop.fresh"] == ("missing",)
    assert found["shop.by-hand"] == ("deployed-from-files",)
    assert found["shop.retired"][0] == "not-run"
    assert found["nowhere.lost"][0] == "unusable"
    assert {"shop.old-name", "shop.mine"}.isdisjoint(found)
    table = site("list", "--from-server").out
    assert "renamed, was shop.old-name" in table

    site("deploy", "--from-server", *[f"shop.{name}" for name in ("late", "edited", "off", "new-name", "fresh")])
    after = site.standings()
    assert {after[f"shop.{name}"] for name in ("late", "edited", "off", "new-name", "fresh")} == {("up-to-date",)}


def test_a_pipeline_that_somebody_else_suspended_is_no_change(site: Site) -> None:
    site.seed(services=[SHOP], pipelines=[pipeline("nightly", SHOP)])
    name = site.deploy("--all")["shop.nightly"]["resourceName"]

    site.program("disable", "nightly")
    assert site.standings()["shop.nightly"] == ("changed", "enabled")
    site.program("enable", "nightly")
    site.program.space.kubectl("patch", "cronjob", name, "-p", '{"spec": {"suspend": true}}')
    assert site.standings()["shop.nightly"] == ("up-to-date",)


def test_sources_keep_apart(site: Site) -> None:
    site.seed(services=[SHOP], pipelines=[pipeline("nightly", SHOP)])
    entity = definitions.pipeline({"log": "x"}, service_name="shop")
    site.program.deploy(entity, definitions.service("shop"))

    refused = site.deploy("--all", code=1)["shop.nightly"]
    assert "was deployed from files" in refused["reason"]
    assert site.deploy("--all", "--force")["shop.nightly"]["action"] == "updated"
    assert site.standings()["shop.nightly"] == ("up-to-date",)


def test_dry_runs_write_nothing(site: Site) -> None:
    site.seed(services=[SHOP], pipelines=[pipeline("nightly", SHOP)])

    assert site.deploy("--all", "--dry-run=client")["shop.nightly"]["action"] == "checked"
    assert site.deploy("--all", "--dry-run=server")["shop.nightly"]["action"] == "created"
    assert site.program.space.list("cronjobs") == []


def test_a_server_of_another_version_is_warned_of(site: Site) -> None:
    site.seed(services=[SHOP], pipelines=[pipeline("nightly", SHOP)])
    site.program.configure(
        metadataApiEndpoint=ENDPOINT, ingestionImage="registry.example/ingestion:1.11.4@sha256:" + "0" * 64
    )

    said = site("deploy", "--from-server", "--all", "--dry-run=client").err
    assert "OpenMetadata is version 1.12.14, and the ingestion image registry.example/ingestion:1.11.4" in said

    site.program.configure(metadataApiEndpoint=ENDPOINT, ingestionImage="registry.example:5000/ingestion:1.12.3.1")
    assert "OpenMetadata is version" not in site("deploy", "--from-server", "--all", "--dry-run=client").err


def test_what_is_missing_or_wrong_is_said_before_anything_is_written(site: Site) -> None:
    entity = pipeline("nightly", SHOP)
    site.seed(services=[SHOP], pipelines=[entity])
    site.server.faults.add({"path": "", "status": 401, "message": "Expired token!"})

    rejected = site("deploy", "--from-server", "--all", code=1)
    assert "rejected the token of ingestion-bot" in rejected.err
    site.program.configure()
    without = site.program("deploy", "--from-server", "--all", code=2)
    assert "the token for the OpenMetadata server is missing" in without.err
    nowhere = site.program("deploy", "--from-server", "--all", *site.place[2:], code=2)
    assert "the URL of the OpenMetadata server is missing" in nowhere.err
    empty = site.program("deploy", "--from-server", "--all", *site.place[2:], "--server", "", code=2)
    assert "'' is not a valid URL of an OpenMetadata server" in empty.err
    site.server.faults.clear()
    warned = site("deploy", "--from-server", "--all", "--dry-run=client")
    assert "which is their own pod: set metadataApiEndpoint" in warned.err


@pytest.mark.parametrize(
    "words",
    [
        ["deploy"],
        ["deploy", "shop.x"],
        ["deploy", "--all"],
        ["deploy", "--from-server"],
        ["deploy", "--from-server", "--all", "shop.x"],
        ["deploy", "--from-server", "--all", "-f", "x.yaml"],
        ["deploy", "--from-server", "shop.x", "--service", "shop"],
        ["deploy", "--from-server", "--all", "--service", ""],
        ["deploy", "--from-server", ""],
        ["deploy", "-f", "x.yaml", "--service", ""],
    ],
)
def test_options_that_do_not_belong_together(program: Program, words: list[str]) -> None:
    assert "Usage:" in program(*words, code=2).err


def test_a_page_is_asked_for_once_and_a_service_as_well(site: Site) -> None:
    site.server.control.seed(fleet(30))

    site("list", "--from-server")

    paths = Counter(entry.path.removeprefix("/api/v1/") for entry in site.server.journal.since())
    assert paths[PIPELINES] == 1
    assert paths[f"{DATABASES}/{identity('databaseService', 'postgres_0')}"] == 1
    assert sum(paths.values()) == 1 + 1 + 9
    assert {entry.auth["subject"] for entry in site.server.journal.since()} == {"ingestion-bot"}


def test_a_pipeline_that_was_renamed_on_the_server_replaces_its_old_objects(site: Site) -> None:
    before = pipeline("before", SHOP)
    site.seed(services=[SHOP], pipelines=[before])
    site.deploy("--all")
    site.forget(before)
    site.seed(pipelines=[pipeline("after", SHOP, id=before["id"])])

    assert site.deploy("--all", "--dry-run=server")["shop.after"]["action"] == "renamed"
    deployed = site.deploy("--all")["shop.after"]

    assert deployed["action"] == "renamed"
    assert any("shop.before" in note and "was deleted" in note for note in deployed["notes"])
    assert _fqns(site) == ["shop.after"]
    assert "--rename requires -f" in site("deploy", "--from-server", "--all", "--rename", code=2).err


def test_a_name_that_the_server_still_has_is_not_renamed(site: Site) -> None:
    before = pipeline("before", SHOP)
    site.seed(services=[SHOP], pipelines=[before])
    site.deploy("--all")
    site.program("run", "before", "--wait")
    (uid,) = [item["metadata"]["uid"] for item in site.program.space.list("cronjobs")]

    # Under the same id, which is for a person to look at.
    site.seed(pipelines=[pipeline("copy", SHOP, id=before["id"])])
    refused = site.deploy("shop.copy", "shop.before", "--force", code=1)
    assert {fqn: item["action"] for fqn, item in refused.items()} == {"shop.copy": "failed", "shop.before": "unchanged"}
    assert "'shop.copy' has the id of 'shop.before'" in refused["shop.copy"]["reason"]
    assert _fqns(site) == ["shop.before"]

    # Under another id: it was renamed, and one was recreated under its old name.
    site.seed(pipelines=[{**before, "id": "5b4a6f8e-0000-4000-8000-000000000001"}])
    assert site.standings() == {"shop.copy": ("missing",), "shop.before": ("changed", "id")}
    assert site.deploy("shop.copy")["shop.copy"]["action"] == "created"
    assert site.deploy("--all")["shop.before"]["action"] == "updated"
    assert set(site.standings().values()) == {("up-to-date",)}
    assert uid in [item["metadata"]["uid"] for item in site.program.space.list("cronjobs")]
    assert len(site.program("runs", "before", "-o", "json").json) == 1


def test_where_the_server_does_not_say_nothing_is_deleted(site: Site) -> None:
    before = pipeline("before", SHOP)
    site.seed(services=[SHOP], pipelines=[before])
    site.deploy("--all")
    site.forget(before)
    site.seed(pipelines=[pipeline("after", SHOP, id=before["id"])])
    site.server.faults.add({"path": "name/shop.before", "status": 403, "message": "not for you", "times": 1})

    refused = site.deploy("--all", code=1)["shop.after"]

    assert "not for you" in refused["reason"]
    assert _fqns(site) == ["shop.before"]


def test_what_files_made_with_an_id_of_the_server_is_not_deleted(site: Site) -> None:
    entity = pipeline("nightly", SHOP)
    mine = definitions.pipeline({"log": "x"}, name="mine", service_name="shop", id=entity["id"])
    site.program.deploy(mine, definitions.service("shop"))
    site.seed(services=[SHOP], pipelines=[entity])

    for words in ([], ["--force"]):
        refused = site.deploy("--all", *words, code=1)["shop.nightly"]
        assert "'shop.mine', which is deployed as CronJob" in refused["reason"]
        assert "from files" in refused["reason"]
    assert _fqns(site) == ["shop.mine"]


def _fqns(site: Site) -> list[str]:
    return [item["metadata"]["annotations"]["k8s-pipeline/fqn"] for item in site.program.space.list("cronjobs")]
