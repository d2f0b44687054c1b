"""The service is killed while it is asked, restarted, and given what does not fit the server."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from tests.cluster.e2e_openmetadata.driver import Clicked, Driver

pytestmark = pytest.mark.thorough


@pytest.fixture(autouse=True)
def _as_it_was(driver: Driver) -> Iterator[None]:
    """Whatever a test did to it, the next one finds the service at work."""
    yield
    driver.service.stop()
    driver.service.start()


def killed_while_asked(driver: Driver, pipeline: Clicked, button: str, milliseconds: int) -> None:
    """Kill the service so long after a button was pressed, and start it again."""
    asking = threading.Thread(target=pipeline.press, args=[button])
    asking.start()
    time.sleep(milliseconds / 1000)
    driver.service.kill()
    asking.join(60)
    assert not asking.is_alive(), "the server gets an error, and does not wait forever"
    driver.service.start()


@pytest.mark.parametrize("milliseconds", [10, 60])
def test_killed_in_the_middle_of_a_deploy(driver: Driver, milliseconds: int) -> None:
    pipeline = driver.create({"log": "once"})
    killed_while_asked(driver, pipeline, "deploy", milliseconds)
    pipeline.deploy()
    assert pipeline.cronjob()
    pipeline.reaches(pipeline.trigger(), "success")


@pytest.mark.parametrize("milliseconds", [10, 60])
def test_killed_in_the_middle_of_a_trigger(driver: Driver, milliseconds: int) -> None:
    """The server says no run id: the same trigger again finds the run that is active, if there is one."""
    pipeline = driver.deployed({"sleep": 600})
    killed_while_asked(driver, pipeline, "trigger", milliseconds)
    answer = pipeline.press("trigger")
    assert (answer.status, answer.body["code"]) == (200, 200), answer
    assert len(pipeline.jobs()) == 1
    pipeline.press("kill")


def test_a_run_that_ends_while_there_is_no_service_is_reported_by_the_next(driver: Driver) -> None:
    pipeline = driver.deployed({"sleep": 1}, {"hardExit": 3})
    run_id = pipeline.trigger()
    driver.service.kill()
    pipeline.ends(run_id)
    driver.service.start()
    assert pipeline.reaches(run_id, "failed")["status"], "with its cause"


def test_another_password_is_refused_and_changes_nothing(driver: Driver) -> None:
    pipeline = driver.create({"log": "never"})
    driver.service.stop()
    driver.service.start(password="of-somebody-else")
    assert pipeline.press("deploy").status == 400
    assert pipeline.cronjobs() == []
    answer = driver.health()
    assert answer.status != 200 or answer.body["code"] != 200, answer


def test_another_line_of_openmetadata_is_unhealthy(driver: Driver) -> None:
    driver.service.stop()
    driver.service.start(version="0.1.2")
    answer = driver.health()
    assert answer.status != 200 or answer.body["code"] != 200, answer
