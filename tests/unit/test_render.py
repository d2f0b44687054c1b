"""The manifests of a pipeline."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8s_pipeline_client.domain.entities import IngestionPipeline, Service, Workflow
from k8s_pipeline_client.domain.pipeline import Pipeline, from_workflow
from k8s_pipeline_client.errors import DefinitionError, SettingsError
from k8s_pipeline_client.render import plan, plan_one_shot, render
from k8s_pipeline_client.settings import Settings
from tests.data import sample

_ZONE_A = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}]}
_SELECTOR = {"matchLabels": {"app.kubernetes.io/component": "ingestion"}}
GOLDEN = Path(__file__).parent / "golden"


def _postgres(**changes: Any) -> list[dict[str, Any]]:
    entity = sample("pipelines/01_postgres_metadata_daily.json") | changes
    pipeline = IngestionPipeline.model_validate(entity)
    service = Service.model_validate(sample("services/postgres.json"))
    return render(pipeline, service, Settings())


def _by_kind(manifests: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {item["kind"]: item for item in manifests if not item["metadata"]["name"].startswith("om-launcher-")}


def _cronjob(settings: Settings, **changes: Any) -> dict[str, Any]:
    entity = sample("pipelines/01_postgres_metadata_daily.json") | changes
    manifests = render(
        IngestionPipeline.model_validate(entity),
        Service.model_validate(sample("services/postgres.json")),
        settings,
    )
    return _by_kind(manifests)["CronJob"]


def test_the_manifests_are_these() -> None:
    """To be read by a person: a change shows in the golden file's diff (UPDATE_GOLDEN=1 writes it)."""
    launcher, *found = _postgres()
    for item in found:
        if item["kind"] == "Secret":
            item["data"] = {key: "(base64)" for key in item["data"]}
    text = yaml.safe_dump_all(found, sort_keys=False, width=120)
    text = text.replace(launcher["metadata"]["name"], "om-launcher-HASH")
    golden = GOLDEN / "postgres_metadata_daily.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


def test_the_same_input_gives_the_same_bytes() -> None:
    assert json.dumps(_postgres()) == json.dumps(_postgres())


def test_the_document_is_the_servers() -> None:
    secret = _by_kind(_postgres())["Secret"]
    document = json.loads(base64.b64decode(secret["data"]["workflow.json"]))
    entity = sample("pipelines/01_postgres_metadata_daily.json")
    assert document == {
        "source": {"type": "postgres", "serviceName": "pg_prod", "sourceConfig": entity["sourceConfig"]},
        "sink": {"type": "metadata-rest", "config": {}},
        "workflowConfig": {
            "loggerLevel": "INFO",
            "raiseOnError": True,
            "successThreshold": 90,
            # Its token has a Secret of its own.
            "openMetadataServerConfig": entity["openMetadataServerConnection"] | {"securityConfig": {"jwtToken": ""}},
        },
        "ingestionPipelineFQN": entity["fullyQualifiedName"],
        "enableStreamableLogs": False,
    }


def test_secrets_stand_in_the_secret_alone() -> None:
    token = sample("pipelines/01_postgres_metadata_daily.json")["openMetadataServerConnection"]["securityConfig"]
    others = [item for item in _postgres() if item["kind"] != "Secret"]
    assert token["jwtToken"] not in json.dumps(others)


@pytest.mark.parametrize(
    ("changes", "suspended", "schedule"),
    [
        ({}, False, "@daily"),
        ({"enabled": None}, False, "@daily"),
        ({"enabled": False}, True, "@daily"),
        ({"airflowConfig": {"scheduleInterval": "@daily", "pausePipeline": True}}, True, "@daily"),
        ({"airflowConfig": {}}, True, "0 0 31 2 *"),
        ({"airflowConfig": {"scheduleInterval": "  "}}, True, "0 0 31 2 *"),
    ],
)
def test_a_cronjob_is_suspended_when_it_is_disabled_or_on_demand(
    changes: dict[str, Any], suspended: bool, schedule: str
) -> None:
    spec = _cronjob(Settings(), **changes)["spec"]
    assert (spec["suspend"], spec["schedule"]) == (suspended, schedule)


