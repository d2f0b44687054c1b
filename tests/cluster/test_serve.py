"""``k8s-pipeline serve`` as a process, with the rights of what it does and no others, driven as a server drives it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.cluster.access import SERVED, Resource, Right, Verb, needed_by, rules
from tests.cluster.support.definitions import PASSWORD as SECRET
from tests.cluster.support.definitions import TOKEN, pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.space import until
from tests.images.recording import RecordingServer
from tests.service.javaclient import ROOTS, Answer, FailedError, Generation, JavaClient, strict

USERNAME, PASSWORD = "admin", "of-the-mounted-secret"
SERVICE = service("pg_prod")


@dataclass
class Served:
    """A service that runs."""

    port: int
    process: subprocess.Popen[str]
    log: Path

    def client(self, generation: Generation = Generation.NEW) -> JavaClient:
        """Return a client that has asked nothing as yet."""
        return JavaClient(f"http://127.0.0.1:{self.port}/", USERNAME, PASSWORD, generation)


@contextmanager
def serving(program: Program, folder: Path, openmetadata: RecordingServer) -> Iterator[Served]:
    """Serve in a process of its own."""
    (folder / "username").write_text(USERNAME)
    (folder / "password").write_text(f"the-one-before\n{PASSWORD}\n")
    log = folder / "serve.log"
    words = ["serve", "--config", str(program.settings_file), "-n", program.space.namespace, "--host", "127.0.0.1"]
    words += ["--kubeconfig", str(program.space.kubeconfig), "--port", "0", "--openmetadata-version", "1.12.14"]
    words += ["--username-file", str(folder / "username"), "--password-file", str(folder / "password")]
    environment = {**os.environ, "SERVER_HOST_API_URL": openmetadata.url}
    with log.open("w") as stream:
        code = "import sys; from k8s_pipeline_client.cli.main import main; main(sys.argv[1:])"
        process = subprocess.Popen([sys.executable, "-c", code, *words], stderr=stream, env=environment, text=True)
    try:
        (port,) = until(lambda: re.findall(r"running on http://127.0.0.1:(\d+)", log.read_text()), "it listens")
        yield Served(int(port), process, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0, log.read_text()


@pytest.fixture
def openmetadata() -> Iterator[RecordingServer]:
    """The stand-in of OpenMetadata on this machine: the service asks it for the type of a pipeline's service."""
    with RecordingServer(seed={"entities": {"services/databaseServices": [SERVICE]}}) as server:
        yield server


@pytest.fixture
def served(program: Program, tmp_path: Path, openmetadata: RecordingServer) -> Iterator[Served]:
    """A service whose account may do what it needs, and nothing else."""
    account = program.space.with_rights("k8s-pipeline-service", rules(needed_by(SERVED)), tmp_path)
    with serving(program.within(account), tmp_path, openmetadata) as found:
        yield found


def defined(*steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a pipeline of the service, as the server would post it."""
    found = pipeline(*steps, **fields)
    found["service"]["id"] = SERVICE["id"]
    return found


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


def test_a_pipelines_life_over_http(served: Served, program: Program) -> None:
    server = served.client()
    assert server.health().json == {"status": "healthy", "version": "1.12.14"}
    nightly = defined({"log": "a first line"}, {"sleep": 5}, {"log": "a last line"}, schedule="0 3 1 1 *")
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

    server.deploy(defined({"log": "it will not do"}, {"exit": 3}, id=nightly["id"]))
    failing = str(server.trigger("nightly"))
    reaches(server, failing, "failed")

    server.deploy(defined({"sleep": 600}, id=nightly["id"]))
    endless = str(server.trigger("nightly"))
    reaches(server, endless, "running")
    assert endless in server.kill("nightly")
    reaches(server, endless, "failed")

    for _ in range(2):
        server.delete("nightly")
    until(lambda: not program.space.list("jobs") + program.space.list("pods"), "nothing is left")
    assert program.space.list("cronjobs") == []
    log = served.log.read_text()
    for secret in (PASSWORD, SECRET, TOKEN, "Traceback"):
        assert secret not in log


def test_a_run_that_nobody_else_knows_of_is_queued_and_then_runs(served: Served, program: Program) -> None:
    server = served.client(Generation.PLAIN)
    server.deploy(defined({"sleep": 3}))
    server.trigger("nightly")
    (job,) = program.space.list("jobs")
    run_id = job["metadata"]["labels"]["app.kubernetes.io/run-id"]
    assert {row["runId"] for row in server.queued("nightly")} <= {run_id}  # it may run by now
    reaches(server, run_id, "success")
    assert server.queued("nightly") == []


@pytest.mark.parametrize("milliseconds", [0, 5, 20])
def test_the_same_trigger_after_a_kill_is_one_run(
    program: Program, tmp_path: Path, openmetadata: RecordingServer, milliseconds: int
) -> None:
    """The service dies while it is asked, perhaps before the Job is there, perhaps after; the server asks again."""
    asked = {"dag_id": "nightly", "conf": {"pipelineRunId": str(uuid.uuid4())}}
    with serving(program, tmp_path, openmetadata) as first:
        server = first.client()
        server.deploy(defined({"log": "once"}))
        dying = threading.Thread(target=lambda: suppressed(lambda: server.ask("POST", "trigger", asked)))
        dying.start()
        time.sleep(milliseconds / 1000)
        first.process.kill()
        first.process.wait(10)
        dying.join(10)
    with serving(program, tmp_path, openmetadata) as second:
        for _ in range(2):
            assert second.client().ask("POST", "trigger", asked).status == 200
    assert len(program.space.list("jobs")) == 1


def suppressed(ask: Callable[[], Any]) -> None:
    """Ask a service that dies meanwhile."""
    with contextlib.suppress(OSError, HTTPException):
        ask()


def test_an_automation_runs_once_with_what_openmetadata_has(
    served: Served, program: Program, openmetadata: RecordingServer
) -> None:
    connection = defined()["openMetadataServerConnection"]
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
    answer = served.client().run_automation({**workflow, "request": hidden, "openMetadataServerConnection": connection})
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
        with serving(program.within(account), tmp_path, openmetadata) as served:
            answer = until(lambda: answered(served), "it answers in time")
            assert answer is not None and answer.status == status
            assert ("create jobs" in answer.text) is (status == 503)
            assert "events" not in answer.text


def answered(served: Served) -> Answer | None:
    """Return what health says, once that comes in time: the machine may be busy."""
    answer = served.client().send("GET", f"{ROOTS[0]}/health-auth")
    return None if answer.status == 503 and answer.json["code"] == "TimeOver" else answer
