"""Every type of pipeline, an automation and an application run to the end, on exactly the document that was built."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.cli.files import read_pipelines
from k8s_pipeline_client.client import Pipelines
from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.errors import DefinitionError, InputError
from k8s_pipeline_client.settings import Settings
from tests.cluster.support.definitions import PASSWORD, TOKEN, pipeline, service
from tests.cluster.support.program import QUICK, Program
from tests.cluster.support.space import until

TYPES = ("metadata", "usage", "lineage", "profiler", "autoClassification", "TestSuite", "dbt", "application")
DUMP: dict[str, Any] = {"steps": [{"dumpConfig": True}, {"runChild": "echo type=$pipelineType"}]}
SERVER = {"hostPort": "http://openmetadata.invalid:8585/api", "securityConfig": {"jwtToken": TOKEN}}
CONNECTION = {"config": {"type": "Postgres", "password": PASSWORD, "hostPort": "pg:5432", "note": 'ü "quoted" \'\n'}}


def _entity(kind: str) -> Document:
    config = {"sourcePythonClass": "a.B", "appConfig": {"standin": DUMP}, "appPrivateConfig": {"token": PASSWORD}}
    return pipeline(pipelineType=kind, sourceConfig={"config": config if kind == "application" else {"standin": DUMP}})


def _automation(*steps: dict[str, Any]) -> Document:
    return {
        "id": "cead4ce2-f608-5959-81e6-42fc016175cb",
        "name": "test-connection-1",
        "workflowType": "TEST_CONNECTION",
        "request": {"connection": CONNECTION, "serviceName": None, "standin": {"steps": list(steps)}},
        "openMetadataServerConnection": SERVER,
    }


def _app(**config: Any) -> Document:
    return {
        "name": "QueryRunner",
        "appType": "external",
        "sourcePythonClass": "metadata.applications.example.HelloPipelines",
        "appConfiguration": {"standin": DUMP, **config},
        "openMetadataServerConnection": SERVER,
    }


def _built(*paths: str, services: tuple[str, ...] = ()) -> str:
    """Return the document that the definitions become."""
    (found,) = read_pipelines(map(Path, paths), map(Path, services))
    return found.document_text()


def _is_received(log: str, document: str) -> bool:
    content = document.encode()
    return f"config bytes={len(content)} sha256={hashlib.sha256(content).hexdigest()}" in log


@pytest.fixture
def client(program: Program, standin: str) -> Pipelines:
    """The library, in the program's place; runs that fail are tried again."""
    values = {**QUICK, "backoffLimit": 3, "namespace": program.space.namespace, "ingestionImage": standin}
    settings = Settings.model_validate(values)
    return Pipelines.connect(settings, kubeconfig=program.space.kubeconfig)


@pytest.mark.parametrize("kind", TYPES)
def test_the_image_receives_the_document_that_was_built(program: Program, kind: str) -> None:
    path = program.file("p.json", _entity(kind), service())
    program("deploy", "-f", path)

    run = program("run", "nightly", "--wait", "-o", "json").json

    assert run["state"] == "success"
    log = program("logs", "nightly").out
    assert _is_received(log, _built(path))
    assert f"type={kind}" in log


def test_the_connection_of_a_given_service_is_received_too(program: Program) -> None:
    path = program.file("p.json", _entity("metadata"))
    given = program.file("s.json", service() | {"connection": CONNECTION})
    program("deploy", "-f", path, "--service", given)

    program("run", "nightly", "--wait")

    document = _built(path, services=(given,))
    assert json.loads(document)["source"]["serviceConnection"] == CONNECTION
    assert _is_received(program("logs", "nightly").out, document)
    assert program("diff", "-f", path, "--service", given).out == ""


def test_an_automation_runs_once_and_its_secret_goes_with_it(program: Program) -> None:
    path = program.file("automation.json", _automation({"dumpConfig": True}))

    result = program("run", "-f", path, "--logs")

    assert _is_received(result.out, _built(path))
    (job,), (secret,) = program.space.list("jobs"), program.space.list("secrets")
    assert secret["metadata"]["ownerReferences"][0]["uid"] == job["metadata"]["uid"]
    assert job["metadata"]["labels"]["app.kubernetes.io/component"] == "automation"
    assert job["spec"]["ttlSecondsAfterFinished"] == 300
    assert program.space.list("cronjobs") == []
    assert PASSWORD not in json.dumps([job, program.space.list("pods"), program.space.list("configmaps")])


