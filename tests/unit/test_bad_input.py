"""Bad input: one line that says what, where and what to do; the documented exit code; nothing written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.support.program import Result, call
from tests.data import sample

PIPELINE = "pipelines/01_postgres_metadata_daily.json"
SERVICE = "services/postgres.json"


class Folder:
    """Writes files and runs commands on them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, content: Any) -> str:
        """Write text, or anything else as JSON; return the path."""
        target = self.path / name
        target.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(target)

    def validate(self, *files: str) -> Result:
        """Run `validate -f …` on all of them."""
        return call(["validate", *(word for file in files for word in ("-f", file))])


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder for the test's files."""
    return Folder(tmp_path)


def _refused(result: Result, *words: str) -> None:
    assert result.code == 2, result
    assert result.out == ""
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1, "an error is one line"
    for word in words:
        assert word in result.err


def test_good_input_is_accepted(folder: Folder, samples: Path) -> None:
    result = folder.validate(str(samples / PIPELINE), str(samples / SERVICE))
    assert result.code == 0
    assert "pg_prod_metadata_Xy12AbCd" in result.out


def test_no_such_file(folder: Folder) -> None:
    _refused(folder.validate("/no/such/file.yaml"), "/no/such/file.yaml", "No such file")


def test_an_empty_folder(folder: Folder) -> None:
    _refused(folder.validate(str(folder.path)), str(folder.path), ".yaml")


def test_an_empty_file(folder: Folder) -> None:
    _refused(folder.validate(folder.write("empty.yaml", "---\n# nothing\n")), "empty.yaml", "is empty")


def test_not_yaml_says_where_and_shows_no_secret(folder: Folder) -> None:
    path = folder.write("bad.yaml", 'source:\n  type: "postgres\n  password: hunter2: x\n')
    result = folder.validate(path)
    _refused(result, "bad.yaml, line ", "neither JSON nor YAML")
    assert "hunter2" not in result.err


def test_not_text(folder: Folder) -> None:
    path = folder.path / "x.yaml"
    path.write_bytes(b"\xff\xfe\x00binary")
    _refused(folder.validate(str(path)), "x.yaml", "not UTF-8")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("hello", ["is text"]),
        ("42", ["is a number"]),
        ({"kind": "Deployment", "apiVersion": "apps/v1"}, ["apiVersion, kind", "pipelineType"]),
        ([{"name": "x"}], ["[1]"]),
    ],
)
def test_not_a_pipeline(folder: Folder, content: Any, words: list[str]) -> None:
    _refused(folder.validate(folder.write("x.yaml", content)), "x.yaml", *words)


def test_the_second_document_of_a_file_is_named(folder: Folder) -> None:
    text = f"{json.dumps(sample(SERVICE))}\n---\n{{}}\n"
    _refused(folder.validate(folder.write("two.yaml", text)), "two.yaml, document 2")


def test_a_field_of_the_wrong_type_is_named_without_its_value(folder: Folder) -> None:
    entity = sample(PIPELINE) | {"service": "my-secret-value"}
    result = folder.validate(folder.write("x.json", entity))
    _refused(result, "x.json", "service")
    assert "my-secret-value" not in result.err


def test_a_missing_service_says_which_file_to_add(folder: Folder, samples: Path) -> None:
    _refused(folder.validate(str(samples / PIPELINE)), "databaseService 'pg_prod'", "-f FILE", "serviceType")


def test_services_alone(folder: Folder, samples: Path) -> None:
    _refused(folder.validate(str(samples / SERVICE)), "no pipeline")


def test_two_definitions_of_one_fqn(folder: Folder, samples: Path) -> None:
    copy = folder.write("copy.json", sample(PIPELINE))
    result = folder.validate(str(samples / PIPELINE), copy, str(samples / SERVICE))
    _refused(result, "copy.json", "01_postgres_metadata_daily.json", "already")


def test_an_unknown_pipeline_type(folder: Folder, samples: Path) -> None:
    path = folder.write("x.json", sample(PIPELINE) | {"pipelineType": "metadta"})
    _refused(folder.validate(path, str(samples / SERVICE)), "'metadta'", "metadata, usage")


@pytest.mark.parametrize("kind", ["dataInsight", "elasticSearchReindex", "policyAgent"])
def test_a_type_that_is_not_run(folder: Folder, samples: Path, kind: str) -> None:
    path = folder.write("x.json", sample(PIPELINE) | {"pipelineType": kind})
    _refused(folder.validate(path, str(samples / SERVICE)), "x.json", kind, "are not supported")


@pytest.mark.parametrize("schedule", ["60 * * * *", "@reboot", "0 0 * * * *"])
def test_a_schedule_that_kubernetes_refuses(folder: Folder, samples: Path, schedule: str) -> None:
    path = folder.write("x.json", sample(PIPELINE) | {"airflowConfig": {"scheduleInterval": schedule}})
    _refused(folder.validate(path, str(samples / SERVICE)), "x.json", repr(schedule))


