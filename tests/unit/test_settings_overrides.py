"""Settings of some pipelines only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8s_pipeline_client.domain.entities import IngestionPipeline, Service
from k8s_pipeline_client.domain.pipeline import Pipeline, from_entity
from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.settings import Settings, load_settings
from tests.data import sample
from tests.unit.settings_files import Files


@pytest.fixture
def postgres() -> Pipeline:
    """`pg_prod.a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d`, metadata, of service pg_prod."""
    entity = sample("pipelines/01_postgres_metadata_daily.json")
    service = Service.model_validate(sample("services/postgres.json"))
    return from_entity(IngestionPipeline.model_validate(entity), service, "a test")


def _settings(*overrides: tuple[dict[str, Any], dict[str, Any]], **base: Any) -> Settings:
    listed = [{"match": match, "settings": settings} for match, settings in overrides]
    return Settings.model_validate({**base, "overrides": listed})


@pytest.mark.parametrize(
    "match",
    [
        {"serviceType": "Postgres"},
        {"serviceType": "postgres"},
        {"serviceType": ["MySQL", "Post*"]},
        {"service": "pg_prod"},
        {"service": "pg_*"},
        {"type": "Metadata"},
        {"fqn": "pg_prod.*"},
        {"displayName": "pg_prod_metadata_*"},
        {"instance": "*"},
        {"serviceType": "Postgres", "type": "metadata", "service": "pg_prod"},
    ],
)
def test_what_fits(postgres: Pipeline, match: dict[str, Any]) -> None:
    settings = _settings((match, {"backoffLimit": 7}))
    assert settings.override_for(postgres) == 0
    assert settings.for_pipeline(postgres).backoff_limit == 7


@pytest.mark.parametrize(
    "match",
    [
        {"serviceType": "MySQL"},
        {"service": "PG_prod"},
        {"fqn": "pg_prod"},
        {"name": "pg_prod_metadata"},
        {"serviceType": "Postgres", "type": "profiler"},
    ],
)
def test_what_does_not_fit(postgres: Pipeline, match: dict[str, Any]) -> None:
    settings = _settings((match, {"backoffLimit": 7}))
    assert settings.override_for(postgres) is None
    assert settings.for_pipeline(postgres).backoff_limit == 3


def test_the_first_that_fits_wins_alone(postgres: Pipeline) -> None:
    settings = _settings(
        ({"type": "profiler"}, {"backoffLimit": 1}),
        ({"type": "metadata"}, {"backoffLimit": 2}),
        ({"service": "pg_prod"}, {"backoffLimit": 9, "runAsUser": 9}),
    )
    assert settings.override_for(postgres) == 1
    own = settings.for_pipeline(postgres)
    assert (own.backoff_limit, own.run_as_user) == (2, 1000)


def test_mappings_are_merged_and_lists_replaced(postgres: Pipeline) -> None:
    settings = _settings(
        (
            {"type": "metadata"},
            {
                "resources": {"limits": {"memory": "8Gi"}},
                "nodeSelector": {"disk": "ssd", "spot": None},
                "extraEnvVars": ["B=2"],
                "tolerations": [{"key": "b", "operator": "Exists"}],
                "fsGroup": None,
            },
        ),
        resources={"limits": {"memory": "2Gi", "cpu": 1}},
        nodeSelector={"pool": "etl", "spot": "true"},
        extraEnvVars=["A=1"],
        tolerations=[{"key": "a", "operator": "Exists"}],
        namespace="elsewhere",
    )
    own = settings.for_pipeline(postgres)
    assert own.resources.model_dump() == {
        "limits": {"cpu": "1", "memory": "8Gi"},
        "requests": {"cpu": "500m", "memory": "1Gi"},
    }
    assert own.node_selector == {"pool": "etl", "disk": "ssd"}
    assert own.extra_env_vars == {"A": "1", "B": "2"}
    assert [item.key for item in own.tolerations] == ["b"]
    assert own.fs_group is None
    assert own.namespace == "elsewhere"


def test_overlays_of_base_and_override_are_both_applied(postgres: Pipeline) -> None:
    first, second = {"spec": {"hostNetwork": False}}, {"spec": {"dnsPolicy": "Default"}}
    settings = _settings(({"type": "metadata"}, {"podTemplate": second}), podTemplate=first)
    assert settings.for_pipeline(postgres).pod_template == (first, second)


def test_every_override_is_checked_as_the_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    wrong = [
        {"match": {"type": "metadata"}, "settings": {"namespace": "other", "noSuchKey": 1}},
        {"match": {"type": "profiler"}, "settings": {"backoffLimit": 2}},
        {"match": {"type": "usage"}, "settings": {"resources": {"requests": {"memory": "5Gi"}}}},
        {"match": {"type": "lineage"}, "settings": {"overrides": [], "extraEnvVars": ["no sign"], "runAsUser": 0}},
    ]
    path.write_text(yaml.safe_dump({"activeDeadlineSeconds": 0, "overrides": wrong}))
    with pytest.raises(SettingsError) as caught:
        load_settings([path], environ={})
    assert str(caught.value).removeprefix("invalid settings: ").split("; ") == [
        f"activeDeadlineSeconds: it must be greater than 0 (it is 0, from {path}: activeDeadlineSeconds)",
        *(
            f"overrides{text}from {path}: overrides)"
            for text in (
                "[0].settings.namespace: cannot be overridden: one settings file serves one namespace (it is 'other', ",
                "[0].settings.noSuchKey: no such key (it is 1, ",
                "[2].settings.resources: requests.memory 5Gi is above limits.memory 4Gi (",
                "[3].settings.overrides: an override has none of its own (",
                "[3].settings.extraEnvVars: entry 1 has neither ':' nor '=' after its name (",
            )
        ),
    ]


@pytest.mark.parametrize("key", ["metadataApiEndpoint", "verifySSL", "inCluster", "instance", "useOMJobOperator"])
def test_what_is_not_about_runs_cannot_be_overridden(files: Files, key: str) -> None:
    found = files.refused({"overrides": [{"match": {"type": "*"}, "settings": {key: "x"}}]})
    assert f"overrides[0].settings.{key}: cannot be overridden: it is about the server or the cluster" in found


def test_what_is_wrong_in_the_base_is_said_once(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    wrong = [{"match": {"type": "metadata"}, "settings": {"backoffLimit": 2}}] * 2
    path.write_text(yaml.safe_dump({"runAsUser": 0, "overrides": wrong}))
    with pytest.raises(SettingsError) as caught:
        load_settings([path], environ={})
    assert str(caught.value).count("runAsUser 0 needs runAsNonRoot false") == 1


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ({"match": {}, "settings": {"backoffLimit": 1}}, "overrides[0].match: it selects nothing in particular"),
        ({"match": {"type": []}, "settings": {"backoffLimit": 1}}, "it selects nothing in particular"),
        ({"match": {"kind": "x"}, "settings": {"backoffLimit": 1}}, "overrides[0].match.kind: no such key"),
        ({"match": {"type": "x"}, "settings": {}}, "overrides[0].settings"),
        ({"match": {"type": "x"}}, "overrides[0].settings"),
        ("x", "overrides[0]"),
    ],
)
def test_an_override_that_is_none(tmp_path: Path, override: Any, words: str) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(yaml.safe_dump({"overrides": [override]}))
    with pytest.raises(SettingsError) as caught:
        load_settings([path], environ={})
    assert words in str(caught.value)


def test_text_is_merged_as_the_mapping_that_it_stands_for(postgres: Pipeline) -> None:
    change = {"nodeSelector": "disk=ssd", "podAnnotations": "a=2,b=3", "extraEnvVars": "B:2,C:3"}
    settings = _settings(
        ({"type": "*"}, change), nodeSelector="pool=etl", podAnnotations={"a": "1"}, extraEnvVars="A=1"
    )
    own = settings.for_pipeline(postgres)
    assert own.node_selector == {"pool": "etl", "disk": "ssd"}
    assert own.pod_annotations == {"a": "2", "b": "3"}
    assert own.extra_env_vars == {"A": "1", "B": "2", "C": "3"}


def test_what_a_pipeline_sets_for_itself_stands_between_settings_and_override(postgres: Pipeline) -> None:
    own = replace(postgres, own_settings={"backoffLimit": 1, "activeDeadlineSeconds": 60})
    settings = _settings(({"type": "*"}, {"backoffLimit": 7}), backoffLimit=5, activeDeadlineSeconds=50, runAsUser=9)
    found = settings.for_pipeline(own)
    assert (found.backoff_limit, found.active_deadline_seconds, found.run_as_user) == (7, 60, 9)
    assert Settings().for_pipeline(own).backoff_limit == 1
    assert Settings().for_pipeline(postgres) == Settings()


def test_what_a_pipeline_sets_for_itself_is_checked(postgres: Pipeline) -> None:
    own = replace(postgres, own_settings={"activeDeadlineSeconds": 2**40})
    with pytest.raises(
        SettingsError, match="a test: its own settings cannot be used: activeDeadlineSeconds: it must be"
    ):
        Settings().for_pipeline(own)


def test_the_settings_of_a_pipeline_keep_their_secrets(postgres: Pipeline) -> None:
    settings = _settings(({"type": "*"}, {"backoffLimit": 7}), serverToken="geheim-1")
    token = settings.for_pipeline(postgres).server_token
    assert token is not None
    assert token.get_secret_value() == "geheim-1"


@pytest.mark.parametrize("base", [{"KEEP": "1", "B": "2"}, ["KEEP:1", "B=2"]])
def test_a_null_takes_a_variable_out(postgres: Pipeline, base: Any) -> None:
    settings = _settings(({"type": "*"}, {"extraEnvVars": {"KEEP": None, "C": 3}}), extraEnvVars=base)
    assert settings.for_pipeline(postgres).extra_env_vars == {"B": "2", "C": "3"}
    assert settings.extra_env_vars == {"KEEP": "1", "B": "2"}


@pytest.mark.parametrize("value", [True, 1.5, {"a": "b"}, ["a"]])
def test_a_variable_of_an_override_is_text_too(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "settings.yaml"
    settings = {"overrides": [{"match": {"type": "*"}, "settings": {"extraEnvVars": {"A": value}}}]}
    path.write_text(yaml.safe_dump(settings))
    with pytest.raises(SettingsError, match=r"overrides\[0\]\.settings\.extraEnvVars: A is "):
        load_settings([path], environ={})