def test_an_automation_that_fails_is_not_repeated(program: Program, client: Pipelines) -> None:
    started = client.run_automation(_automation({"fail": "no route to the database"}))

    ended = client.wait(started.job_name, timeout=120)

    assert ended.state.value == "failed"
    assert ended.cause is not None
    assert "no route to the database" in ended.cause.summary
    assert len(program.space.list("pods")) == 1


def test_an_automation_that_is_evicted_is_not_repeated(program: Program, client: Pipelines) -> None:
    started = client.run_automation(_automation({"sleep": 600}))
    pod = until(_running(program), "the pod runs")
    name, namespace = pod["metadata"]["name"], program.space.namespace
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
    way = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"

    program.space.kubectl("create", "--raw", way, "-f", "-", given=json.dumps(eviction))

    assert client.wait(started.job_name, timeout=120).state.value == "failed"
    assert [item["metadata"]["name"] for item in program.space.list("pods") if item["metadata"]["name"] != name] == []


def test_what_render_shows_of_an_automation_can_be_applied(program: Program) -> None:
    path = program.file("automation.json", _automation({"dumpConfig": True}))

    program.space.kubectl("apply", "--server-side", "-f", "-", given=program("render", "-f", path).out)

    (job,) = program.space.list("jobs")
    program("wait", job["metadata"]["name"])
    assert _is_received(program("logs", job["metadata"]["name"]).out, _built(path))


def test_an_application_runs_by_itself(program: Program) -> None:
    path = program.file("app.json", _app())

    result = program("run", "-f", path, "--logs")

    assert _is_received(result.out, _built(path))
    assert "type=application" in result.out
    (job,) = program.space.list("jobs")
    assert job["metadata"]["labels"]["app.kubernetes.io/component"] == "application"


def test_the_library_runs_an_automation_and_an_application(client: Pipelines) -> None:
    for started in (client.run_automation(_automation({"log": "asked once"})), client.run_application(_app())):
        assert client.wait(started.job_name, timeout=120).state.value == "success"
    with pytest.raises(DefinitionError, match="is not an AutomationWorkflow"):
        client.run_automation(_app())


def test_an_override_is_for_one_run_and_has_a_secret_of_its_own(program: Program, client: Pipelines) -> None:
    deployed = program("deploy", "-f", program.file("p.json", _entity("usage"), service()), "-o", "json").json[0]
    steps = {"steps": [{"printSecret": "source.sourceConfig.config.added"}]}

    run = client.run("nightly", source_config_override={"standin": steps, "added": "only today"})

    assert client.wait(run.job_name, timeout=120).state.value == "success"
    log = program("logs", "nightly").out
    assert "leak print: only today" in log
    (own,) = [item for item in program.space.list("secrets") if item["metadata"]["name"] == run.job_name]
    assert own["metadata"]["ownerReferences"][0]["kind"] == "Job"
    program("run", "nightly", "--wait")
    assert "config bytes=" in program("logs", "nightly").out, "the next run is as it was deployed"
    assert deployed["resourceName"] in [item["metadata"]["name"] for item in program.space.list("secrets")]
    with pytest.raises(InputError, match="appConfigOverride is for applications"):
        client.run("nightly", app_config_override={"a": 1})


def test_an_application_is_overridden_by_whole_keys(program: Program, client: Pipelines) -> None:
    program("deploy", "-f", program.file("p.json", _entity("application")))

    run = client.run("nightly", app_config_override={"standin": {"steps": [{"log": "something else"}]}})

    assert client.wait(run.job_name, timeout=120).state.value == "success"
    log = program("logs", "nightly").out
    assert "something else" in log
    assert "config bytes=" not in log
    with pytest.raises(InputError, match="sourceConfigOverride is for pipelines with a source"):
        client.run("nightly", source_config_override={"a": 1})


def test_a_pipeline_with_several_active_runs_needs_no_asking(program: Program) -> None:
    entity = pipeline({"sleep": 60}, airflowConfig={"maxActiveRuns": 2, "scheduleInterval": "0 0 1 1 *"})
    result = program.deploy(entity, service())
    assert "maxActiveRuns 2 becomes concurrencyPolicy Allow" in result.err
    assert result.json[0]["notes"]

    program("run", "nightly")
    program("run", "nightly")

    assert len(program.space.list("jobs")) == 2


def _running(program: Program) -> Any:
    return lambda: next((pod for pod in program.space.list("pods") if pod["status"]["phase"] == "Running"), None)
