"""``k8s-pipeline serve`` as a process, with the rights of what it does and no others, driven as a server drives it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from k8s_pipeline_client.cluster.access import SERVED, Resource, Right, Verb, needed_by, rules
from tests.cluster.support.definitions import PASSWORD as SECRET
from tests.cluster.support.definitions import TOKEN
from tests.cluster.support.program import Program
from tests.cluster.support.serving import Service, posted
from tests.cluster.support.space import until
from tests.images.recording import RecordingServer
from tests.service.javaclient import ROOTS, Answer, FailedError, Generation, JavaClient, strict


@pytest.fixture
def served(program: Program, tmp_path: Path, openmetadata: RecordingServer) -> Iterator[Service]:
    """A service whose account may do what it needs, and nothing else."""
    account = program.space.with_rights("k8s-pipeline-service", rules(needed_by(SERVED)), tmp_path)
    with Service(program.within(account), tmp_path, openmetadata=openmetadata.url).running() as found:
        yield found


def state_of(client: JavaClient, run_id: str) -> str:
    """Return the state of a run."""
    answer = client.ask("GET", "status?dag_id=nightly")
    if answer.status == 503:  # the machine is busy
        return ""
    rows = [strict(row) for row in answer.json]
    return next((str(row["pipelineState"]) for row in rows if row["runId"] == run_id), "")


def reaches(client: JavaClient, run_id: str, state: str) -> None:
    """Wait for the state of a run."""
    until(lambda: state_of(client, run_id) == state, f"the run is {state}")


def test_a_pipelines_life_over_http(served: Service, program: Program) -> None:
    server = served.connected()
    assert server.health().json == {"status": "healthy", "version": "1.12.14"}
    nightly = posted({"log": "a first line"}, {"sleep": 5}, {"log": "a last line"}, schedule="0 3 1 1 *")
    assert "created" in server.deploy(nightly)
    assert "unchanged" in server.deploy(nightly)
    for enabled in (False, True):
        server.toggle("nightly", enabled)
        assert program.space.list("cronjobs")[0]["spec"]["suspend"] is not enabled

    run_id = str(server.trigger("nightly"))
    with pytest.raises(FailedError) as second:
        server.trigger("nightly")
    assert second.value.answer.status == 409
    reaches(server, run_id, "running")
    until(lambda: "a first line" in server.all_logs("nightly"), "its log can be read while it runs")
    reaches(server, run_id, "success")
    text = server.all_logs("nightly")
    assert run_id in text.splitlines()[0]
    assert "a last line" in text

    server.deploy(posted({"log": "it will not do"}, {"exit": 3}, id=nightly["id"]))
    failing = str(server.trigger("nightly"))
    reaches(server, failing, "failed")

    server.deploy(posted({"sleep": 600}, id=nightly["id"]))
    endless = str(server.trigger("nightly"))
    reaches(server, endless, "running")
    assert endless in server.kill("nightly")
    reaches(server, endless, "failed")

    for _ in range(2):
        server.delete("nightly")
    until(lambda: not program.space.list("jobs") + program.space.list("pods"), "nothing is left")
    assert program.space.list("cronjobs") == []
    log = served.log()
    for secret in (served.place.password, SECRET, TOKEN, "Traceback"):
        assert secret not in log


def test_a_run_that_nobody_else_knows_of_is_queued_and_then_runs(served: Service, program: Program) -> None:
    server = served.connected(Generation.PLAIN)
    server.deploy(posted({"sleep": 3}))
    server.trigger("nightly")
    (job,) = program.space.list("jobs")
    run_id = job["metadata"]["labels"]["app.kubernetes.io/run-id"]
    assert {row["runId"] for row in server.queued("nightly")} <= {run_id}  # it may run by now
    reaches(server, run_id, "success")
    assert server.queued("nightly") == []


def test_an_automation_runs_once_with_what_openmetadata_has(
    served: Service, program: Program, openmetadata: RecordingServer
) -> None:
    connection = posted()["openMetadataServerConnection"]
    request = {"connection": {"config": {"type": "Postgres", "password": SECRET}}, "connectionType": "Postgres"}
    workflow = {
        "id": str(uuid.uuid4()),
        "name": "test-connection",
        "fullyQualifiedName": "test-connection",
        "workflowType": "TEST_CONNECTION",
        "request": request,
    }
    openmetadata.api.entities.put("automations/workflows", workflow)
    hidden = {**request, "connection": {"config": {"type": "Postgres", "password": "fernet:hidden"}}}
    answer = served.connected().run_automation(
        {**workflow, "request": hidden, "openMetadataServerConnection": connection}
    )
    (job,) = program.space.list("jobs")
    assert job["metadata"]["name"] in answer
    until(lambda: program.space.get("jobs", job["metadata"]["name"])["status"].get("conditions"), "it has ended")


def test_a_right_that_is_missing_is_told_by_health(
    program: Program, tmp_path: Path, openmetadata: RecordingServer
) -> None:
    """What it cannot do without makes it unhealthy; that it may not read events does not."""
    without = {Right(Verb.LIST, Resource.EVENTS), Right(Verb.CREATE, Resource.JOBS)}
    for missing, status in ((without, 503), ({Right(Verb.LIST, Resource.EVENTS)}, 200)):
        name = f"service-{len(missing)}"
        account = program.space.with_rights(name, rules(needed_by(SERVED) - missing), tmp_path)
        with Service(program.within(account), tmp_path, openmetadata=openmetadata.url).running() as served:
            answer = until(lambda: answered(served), "it answers in time")
            assert answer is not None and answer.status == status
            assert ("create jobs" in answer.text) is (status == 503)
            assert "events" not in answer.text


def answered(served: Service) -> Answer | None:
    """Return what health says, once that comes in time: the machine may be busy."""
    answer = served.client().send("GET", f"{ROOTS[0]}/health-auth")
    return None if answer.status == 503 and answer.json["code"] == "TimeOver" else answer
