"""The button that tests a connection."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from tests.cluster.e2e_openmetadata.driver import Driver
from tests.cluster.support.space import until
from tests.openmetadata_contract.servers import WORKFLOWS, Document

pytestmark = pytest.mark.thorough


def requested(driver: Driver, *steps: Document) -> Document:
    """Make a workflow that tests the connection of our service."""
    connection = driver.server.service["connection"]["config"]
    told = {"steps": list(steps), "report": driver.reached}
    request = {
        "connection": {"config": {**connection, "connectionArguments": {"standin": told}}},
        "serviceType": "Database",
        "connectionType": "Postgres",
        "serviceName": driver.server.name,
    }
    create = {"name": f"{driver.server.name}-test", "workflowType": "TEST_CONNECTION", "request": request}
    answer = driver.server.call("POST", WORKFLOWS, create)
    assert answer.status == 201, answer
    found: Document = answer.body
    return found


@pytest.fixture
def workflow(driver: Driver) -> Iterator[Document]:
    """A workflow that nobody has run."""
    found = requested(driver, {"log": "connected"})
    yield found
    driver.server.call("DELETE", f"{WORKFLOWS}/{found['id']}?hardDelete=true")


def test_a_connection_is_tested_by_a_job(driver: Driver, workflow: Document) -> None:
    answer = driver.server.call("POST", f"{WORKFLOWS}/trigger/{workflow['id']}")
    assert (answer.status, answer.body["code"]) == (200, 200), answer
    (job,) = [each for each in driver.space.list("jobs") if each["metadata"]["name"] in answer.body["reason"]]
    name = job["metadata"]["name"]
    until(lambda: driver.space.get("jobs", name)["status"].get("succeeded"), "it has ended well")
    if driver.reached:
        found = driver.server.call("GET", f"{WORKFLOWS}/{workflow['id']}").body
        assert (found["status"], found["response"]["steps"][0]["passed"]) == ("Successful", True)


def test_the_job_has_the_password_as_the_server_has_it(driver: Driver, workflow: Document) -> None:
    """What the server posts has it encrypted; the Job's has what a bot is shown."""
    driver.server.call("POST", f"{WORKFLOWS}/trigger/{workflow['id']}")
    until(lambda: driver.space.list("jobs"), "a Job runs it")
    given = [
        base64.b64decode(value).decode()
        for secret in driver.space.list("secrets")
        for value in (secret.get("data") or {}).values()
    ]
    ours = [text for text in given if workflow["name"] in text]
    assert ours
    assert all("hidden" in text and "fernet:" not in text for text in ours)