def test_deadlines_leave_evidence() -> None:
    settings = Settings(active_deadline_seconds=100, start_timeout_seconds=30, termination_grace_period_seconds=7)
    job = _cronjob(settings)["spec"]["jobTemplate"]["spec"]
    assert job["template"]["spec"]["activeDeadlineSeconds"] == 100
    assert job["activeDeadlineSeconds"] == 137


def test_floors_are_kept_and_said() -> None:
    settings = Settings(
        ttl_seconds_after_finished=0,
        starting_deadline_seconds=0,
        failed_jobs_history_limit=0,
        successful_jobs_history_limit=50,
    )
    airflow = {"scheduleInterval": "*/10 * * * *"}
    cronjob = _cronjob(settings, airflowConfig=airflow)
    spec = cronjob["spec"]
    assert spec["startingDeadlineSeconds"] == 120
    assert spec["jobTemplate"]["spec"]["ttlSecondsAfterFinished"] == 7200
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (50, 12)
    notes = cronjob["metadata"]["annotations"]["k8s-pipeline/notes"].splitlines()
    assert [note.split()[0] for note in notes] == [
        "startingDeadlineSeconds",
        "ttlSecondsAfterFinished",
        "failedJobsHistoryLimit",
    ]


@pytest.mark.parametrize(
    ("schedule", "kept"), [("*/5 9-17 * * *", 24), ("*/20 * * * mon", 6), ("@daily", 3), ("@every 10m", 12)]
)
def test_as_many_finished_runs_are_kept_as_the_busiest_two_hours_bring(schedule: str, kept: int) -> None:
    spec = _cronjob(Settings(), airflowConfig={"scheduleInterval": schedule})["spec"]
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (kept, kept)


@pytest.mark.parametrize(
    ("schedule", "configured", "used"),
    [("@every 1h", 600, 4200), ("@every 90m30s", 0, 5550), ("@every 1s", 600, 601), ("@hourly", 600, 600)],
)
def test_an_interval_has_a_deadline_beyond_it_for_else_it_is_never_due(
    schedule: str, configured: int, used: int
) -> None:
    settings = Settings(starting_deadline_seconds=configured)
    cronjob = _cronjob(settings, airflowConfig={"scheduleInterval": schedule})
    assert cronjob["spec"]["startingDeadlineSeconds"] == used
    notes = cronjob["metadata"]["annotations"].get("k8s-pipeline/notes", "")
    assert (f"startingDeadlineSeconds {configured} is raised to {used}" in notes) is (used != configured)


def test_the_settings_reach_the_pod() -> None:
    settings = Settings.model_validate(
        {
            "ingestionImage": "example.com/ingestion@sha256:" + "0" * 64,
            "imagePullSecrets": ["regcred"],
            "serviceAccountName": "runner",
            "nodeSelector": {"pool": "etl"},
            "tolerations": [{"key": "etl", "operator": "Exists", "effect": "NoSchedule"}],
            "podAnnotations": {"team": "data"},
            "extraEnvVars": ["HTTP_PROXY:http://proxy:3128", "A=b=c:d"],
            "fsGroup": None,
            "seccompProfileType": "Localhost",
            "seccompLocalhostProfile": "profiles/x.json",
        }
    )
    template = _cronjob(settings)["spec"]["jobTemplate"]["spec"]["template"]
    pod, main = template["spec"], template["spec"]["containers"][0]
    assert main["image"] == settings.ingestion_image
    assert pod["imagePullSecrets"] == [{"name": "regcred"}]
    assert pod["serviceAccountName"] == "runner"
    assert pod["nodeSelector"] == {"pool": "etl"}
    assert pod["tolerations"] == [{"key": "etl", "operator": "Exists", "effect": "NoSchedule"}]
    assert template["metadata"]["annotations"]["team"] == "data"
    assert template["metadata"]["annotations"]["k8s-pipeline/fqn"].startswith("pg_prod.")
    environment = {item["name"]: item.get("value") for item in main["env"]}
    assert (environment["HTTP_PROXY"], environment["A"]) == ("http://proxy:3128", "b=c:d")
    assert "fsGroup" not in pod["securityContext"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "Localhost", "localhostProfile": "profiles/x.json"}
    assert pod["volumes"][0]["projected"]["defaultMode"] == 0o444


