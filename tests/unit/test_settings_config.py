"""The command `config`: what applies, where it comes from, and no secret."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8s_pipeline_client.cli.suggest import command
from tests.cluster.support.program import Result, call
from tests.cluster.support.schema import check_output
from tests.data import SAMPLES, sample

POSTGRES = [
    *("-f", str(SAMPLES / "pipelines/01_postgres_metadata_daily.json")),
    *("-f", str(SAMPLES / "services/postgres.json")),
]
SECRETS = {"API_TOKEN": "hunter-22", "HTTP_PROXY": "http://me:open-sesame@proxy:3128"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the settings file is to stand."""
    return tmp_path / "settings.yaml"


def _config(path: Path, settings: dict[str, Any], *words: str) -> Result:
    path.write_text(yaml.safe_dump(settings))
    return call(["config", "--config", str(path), *words])


def test_every_setting_with_its_value_and_origin(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = _config(path, {"backoffLimit": 5, "namespace": "from-file"}, "-o", "json").json["settings"]
    assert found["backoffLimit"] == {"value": 5, "origin": f"{path}: backoffLimit"}
    assert found["ttlSecondsAfterFinished"] == {"value": 86400, "origin": "default"}
    assert found["namespace"] == {"value": "from-file", "origin": f"{path}: namespace"}
    assert found["fsGroup"]["value"] == 1000

    monkeypatch.setenv("K8S_NAMESPACE", "from-env")
    found = _config(path, {}, "-o", "json").json["settings"]
    assert found["namespace"] == {"value": "from-env", "origin": "environment variable K8S_NAMESPACE"}
    found = _config(path, {}, "-n", "typed", "-o", "json").json["settings"]
    assert found["namespace"] == {"value": "typed", "origin": "flag --namespace"}


def test_which_override_fits_and_what_comes_of_it(path: Path) -> None:
    settings = {
        "nodeSelector": {"pool": "etl"},
        "overrides": [
            {"match": {"type": "profiler"}, "settings": {"backoffLimit": 9}},
            {
                "match": {"serviceType": "Postgres"},
                "settings": {"nodeSelector": {"disk": "ssd"}, "backoffLimit": 1, "startingDeadlineSeconds": 5},
            },
        ],
    }
    result = _config(path, settings, *POSTGRES, "-o", "json")
    for answer in (result, _config(path, settings, "-o", "json")):
        check_output(["config", "-o", "json"], answer.out)
    assert result.json["override"] == 1
    assert result.json["match"] == {"serviceType": ["Postgres"]}
    found = result.json["settings"]
    assert found["backoffLimit"] == {"value": 1, "origin": "overrides[1]"}
    assert found["nodeSelector"] == {
        "value": {"pool": "etl", "disk": "ssd"},
        "origin": f"overrides[1] over {path}: nodeSelector",
    }
    assert "overrides" not in found
    assert "startingDeadlineSeconds 5 is raised to 120" in result.err
    assert "overrides[1] matches" in result.err
    assert "no override matches" in _config(path, {}, *POSTGRES).err


def test_no_secret_is_shown(path: Path) -> None:
    container = {"name": "x", "env": [{"name": "DB_PASSWORD", "value": "geheim-11"}]}
    own = {"extraEnvVars": SECRETS, "podTemplate": {"spec": {"initContainers": [container]}}}
    settings = {**own, "overrides": [{"match": {"type": "*"}, "settings": {"extraEnvVars": ["MY_SECRET:kept-33"]}}]}
    for words in ([], ["-o", "json"], ["-o", "yaml"], POSTGRES):
        out = _config(path, settings, *words).out
        assert "*********" in out
        assert "http://me:*********@proxy:3128" in out
        for secret in ("hunter-22", "open-sesame", "geheim-11", "kept-33"):
            assert secret not in out


@pytest.mark.parametrize("name", ["GITHUB_PAT", "DB_PASS", "MY_CREDS", "TOKENS", "SSH_KEY", "PIN", "x.io/auth", "pw"])
def test_what_may_be_a_secret_by_its_name_is_masked(path: Path, name: str) -> None:
    template: dict[str, Any] = {"metadata": {"annotations": {name: "geheim-11"}}}
    values: dict[str, Any] = {"podAnnotations": {name: "geheim-11"}, "podTemplate": template}
    if "/" not in name:
        values["extraEnvVars"] = {name: "geheim-11"}
        template["spec"] = {"containers": [{"name": "main", "env": [{"name": name, "value": "geheim-11"}]}]}
    values["overrides"] = [{"match": {"type": "*"}, "settings": {"podAnnotations": {name: "geheim-11"}}}]
    for words in ([], POSTGRES):
        out = _config(path, values, *words).out
        assert "*********" in out
        assert "geheim-11" not in out


def test_other_names_are_shown(path: Path) -> None:
    names = ("PATH", "COMPASS", "KEYBOARD", "AUTHOR", "SPIN")
    assert _config(path, {"extraEnvVars": dict.fromkeys(names, "seen-11")}).out.count("seen-11") == len(names)


def test_a_table_has_a_line_for_every_setting(path: Path) -> None:
    lines = _config(path, {"queueName": "etl"}).out.splitlines()
    assert lines[0].split() == ["SETTING", "ORIGIN", "VALUE"]
    assert ["queueName", f"{path}:", "queueName", "etl"] in [line.split() for line in lines]
    assert len(lines) == len(_config(path, {}, "-o", "json").json["settings"]) + 1


def test_for_finds_the_pipeline_by_any_of_its_names(path: Path) -> None:
    for name in ("pg_prod/metadata", "pg_prod_metadata_Xy12AbCd"):
        assert _config(path, {}, *POSTGRES, "--for", name, "-o", "json").json["pipeline"].startswith("pg_prod.")


def test_for_without_a_pipeline_says_what_there_is(path: Path) -> None:
    missing = _config(path, {}, *POSTGRES, "--for", "nope")
    assert (missing.code, missing.out) == (2, "")
    assert "no pipeline 'nope' in the files — they define pg_prod." in missing.err
    no_file = _config(path, {}, "--for", "nope")
    assert no_file.code == 2
    assert "add -f" in no_file.err


def test_an_overlay_that_cannot_be_used_is_said_with_its_override(path: Path) -> None:
    overlay = {"spec": {"restartPolicy": "OnFailure"}}
    settings = {"overrides": [{"match": {"type": "metadata"}, "settings": {"podTemplate": overlay}}]}
    result = _config(path, settings, *POSTGRES)
    assert (result.code, result.out) == (2, "")
    assert "overrides[0].settings.podTemplate: spec.restartPolicy cannot be changed" in result.err
    result = _config(path, {"podTemplate": overlay}, *POSTGRES)
    assert "podTemplate: spec.restartPolicy cannot be changed" in result.err
    assert "overrides" not in result.err


def test_files_of_several_shapes_with_the_origin_of_each_value(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_LIMITS_CPU", "4")
    path.write_text(yaml.safe_dump({"namespace": "own", "serverToken": "geheim-1"}))
    words = ["--config", str(SAMPLES / "settings/values.yaml"), "config", "--config", str(path), "-o", "json"]
    result = call(words)
    check_output(["config", "-o", "json"], result.out)
    found = result.json["settings"]
    assert found["namespace"] == {"value": "own", "origin": f"{path}: namespace"}
    assert found["ttlSecondsAfterFinished"]["origin"].endswith("k8s.ttlSecondsAfterFinished")
    assert "limits.cpu from environment variable K8S_LIMITS_CPU" in found["resources"]["origin"]
    assert found["serverToken"] == {"value": "*********", "origin": f"{path}: serverToken"}
    assert "geheim" not in call([word for word in words if word != "json"][:-1]).out


def test_warnings_are_said_once_and_stand_in_the_json(path: Path) -> None:
    for words in (["config", "-o", "json"], ["validate", *POSTGRES], ["render", *POSTGRES]):
        path.write_text("{useOMJobOperator: true}")
        result = call(["--config", str(path), *words])
        assert result.code == 0
        assert result.err.count("useOMJobOperator is true") == 1
    result = call(["--config", str(path), "config", "-o", "json"])
    assert len(result.json["warnings"]) == 1
    assert _config(path, {}, "-o", "json").json["warnings"] == []


def test_what_the_definition_sets_is_shown_as_its_origin(path: Path, tmp_path: Path) -> None:
    entity = sample("pipelines/01_postgres_metadata_daily.json")
    entity["airflowConfig"] |= {"retries": 2}
    file = tmp_path / "pipeline.json"
    file.write_text(json.dumps(entity))
    words = ["-f", str(file), *POSTGRES[2:], "-o", "json"]
    found = _config(path, {"backoffLimit": 9}, *words).json["settings"]
    assert found["backoffLimit"] == {"value": 2, "origin": f"the definition in {file}"}
    override = {"match": {"type": "*"}, "settings": {"backoffLimit": 1}}
    found = _config(path, {"overrides": [override]}, *words).json["settings"]
    assert found["backoffLimit"] == {"value": 1, "origin": "overrides[0]"}


def test_several_files_may_be_named_by_the_variable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = path.with_name("other.yaml")
    path.write_text("{backoffLimit: 5, runAsUser: 7}")
    other.write_text("{backoffLimit: 6}")
    monkeypatch.setenv("K8S_PIPELINE_CONFIG", f"{path}{os.pathsep}{other}")
    found = call(["config", "-o", "json"]).json["settings"]
    assert (found["backoffLimit"]["value"], found["runAsUser"]["value"]) == (6, 7)
    found = call(["config", "--config", str(path), "-o", "json"]).json["settings"]
    assert found["backoffLimit"]["value"] == 5


def test_the_next_command_names_all_the_files_again() -> None:
    place: dict[str, str | tuple[str, ...]] = {"--config": ("a.yaml", "b.yaml"), "--namespace": "data"}
    assert command("logs", "x", place=place).endswith(" logs x --config a.yaml --config b.yaml --namespace data")
