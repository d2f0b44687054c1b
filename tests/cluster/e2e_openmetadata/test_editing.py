"""Changes at the server, which come twice, late and out of order."""

from __future__ import annotations

import pytest

from tests.cluster.e2e_openmetadata.driver import Clicked, Driver

pytestmark = pytest.mark.thorough

DAILY = {"scheduleInterval": "0 3 * * *", "pipelineTimezone": "UTC"}


@pytest.fixture
def pipeline(driver: Driver) -> Clicked:
    """A pipeline that is deployed, and runs at night."""
    return driver.deployed({"sleep": 600}, airflowConfig=DAILY)


def schedule_of(pipeline: Clicked) -> str:
    return str(pipeline.cronjob()["spec"]["schedule"])


def test_a_schedule_is_that_of_the_server(pipeline: Clicked) -> None:
    assert schedule_of(pipeline) == "0 3 * * *"
    pipeline.schedule("0 4 * * *")
    assert pipeline.entity()["airflowConfig"]["scheduleInterval"] == "0 4 * * *"
    assert schedule_of(pipeline) == "0 4 * * *"


def test_quick_edits_leave_what_the_server_has(pipeline: Clicked) -> None:
    """A server sends earlier states of a pipeline after later ones then."""
    for hour in range(4, 10):
        pipeline.schedule(f"0 {hour} * * *")
        answer = pipeline.edit({"op": "add", "path": "/description", "value": f"at {hour}"})
        assert answer.status == 200, answer
    assert schedule_of(pipeline) == pipeline.entity()["airflowConfig"]["scheduleInterval"] == "0 9 * * *"


def test_edits_and_a_redeploy_leave_what_the_server_has(pipeline: Clicked) -> None:
    for hour in range(4, 8):
        pipeline.schedule(f"0 {hour} * * *")
        pipeline.edit({"op": "add", "path": "/displayName", "value": f"at {hour}"})
        pipeline.deploy()
    assert schedule_of(pipeline) == pipeline.entity()["airflowConfig"]["scheduleInterval"] == "0 7 * * *"


def test_a_toggle_suspends_and_resumes(pipeline: Clicked) -> None:
    for enabled in (False, True, False):
        answer = pipeline.press("toggleIngestion")
        assert answer.status == 200, answer
        assert pipeline.entity()["enabled"] is enabled
        assert pipeline.cronjob()["spec"]["suspend"] is not enabled


def test_an_edit_right_after_a_toggle_leaves_it(pipeline: Clicked) -> None:
    pipeline.press("toggleIngestion")
    pipeline.edit({"op": "add", "path": "/description", "value": "off for the summer"})
    assert pipeline.entity()["enabled"] is False
    assert pipeline.cronjob()["spec"]["suspend"] is True


def test_what_cannot_be_deployed_is_refused_and_changes_nothing(pipeline: Clicked) -> None:
    """The server takes any text for a schedule."""
    before = pipeline.cronjob()["spec"]
    answer = pipeline.edit({"op": "replace", "path": "/airflowConfig/scheduleInterval", "value": "99 99 * * *"})
    assert answer.status == 400
    assert "99 99 * * *" in answer.said
    assert pipeline.cronjob()["spec"] == before
    assert pipeline.entity()["airflowConfig"]["scheduleInterval"] == "0 3 * * *"
