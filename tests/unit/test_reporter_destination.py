"""Which OpenMetadata a run is reported to, and with which token."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from k8s_pipeline_client import Settings
from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.openmetadata.port import OpenMetadata
from k8s_pipeline_client.reporter import Reporter, Way
from tests.unit import scene
from tests.unit.reporting import SETTINGS, World

GIVEN = {"metadata_api_endpoint": "http://elsewhere:8585/api", "server_token": "given-token"}


def ways(world: World, count: int = 1, reporter: Reporter | None = None) -> list[Way]:
    """Return how the reporter reached OpenMetadata."""
    found: list[Way] = []

    def connect(way: Way) -> OpenMetadata:
        found.append(way)
        return world.server

    reporter = reporter or Reporter(world.fake, world.settings, connect, parallel=1)
    for _ in range(count):
        world.fake.advance(10)
        reporter.reconcile()
    return found


def with_settings(world: World, **values: object) -> World:
    world.settings = Settings.model_validate({**SETTINGS.model_dump(), **values})
    return world


def test_without_settings_it_is_where_the_run_reports_itself() -> None:
    world = World()
    world.failed_run()

    (way,) = ways(world)

    assert (way.address, way.token) == ("http://openmetadata:8585/api", scene.token())


def test_a_token_in_the_document_will_do() -> None:
    world = World(token="opaque")
    world.failed_run()

    (way,) = ways(world)

    assert way.token == "opaque"


def test_the_settings_come_first() -> None:
    world = with_settings(World(), **GIVEN)
    world.failed_run()

    (way,) = ways(world)

    assert (way.address, way.token) == ("http://elsewhere:8585/api", "given-token")


def test_a_token_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first\n")
    world = with_settings(World(), metadata_api_endpoint="http://elsewhere:8585/api", server_token_file=str(path))
    found: list[Way] = []

    def connect(way: Way) -> OpenMetadata:
        found.append(way)
        return world.server

    reporter = Reporter(world.fake, world.settings, connect, parallel=1)
    world.failed_run()
    world.server.be_down()
    ways(world, reporter=reporter)
    path.write_text("second\n")
    ways(world, reporter=reporter)

    assert [way.token for way in found] == ["first", "second"]


def test_a_new_token_that_is_not_accepted_as_yet_leaves_the_old_one_in_force(tmp_path: Path) -> None:
    path = tmp_path / "token"
    old, new = scene.token(2), scene.token(3)
    path.write_text(old)
    world = with_settings(World(), metadata_api_endpoint="http://elsewhere:8585/api", server_token_file=str(path))
    world.server.accept_only("ingestion-bot", old)
    reporter = Reporter(world.fake, world.settings, lambda way: world.server.with_token(way.token), parallel=1)
    reporter.reconcile()
    path.write_text(new)
    job = world.failed_run()

    for _ in range(2):
        world.fake.advance(10)
        reporter.reconcile()
    assert world.mark(job) == labels.FINAL, "with the old one"

    world.server.accept_only("ingestion-bot", new)
    job = world.failed_run()
    for _ in range(2):
        world.fake.advance(10)
        reporter.reconcile()
    assert world.mark(job) == labels.FINAL, "with the new one"


def test_a_server_that_is_down_when_a_token_is_renewed_is_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "token"
    old, new = scene.token(2), scene.token(3)
    path.write_text(old)
    world = with_settings(World(), metadata_api_endpoint="http://elsewhere:8585/api", server_token_file=str(path))
    reporter = Reporter(world.fake, world.settings, lambda way: world.server.with_token(way.token), parallel=1)
    reporter.reconcile()
    path.write_text(new)
    world.server.be_down(times=1)
    reporter.reconcile()
    world.server.accept_only("ingestion-bot", new)
    job = world.failed_run()

    for _ in range(2):
        world.fake.advance(10)
        reporter.reconcile()

    assert world.mark(job) == labels.FINAL


def test_a_rotated_token_is_used_from_the_next_pass_on() -> None:
    world = World()
    world.failed_run()
    old, new = scene.token(2), scene.token(3)
    found: list[Way] = []

    def connect(way: Way) -> OpenMetadata:
        found.append(way)
        return world.server.with_token(way.token)

    reporter = Reporter(world.fake, world.settings, connect, parallel=1)
    world.server.accept_only("ingestion-bot", new)
    world.fake.advance(10)
    report = reporter.reconcile()
    assert [run.error_code for run in report.runs] == ["TokenRejected"]
    (secret,) = world.fake.list(Kind.SECRET, labels=labels.TOKEN)
    data = {"jwtToken": base64.b64encode(new.encode()).decode()}
    world.fake.merge(Kind.SECRET, secret["metadata"]["name"], {"data": data})
    world.fake.advance(10)

    report = reporter.reconcile()

    assert [run.action for run in report.runs] == ["written"]
    assert [way.token for way in found] == [old, new]


def test_a_token_that_is_refused_is_said_once_in_a_pass() -> None:
    world = World()
    for _ in range(4):
        world.failed_run()
    world.server.refuse(401, "expired")
    world.server.requests.clear()

    report = world.passes()

    assert [run.error_code for run in report.runs] == ["TokenRejected"] * 4
    assert len(report.warnings) == 1
    assert len(world.server.requests) == 1


def test_runs_of_another_instance_are_not_touched() -> None:
    world = with_settings(World(), instance="staging")
    job = world.failed_run()

    report = world.passes(3)

    assert report.runs == ()
    assert world.server.requests == []
    assert world.mark(job) is None


def test_another_openmetadata_in_the_namespace_is_asked_for_its_own_runs() -> None:
    world = with_settings(World(instance="staging"), **GIVEN)
    world.failed_run()

    (way,) = ways(world)

    assert way.address == "http://openmetadata:8585/api"


def test_a_run_of_which_nothing_says_where_it_belongs_is_said_so() -> None:
    document = World().pipeline.document
    workflow = {**document["workflowConfig"]}
    del workflow["openMetadataServerConfig"]
    world = World()
    secret = world.fake.get(Kind.SECRET, world.name)
    text = json.dumps({**document, "workflowConfig": workflow}).encode()
    data = {**secret["data"], "workflow.json": base64.b64encode(text).decode()}
    world.fake.merge(Kind.SECRET, world.name, {"data": data})
    job = world.failed_run()

    report = world.passes()

    assert [run.error_code for run in report.runs] == ["NoDestination"]
    assert world.mark(job) is None
