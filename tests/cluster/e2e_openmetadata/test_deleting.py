"""Deletes that can be taken back, and those that cannot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.e2e_openmetadata.driver import Driver
from tests.cluster.support.space import until
from tests.openmetadata_contract.servers import SERVICES, Server

pytestmark = pytest.mark.thorough

DAILY = {"scheduleInterval": "0 3 * * *", "pipelineTimezone": "UTC"}


@pytest.fixture
def other(driver: Driver) -> Iterator[Server]:
    """The same server, with another service."""
    found = driver.server
    other = Server(found.url, found.token, found.stand_in)
    yield other
    other.close()


def test_a_soft_delete_ends_its_run_and_it_runs_again_once_it_is_restored_and_deployed(driver: Driver) -> None:
    pipeline = driver.deployed({"sleep": 600}, airflowConfig=DAILY)
    pipeline.runs(pipeline.trigger())
    pipeline.delete()
    assert pipeline.entity()["deleted"] is True
    assert pipeline.cronjob()["spec"]["suspend"] is True, "it is kept, and does not run"
    until(lambda: not pipeline.active(), "its run ends")
    pipeline.restore()
    assert pipeline.entity()["deleted"] is False
    pipeline.deploy()  # the reporter would see it, too, within ten minutes
    assert pipeline.cronjob()["spec"]["suspend"] is False, "it runs by its schedule again"


def test_a_hard_delete_leaves_nothing(driver: Driver) -> None:
    pipeline = driver.deployed({"sleep": 600}, airflowConfig=DAILY)
    pipeline.runs(pipeline.trigger())
    pipeline.delete(hard=True)
    assert driver.server.call("GET", f"{pipeline.path}?include=all").status == 404
    until(lambda: pipeline.cronjobs() + pipeline.jobs() == [], "nothing is left of it")


def test_a_pipeline_that_was_never_deployed_can_be_deleted(driver: Driver) -> None:
    driver.create({"log": "never"}).delete(hard=True)


def test_services_go_with_their_pipelines(driver: Driver, other: Server) -> None:
    """First so that they can be restored, then for good: both tell of each pipeline."""
    there = Driver(other, driver.space, driver.service, reached=driver.reached)
    pipelines = [there.deployed({"sleep": 600}, airflowConfig=DAILY) for _ in range(2)]
    service = f"{SERVICES}/{other.service['id']}"
    assert other.call("DELETE", f"{service}?recursive=true").status == 200
    assert [pipeline.cronjob()["spec"]["suspend"] for pipeline in pipelines] == [True, True]
    assert other.call("DELETE", f"{service}?recursive=true&hardDelete=true").status == 200
    assert other.call("GET", f"{service}?include=all").status == 404
    until(lambda: not any(each.cronjobs() for each in pipelines), "nothing is left of them")


def test_two_services_have_a_pipeline_of_one_name(driver: Driver, other: Server) -> None:
    """The server says a name and nothing else: nobody's run is started, ended or deleted for the other's."""
    ours = driver.deployed({"sleep": 600}, airflowConfig=DAILY)
    theirs = Driver(other, driver.space, driver.service, reached=driver.reached).create(
        {"sleep": 600}, name=ours.name, airflowConfig=DAILY
    )
    theirs.deploy()
    assert len(ours.cronjobs() + theirs.cronjobs()) == 2
    answer = ours.press("trigger")
    assert answer.status == 400
    assert ours.jobs() + theirs.jobs() == []
    refusal = ours.press("kill")
    assert refusal.status == 400
    assert ours.fqn in refusal.said and theirs.fqn in refusal.said


NAMES = ["with.dot", "with space", "with/slash", "é-and-ß", "100% > 99", "x" * 200]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_name_that_a_server_takes(driver: Driver, name: str) -> None:
    pipeline = driver.deployed({"log": "found"}, name=name)
    run_id = pipeline.trigger()
    pipeline.reaches(run_id, "success")
    until(lambda: "found" in pipeline.log(), "its log is shown")
    pipeline.press("toggleIngestion")
    assert pipeline.cronjob()["spec"]["suspend"] is True
    pipeline.delete(hard=True)
    until(lambda: pipeline.cronjobs() == [], "nothing is left of it")
