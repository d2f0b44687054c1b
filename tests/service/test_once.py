"""What runs once: automations and applications."""

from __future__ import annotations

from typing import Any

from k8s_pipeline_client.cluster.port import Kind
from tests.data import sample
from tests.service.javaclient import (
    JavaClient,
    refused,
)
from tests.service.stage import NIGHTLY, Stage

NAME = NIGHTLY["name"]


def test_an_automation_runs_with_what_openmetadata_has_not_with_what_was_posted(
    stage: Stage, either: JavaClient
) -> None:
    workflow = sample("automation/test_connection_mysql.json")
    stage.openmetadata.add_automation(workflow)
    posted = {**workflow, "request": {**workflow["request"], "connection": {"config": {"password": "fernet:xyz"}}}}
    (_job_named,) = [either.run_automation(posted)]
    (job,) = stage.jobs()
    assert job["metadata"]["name"] in _job_named
    secrets = [item for item in stage.cluster.list(Kind.SECRET) if item["metadata"]["name"].startswith("om-")]
    assert "typed-in-form-secret" in _decoded(secrets)
    assert "fernet:" not in _decoded(secrets)
    assert stage.cluster.list(Kind.CRONJOB) == []


def test_an_automation_that_openmetadata_does_not_have_is_refused(stage: Stage, server: JavaClient) -> None:
    workflow = sample("automation/test_connection_mysql.json")
    assert refused(server.run_automation, workflow).status == 400
    stage.openmetadata.be_down()
    assert refused(server.run_automation, workflow).status == 503
    assert stage.jobs() == []


def test_an_application_runs_once(stage: Stage, either: JavaClient) -> None:
    app = {
        "name": "Collector",
        "appType": "external",
        "sourcePythonClass": "metadata.applications.collector.Collector",
        "appConfiguration": {},
        "openMetadataServerConnection": NIGHTLY["openMetadataServerConnection"],
    }
    either.run_application(app)
    assert len(stage.jobs()) == 1
    answer = refused(either.run_application, {**app, "sourcePythonClass": None})
    assert answer.status == 400


def _decoded(secrets: list[dict[str, Any]]) -> str:
    import base64

    values = [value for item in secrets for value in (item.get("data") or {}).values()]
    return "".join(base64.b64decode(value).decode() for value in values)