def test_a_time_zone_that_is_none(folder: Folder, samples: Path) -> None:
    airflow = {"scheduleInterval": "@daily", "pipelineTimezone": "Europe/Berln"}
    path = folder.write("x.json", sample(PIPELINE) | {"airflowConfig": airflow})
    _refused(folder.validate(path, str(samples / SERVICE)), "x.json", "Europe/Berln")


def test_a_document_that_is_too_large(folder: Folder, samples: Path) -> None:
    entity = sample(PIPELINE)
    entity["sourceConfig"]["config"]["filler"] = "x" * 2**20
    _refused(folder.validate(folder.write("x.json", entity), str(samples / SERVICE)), "x.json", "1,048,576")


def test_a_masked_secret(folder: Folder, samples: Path) -> None:
    entity = sample(PIPELINE)
    entity["openMetadataServerConnection"]["securityConfig"]["jwtToken"] = "*********"
    path = folder.write("x.json", entity)
    _refused(folder.validate(path, str(samples / SERVICE)), "openMetadataServerConnection.securityConfig.jwtToken")


def test_no_server_connection(folder: Folder, samples: Path) -> None:
    entity = sample(PIPELINE)
    del entity["openMetadataServerConnection"]
    path = folder.write("x.json", entity)
    _refused(
        folder.validate(path, str(samples / SERVICE)), "openMetadataServerConnection is missing", "metadataApiEndpoint"
    )


def test_all_bad_settings_are_named_at_once(folder: Folder, samples: Path) -> None:
    settings = folder.write(
        "settings.yaml",
        "resources: {limits: {memory: 1Gi}, requests: {memory: 2Gi}}\n"
        "backoffLimit: many\nnamespace: Not_A_Name\nunknownKey: 1\nextraEnvVars: [config=x]\n",
    )
    result = call(["--config", settings, "validate", "-f", str(samples / PIPELINE), "-f", str(samples / SERVICE)])
    _refused(
        result,
        "requests.memory 2Gi",
        "backoffLimit",
        "Not_A_Name",
        "unknownKey",
        "config is set by the run itself",
    )


@pytest.mark.parametrize("words", [["list"], ["status", "x"], ["run", "x"], ["delete", "x"]])
def test_no_cluster(words: list[str]) -> None:
    result = call(words)
    assert result.code == 1
    assert "no cluster is configured" in result.err
    assert "--kubeconfig" in result.err


def test_a_cluster_that_does_not_answer(tmp_path: Path) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"token": "x-x-x-x"}}],
    }
    path = tmp_path / "config"
    path.write_text(json.dumps(config))
    result = call(["--kubeconfig", str(path), "list"])
    assert result.code == 1
    assert "cannot connect to the API server http://127.0.0.1:1" in result.err
    assert "refused" in result.err


def test_a_kubeconfig_that_is_not_there_or_no_kubeconfig(tmp_path: Path) -> None:
    _refused(call(["--kubeconfig", str(tmp_path / "none"), "list"]), "does not exist")
    (tmp_path / "junk").write_text("a: [")
    _refused(call(["--kubeconfig", str(tmp_path / "junk"), "list"]), "cannot be used")


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--timeout", "soon", "x"],
        ["run", "x", "--run-id", "7"],
        ["run"],
        ["nonsense"],
        ["deploy"],
        ["list", "-o", "xml"],
        ["logs", "x", "--tail", "-1"],
    ],
    ids=" ".join,
)
def test_usage_errors(words: list[str]) -> None:
    result = call(words)
    assert result.code == 2
    assert result.err
    assert not result.out


def test_verbose_shows_more_and_keeps_the_exit_code() -> None:
    for words in (["render", "-f", "/no/such"], ["diff", "-f", "/no/such"]):
        result = call(["-vv", *words])
        assert result.code == 2
        assert "Traceback" in result.err
        assert result.err.count("error: ") == 1


def test_a_name_with_brackets_is_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("k8s_pipeline_client.cli.output.is_terminal", lambda stream: True)
    assert "no cluster is configured" in call(["delete", "[/prod]"]).err


@pytest.mark.parametrize("content", ["[]", "foo", "clusters: 1", "\xff"])
def test_a_kubeconfig_of_any_other_shape(tmp_path: Path, content: str) -> None:
    (tmp_path / "odd").write_bytes(content.encode("latin-1"))
    _refused(call(["--kubeconfig", str(tmp_path / "odd"), "list"]), "cannot be used")


def test_a_name_with_a_nul_character(folder: Folder, samples: Path) -> None:
    entity = sample(PIPELINE) | {"fullyQualifiedName": "pg.night\0ly"}
    result = folder.validate(folder.write("p.json", entity), str(samples / SERVICE))
    _refused(result, "p.json", "NUL character", "rename")
