"""The command `config`: what applies, where it comes from, and no secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.support.program import Result, call
from tests.cluster.support.schema import check_output
from tests.data import SAMPLES

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
    assert found["backoffLimit"] == {"value": 5, "origin": str(path)}
    assert found["ttlSecondsAfterFinished"] == {"value": 86400, "origin": "default"}
    assert found["namespace"] == {"value": "from-file", "origin": str(path)}
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
        "origin": f"overrides[1] over {path}",
    }
    assert "overrides" not in found
    assert "startingDeadlineSeconds 5 is raised to 120" in result.err
    assert "overrides[1] fits" in result.err
    assert "no override fits" in _config(path, {}, *POSTGRES).err


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
    assert ["queueName", str(path), "etl"] in [line.split() for line in lines]
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
    assert "overrides[0].settings.podTemplate: spec.restartPolicy is not to be changed" in result.err
    result = _config(path, {"podTemplate": overlay}, *POSTGRES)
    assert "podTemplate: spec.restartPolicy is not to be changed" in result.err
    assert "overrides" not in result.err