def test_what_the_pod_is_given_and_where_it_may_run() -> None:
    values: dict[str, Any] = {
        "podLabels": {"team": "data"},
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": _ZONE_A}},
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": _SELECTOR}
        ],
        "priorityClassName": "batch-low",
        "runtimeClassName": "gvisor",
        "volumes": [{"name": "ca", "configMap": {"name": "corporate-ca"}}],
        "volumeMounts": [{"name": "ca", "mountPath": "/etc/ssl/corporate", "readOnly": True}],
        "envFrom": [{"prefix": "DB_", "secretRef": {"name": "db", "optional": True}}],
    }
    template = _cronjob(Settings.model_validate(values))["spec"]["jobTemplate"]["spec"]["template"]
    pod, main = template["spec"], template["spec"]["containers"][0]
    assert template["metadata"]["labels"]["team"] == "data"
    for key in ("affinity", "topologySpreadConstraints", "priorityClassName", "runtimeClassName"):
        assert pod[key] == values[key], "as it was given"
    assert pod["volumes"][1:] == values["volumes"]
    assert main["volumeMounts"][1:] == values["volumeMounts"]
    assert main["envFrom"] == values["envFrom"]


def test_do_not_disrupt_speaks_to_the_autoscalers() -> None:
    settings = Settings(do_not_disrupt=True)
    annotations = _cronjob(settings)["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "false"
    assert annotations["karpenter.sh/do-not-disrupt"] == "true"


def test_a_queue_gets_the_jobs_and_decides_itself_when_they_start() -> None:
    """Kueue suspends and resumes what bears its label; its pods and its CronJob are none of its business."""
    queued, direct = Settings(queue_name="etl"), Settings()
    cronjob = _cronjob(queued)
    template = cronjob["spec"]["jobTemplate"]
    assert template["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "etl"
    assert "suspend" not in template["spec"]
    for metadata in (cronjob["metadata"], template["spec"]["template"]["metadata"]):
        assert "kueue.x-k8s.io/queue-name" not in metadata["labels"]

    pipeline, run_id = _workflow_pipeline(), "4c7d1b4e-0000-4000-8000-000000000000"
    assert "suspend" not in plan_one_shot(pipeline, queued, run_id).job["spec"]
    assert plan_one_shot(pipeline, direct, run_id).job["spec"]["suspend"] is True


def test_an_override_and_its_overlay_apply_to_what_they_fit() -> None:
    sidecar = {"name": "proxy", "image": "example.com/proxy", "restartPolicy": "Always"}
    settings = Settings.model_validate(
        {
            "overrides": [
                {
                    "match": {"serviceType": "postgres"},
                    "settings": {
                        "backoffLimit": 0,
                        "resources": {"limits": {"memory": "8Gi"}},
                        "podTemplate": {"spec": {"initContainers": [sidecar]}},
                    },
                }
            ]
        }
    )
    job = _cronjob(settings)["spec"]["jobTemplate"]["spec"]
    assert job["backoffLimit"] == 0
    assert job["template"]["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "2", "memory": "8Gi"}
    assert job["template"]["spec"]["initContainers"] == [sidecar]
    other = plan(_workflow_pipeline(), settings).cronjob["spec"]["jobTemplate"]["spec"]
    assert other["backoffLimit"] == 3
    assert "initContainers" not in other["template"]["spec"]


def test_an_overlay_that_breaks_the_run_is_refused_before_anything_is_written() -> None:
    settings = Settings.model_validate({"podTemplate": {"spec": {"containers": [{"name": "main", "args": []}]}}})
    with pytest.raises(SettingsError, match=r"podTemplate: spec\.containers\[main\]\.args cannot be changed"):
        _cronjob(settings)


def _workflow_pipeline() -> Pipeline:
    document = {"source": {"type": "mysql", "serviceName": "shop"}, "workflowConfig": {}}
    return from_workflow(Workflow.model_validate(document), "a test")


@pytest.mark.parametrize(
    ("fqn", "value"),
    [("pg.$(HOME)", "pg.$$(HOME)"), ("pg.$$", "pg.$$$$"), ("pg.$$(HOME)", "pg.$$$$(HOME)"), ("pg.a$b", "pg.a$$b")],
)
def test_an_fqn_that_looks_like_a_reference_is_not_expanded(fqn: str, value: str) -> None:
    cronjob = _cronjob(Settings(), fullyQualifiedName=fqn)
    main = cronjob["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "ingestionPipelineFQN", "value": value} in main["env"]
    assert value.replace("$$", "$") == fqn, "as Kubernetes reads it"


def test_a_document_over_the_limit_of_a_secret_is_refused() -> None:
    with pytest.raises(DefinitionError, match="1,048,576"):
        _postgres(sourceConfig={"config": {"filler": "x" * 1024 * 1024}})


def test_a_plain_workflow_is_kept_but_for_what_is_ours() -> None:
    document = {
        "name": "nightly",
        "displayName": "Nightly",
        "airflowConfig": {"scheduleInterval": "0 3 * * 7", "pipelineTimezone": "Europe/Berlin"},
        "workflowConfig": {"openMetadataServerConfig": {"hostPort": "http://om:8585/api", "clusterName": "prod"}},
        "sink": {"type": "metadata-rest", "config": {}},
        "source": {"type": "mysql", "serviceName": "shop", "serviceConnection": {"config": {"password": "x"}}},
        "somethingNew": [1],
    }
    found = _by_kind(render(Workflow.model_validate(document), None, Settings()))
    built = json.loads(base64.b64decode(found["Secret"]["data"]["workflow.json"]))
    assert built == {key: document[key] for key in ("source", "sink", "workflowConfig", "somethingNew")}
    assert found["CronJob"]["spec"]["schedule"] == "0 3 * * 0"
    assert found["CronJob"]["spec"]["timeZone"] == "Europe/Berlin"
    assert found["CronJob"]["metadata"]["annotations"]["k8s-pipeline/fqn"] == "shop.nightly"
    assert found["CronJob"]["metadata"]["labels"]["k8s-pipeline/instance"] == "prod"


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ({}, "metadata"),
        ({"processor": {"type": "orm-profiler"}}, "profiler"),
        ({"processor": {"type": "tag-pii-processor"}}, "autoClassification"),
        ({"processor": {"type": "orm-test-runner"}}, "TestSuite"),
        ({"source": {"type": "mysql-usage", "serviceName": "s"}}, "usage"),
        ({"source": {"type": "mysql-lineage", "serviceName": "s"}}, "lineage"),
        ({"source": {"type": "dbt", "serviceName": "s"}}, "dbt"),
    ],
)
def test_the_type_of_a_plain_workflow_is_told_by_its_parts(parts: dict[str, Any], kind: str) -> None:
    document = {"source": {"type": "mysql", "serviceName": "s"}, "workflowConfig": {}} | parts
    cronjob = _by_kind(render(Workflow.model_validate(document), None, Settings()))["CronJob"]
    assert cronjob["metadata"]["annotations"]["k8s-pipeline/pipeline-type"] == kind
