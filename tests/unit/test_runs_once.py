"""Automations and applications: what runs once, and is never deployed."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.domain.recognise import recognise
from k8s_pipeline_client.domain.resolve import resolve
from k8s_pipeline_client.errors import DefinitionError
from k8s_pipeline_client.render import plan, plan_one_shot, planned
from k8s_pipeline_client.settings import Settings
from tests.cluster.support.program import Result, call
from tests.data import SAMPLES, sample

AUTOMATION = "automation/test_connection_mysql.json"
RUN_ID = "4c7d1b4e-0000-4000-8000-000000000000"
APP = {
    "name": "QueryRunner",
    "displayName": "Query Runner",
    "appType": "external",
    "sourcePythonClass": "metadata.applications.example.HelloPipelines",
    "appConfiguration": {"type": "HelloPipelines"},
    "openMetadataServerConnection": {
        "hostPort": "http://openmetadata:8585/api",
        "securityConfig": {"jwtToken": "not-a-token-with-a-name"},
    },
}
POD_SETTINGS = Settings.model_validate(
    {
        "nodeSelector": {"pool": "etl"},
        "tolerations": [{"key": "etl", "operator": "Exists"}],
        "podLabels": {"team": "data"},
        "podAnnotations": {"cost": "7"},
        "backoffLimit": 4,
        "ttlSecondsAfterFinished": 100000,
    }
)


def pipeline(entity: dict[str, Any]) -> Pipeline:
    """Return what an entity becomes."""
    (found,) = resolve(recognise(entity, "file.json"))
    return found


def job(entity: dict[str, Any], settings: Settings = POD_SETTINGS) -> dict[str, Any]:
    """Return the Job of a run."""
    return plan_one_shot(pipeline(entity), settings, RUN_ID).job


def test_an_automation_is_over_soon_and_never_repeated() -> None:
    spec = job(sample(AUTOMATION))["spec"]
    assert spec["template"]["spec"]["activeDeadlineSeconds"] == 110
    assert spec["backoffLimit"] == 0
    assert spec["ttlSecondsAfterFinished"] == 300
    # A pod that is evicted is not replaced either.
    assert [rule["action"] for rule in spec["podFailurePolicy"]["rules"]] == ["FailJob"]


def test_no_override_makes_an_automation_repeat() -> None:
    override = {"match": {"type": "automation"}, "settings": {"backoffLimit": 3, "activeDeadlineSeconds": 50}}
    spec = job(sample(AUTOMATION), Settings.model_validate({"overrides": [override]}))["spec"]
    assert (spec["backoffLimit"], spec["template"]["spec"]["activeDeadlineSeconds"]) == (0, 50)


def test_an_application_runs_as_pipelines_do() -> None:
    found = job(APP)
    assert found["metadata"]["labels"]["app.kubernetes.io/app-name"] == "queryrunner"
    spec = found["spec"]
    assert (spec["backoffLimit"], spec["ttlSecondsAfterFinished"]) == (4, 100000)
    assert spec["template"]["spec"]["activeDeadlineSeconds"] == 7200


def test_a_floor_is_said_where_it_is_kept() -> None:
    settings = Settings(ttl_seconds_after_finished=60, starting_deadline_seconds=0, failed_jobs_history_limit=0)
    found = plan_one_shot(pipeline(APP), settings, RUN_ID)
    assert found.job["spec"]["ttlSecondsAfterFinished"] == 7200
    (note,) = found.notes  # of what a CronJob alone has, nothing
    assert note.startswith("ttlSecondsAfterFinished 60 is raised to 7200 ")
    assert plan_one_shot(pipeline(sample(AUTOMATION)), settings, RUN_ID).notes == ()


@pytest.mark.parametrize(
    ("entity", "component", "entry_point"),
    [(sample(AUTOMATION), "automation", "run_automation.py"), (APP, "application", "main.py")],
    ids=["automation", "application"],
)
def test_the_pod_is_that_of_an_ingestion(entity: dict[str, Any], component: str, entry_point: str) -> None:
    found = job(entity)
    template = found["spec"]["template"]
    other_entity = sample("pipelines/01_postgres_metadata_daily.json")
    definitions = [*recognise(other_entity, "x"), *recognise(sample("services/postgres.json"), "y")]
    other = plan_one_shot(resolve(definitions)[0], POD_SETTINGS, RUN_ID).job["spec"]["template"]
    main, other_main = template["spec"]["containers"][0], other["spec"]["containers"][0]
    for key in ("nodeSelector", "tolerations", "securityContext", "serviceAccountName", "restartPolicy"):
        assert template["spec"][key] == other["spec"][key], key
    for key in ("securityContext", "resources", "image", "command", "volumeMounts"):
        assert main[key] == other_main[key], key
    assert main["args"][-1] == entry_point
    assert {item["name"]: item.get("value") for item in main["env"]}["pipelineType"] == component
    for labels in (found["metadata"]["labels"], template["metadata"]["labels"]):
        assert labels["app.kubernetes.io/component"] == component
        assert labels["app.kubernetes.io/run-id"] == RUN_ID
    assert template["metadata"]["labels"]["team"] == "data"
    assert template["metadata"]["annotations"]["cost"] == "7"


@pytest.mark.parametrize("entity", [sample(AUTOMATION), APP], ids=["automation", "application"])
def test_its_document_is_in_its_secret_alone(entity: dict[str, Any]) -> None:
    found = plan_one_shot(pipeline(entity), POD_SETTINGS, RUN_ID)
    document = base64.b64decode(found.secret["data"]["workflow.json"]).decode()
    assert document == pipeline(entity).document_text()
    assert "typed-in-form-secret" not in json.dumps(found.job)


@pytest.mark.parametrize("entity", [sample(AUTOMATION), APP], ids=["automation", "application"])
def test_it_cannot_be_deployed(entity: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="runs once and cannot be deployed") as refused:
        plan(pipeline(entity), Settings())
    assert refused.value.code == "RunsOnce"
    path = tmp_path / "once.json"
    path.write_text(json.dumps(entity))
    result = call(["deploy", "--dry-run=client", "-f", str(path)])
    assert result.code == 2
    assert "runs once and cannot be deployed" in result.err


def test_render_shows_the_job_and_the_same_one_each_time(tmp_path: Path) -> None:
    words = ["render", "-f", str(SAMPLES / AUTOMATION)]
    first = call(words)
    assert first.out == call(words).out
    launcher, secret, found = yaml.safe_load_all(first.out)
    assert [item["kind"] for item in (launcher, secret, found)] == ["ConfigMap", "Secret", "Job"]
    assert "suspend" not in found["spec"], "applied with kubectl, it starts"
    assert found["metadata"]["name"] == secret["metadata"]["name"]
    other = sample(AUTOMATION) | {"name": "another"}
    assert planned(pipeline(other), Settings()).name != found["metadata"]["name"]


def test_validate_and_the_settings_of_it() -> None:
    found = call(["validate", "-o", "json", "-f", str(SAMPLES / AUTOMATION)])
    (item,) = found.json
    assert (item["pipelineType"], item["schedule"]) == ("automation", None)
    settings = call(["config", "-o", "json", "-f", str(SAMPLES / AUTOMATION)]).json["settings"]
    assert settings["activeDeadlineSeconds"]["value"] == 110


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"openMetadataServerConnection": None}, "openMetadataServerConnection is missing"),
        ({"request": None}, "request"),
        ({"name": ""}, "name"),
        (
            {"request": {"connection": {"config": {"password": "*********"}}}},
            "request.connection.config.password is masked",
        ),
    ],
    ids=str,
)
def test_an_automation_that_cannot_be_used(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    path = tmp_path / "once.json"
    path.write_text(json.dumps(sample(AUTOMATION) | changes))
    result: Result = call(["render", "-f", str(path)])
    assert result.code == 2
    assert words in result.err
