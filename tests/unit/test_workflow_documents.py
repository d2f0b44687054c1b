"""The workflow document of every pipeline type."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.domain.recognise import recognise
from k8s_pipeline_client.domain.resolve import resolve
from k8s_pipeline_client.domain.workflow import PIPELINE_TYPES
from k8s_pipeline_client.errors import DefinitionError, NotRunByPipelinesError
from tests.data import SAMPLES, sample

GOLDEN = Path(__file__).parent / "golden" / "documents"
SERVICES = [sample(f"services/{path.name}") for path in sorted((SAMPLES / "services").glob("*.json"))]
RUN_TYPES = ("metadata", "usage", "lineage", "profiler", "autoClassification", "TestSuite", "dbt", "application")
NOT_RUN = ("dataInsight", "elasticSearchReindex", "policyAgent")
POSTGRES = "pipelines/01_postgres_metadata_daily.json"
APPLICATION = "pipelines/20_application_external.json"
TEST_SUITE = "pipelines/08_testsuite_table.json"
SERVER = {"hostPort": "http://openmetadata:8585/api", "clusterName": "openmetadata"}

_APP = {
    "name": "QueryRunner",
    "appType": "external",
    "className": "org.openmetadata.service.apps.bundles.QueryRunner",
    "sourcePythonClass": "metadata.applications.example.HelloPipelines",
    "appConfiguration": {"type": "HelloPipelines", "sleep": 1, "echo": None},
    "privateConfiguration": {"token": "app-private-token"},
    "openMetadataServerConnection": SERVER,
}


def made(*documents: Any, given_services: Any = (), **arguments: Any) -> Pipeline:
    """Return the one pipeline that documents define."""
    found = [item for document in documents for item in recognise(document, "a test")]
    found += [item for document in given_services for item in recognise(document, "given", with_connection=True)]
    (pipeline,) = resolve(found, **arguments)
    return pipeline


def postgres(**changes: Any) -> Document:
    """Return the document of a pipeline of the sample database service."""
    return made(sample(POSTGRES) | changes, sample("services/postgres.json")).document


def of_type(kind: str, config: Any = None, **changes: Any) -> Document:
    """Return the document of a pipeline of a type."""
    source_config = {"config": {} if config is None else config}
    return postgres(pipelineType=kind, sourceConfig=source_config, **changes)


def _check_golden(name: str, document: Document) -> None:
    """To be read by a person: a change shows in the golden file's diff (UPDATE_GOLDEN=1 writes it)."""
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    golden = GOLDEN / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()


def _runnable_samples() -> list[str]:
    paths = sorted((SAMPLES / "pipelines").glob("*.json"))
    return [path.stem for path in paths if json.loads(path.read_text())["pipelineType"] not in NOT_RUN]


@pytest.mark.parametrize("name", _runnable_samples())
def test_the_document_of_every_sample(name: str) -> None:
    _check_golden(name, made(sample(f"pipelines/{name}.json"), *SERVICES).document)


@pytest.mark.parametrize("name", _runnable_samples())
def test_the_document_of_every_sample_with_the_connection_in_it(name: str) -> None:
    """The same document, with nothing but the connection of its service added."""
    entity = sample(f"pipelines/{name}.json")
    without = made(entity, *SERVICES).document
    document = made(entity, given_services=SERVICES).document
    if entity["pipelineType"] in ("application", "TestSuite"):
        assert document == without
        return
    (service,) = (item for item in SERVICES if item["name"] == entity["service"]["name"])
    assert list(document["source"]) == ["type", "serviceName", "serviceConnection", "sourceConfig"]
    assert document["source"].pop("serviceConnection") == service["connection"]
    assert document == without


def test_the_document_of_the_sample_automation() -> None:
    _check_golden("test_connection_mysql", made(sample("automation/test_connection_mysql.json")).document)


def test_the_document_of_an_application_by_itself() -> None:
    pipeline = made(_APP)
    assert pipeline.document == {
        "workflowConfig": {
            "loggerLevel": "INFO",
            "raiseOnError": True,
            "successThreshold": 90,
            "openMetadataServerConfig": SERVER,
        },
        "sourcePythonClass": _APP["sourcePythonClass"],
        "appConfig": {"type": "HelloPipelines", "sleep": 1},
        "appPrivateConfig": {"token": "app-private-token"},
        "enableStreamableLogs": False,
    }
    assert next(iter(pipeline.document)) == "workflowConfig"


def test_an_application_that_runs_in_the_server_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"'QueryRunner' has no sourcePythonClass.*server"):
        made(_APP | {"sourcePythonClass": None})


def test_every_type_of_the_schema_is_run_or_refused() -> None:
    assert set(PIPELINE_TYPES) == {*RUN_TYPES, *NOT_RUN}


@pytest.mark.parametrize(
    ("kind", "error", "words"),
    [
        ("dataInsight", NotRunByPipelinesError, "Data Insights application"),
        ("elasticSearchReindex", NotRunByPipelinesError, "Search Indexing application"),
        ("policyAgent", DefinitionError, "workflow document"),
        ("metadta", DefinitionError, "unknown pipelineType 'metadta'"),
    ],
)
def test_what_is_not_run_is_refused_also_without_its_service(
    kind: str, error: type[DefinitionError], words: str
) -> None:
    with pytest.raises(DefinitionError, match=words) as caught:
        made(sample(POSTGRES) | {"pipelineType": kind})
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("kind", "keys", "source_type", "parts"),
    [
        ("metadata", ["source", "sink"], "postgres", {"sink": "metadata-rest"}),
        ("lineage", ["source", "sink"], "postgres-lineage", {"sink": "metadata-rest"}),
        ("dbt", ["source", "sink"], "dbt", {"sink": "metadata-rest"}),
        (
            "usage",
            ["source", "processor", "stage", "bulkSink"],
            "postgres-usage",
            {"processor": "query-parser", "stage": "table-usage", "bulkSink": "metadata-usage"},
        ),
        (
            "profiler",
            ["source", "processor", "sink"],
            "postgres",
            {"processor": "orm-profiler", "sink": "metadata-rest"},
        ),
        (
            "autoClassification",
            ["source", "processor", "sink"],
            "postgres",
            {"processor": "tag-pii-processor", "sink": "metadata-rest"},
        ),
        (
            "TestSuite",
            ["source", "processor", "sink"],
            "postgres",
            {"processor": "orm-test-runner", "sink": "metadata-rest"},
        ),
    ],
)
def test_the_parts_of_every_type(kind: str, keys: list[str], source_type: str, parts: dict[str, str]) -> None:
    document = of_type(kind)
    assert list(document) == [*keys, "workflowConfig", "ingestionPipelineFQN", "enableStreamableLogs"]
    assert document["source"] == {"type": source_type, "serviceName": "pg_prod", "sourceConfig": {"config": {}}}
    assert {key: document[key]["type"] for key in parts} == parts
    assert all(document[key]["config"] == {} for key in parts if kind != "usage" or key == "processor")


@pytest.mark.parametrize(
    ("config", "filename"),
    [
        ({"stageFileLocation": "/data/log"}, "/data/log"),
        ({}, "/tmp/query_log"),
        ({"stageFileLocation": None}, "/tmp/openmetadata/acd9df"),
        ({"stageFileLocation": ""}, "/tmp/openmetadata/acd9df"),
    ],
)
def test_usage_is_staged_in_the_same_file_at_each_render(config: Any, filename: str) -> None:
    document = of_type("usage", config, fullyQualifiedName="pg_prod.usage")
    assert document["stage"]["config"] == document["bulkSink"]["config"] == {"filename": filename}


@pytest.mark.parametrize(
    ("config", "processor"),
    [
        ({}, {}),
        ({"metrics": []}, {}),
        ({"metrics": ["mean", "max"]}, {"profiler": {"name": "ingestion-profiler", "metrics": ["mean", "max"]}}),
    ],
)
def test_the_metrics_of_a_profiler_are_handed_on(config: Any, processor: Any) -> None:
    assert of_type("profiler", config)["processor"]["config"] == processor


@pytest.mark.parametrize("files", [[], ["services/testsuite_orders.json"]])
def test_a_test_suite_needs_no_service(files: list[str]) -> None:
    source = made(sample(TEST_SUITE), *map(sample, files)).document["source"]
    assert (source["type"], source["serviceName"]) == ("testSuite", "pg_prod.shop.public.orders.testSuite")


def test_tests_of_a_service_connect_to_it() -> None:
    entity = sample(POSTGRES) | {"pipelineType": "TestSuite"}
    source = made(entity, given_services=[sample("services/postgres.json")]).document["source"]
    assert source["type"] == "postgres"
    assert source["serviceConnection"] == sample("services/postgres.json")["connection"]


def test_an_application_needs_no_service() -> None:
    document = made(sample(APPLICATION)).document
    assert "source" not in document
    assert list(document)[:4] == ["workflowConfig", "sourcePythonClass", "appConfig", "appPrivateConfig"]


@pytest.mark.parametrize("kind", RUN_TYPES)
def test_what_is_the_same_for_every_type(kind: str) -> None:
    runner = {"ingestionRunner": {"name": "hybrid-1", "type": "ingestionRunner"}}
    changes = {"loggerLevel": "DEBUG", "raiseOnError": False, "enableStreamableLogs": True, "pipelineType": kind}
    server = SERVER | {"storeServiceConnection": False}
    entity = sample(POSTGRES) | changes | {"openMetadataServerConnection": server}
    document = made(entity, sample("services/postgres.json") | runner).document
    assert document["workflowConfig"] == {
        "loggerLevel": "DEBUG",
        "raiseOnError": False,
        "successThreshold": 90,
        "openMetadataServerConfig": server,
    }
    assert document["ingestionPipelineFQN"] == entity["fullyQualifiedName"]
    assert document["enableStreamableLogs"] is True
    assert document["ingestionRunnerName"] == "hybrid-1"


@pytest.mark.parametrize("runner", [None, {}, {"name": None}, {"name": ""}])
def test_a_runner_without_a_name_is_none(runner: Any) -> None:
    service = sample("services/postgres.json") | {"ingestionRunner": runner}
    assert "ingestionRunnerName" not in made(sample(POSTGRES), service).document


def test_nulls_go_and_what_is_empty_stays() -> None:
    config = {"a": None, "b": {}, "c": [], "d": {"e": None, "f": {"g": None}}, "h": [None, {"i": None}], "j": ""}
    source = of_type("metadata", config)["source"]
    assert source["sourceConfig"]["config"] == {"b": {}, "c": [], "d": {"f": {}}, "h": [None, {}], "j": ""}


@pytest.mark.parametrize("source_config", [{}, {"config": None}])
@pytest.mark.parametrize("kind", RUN_TYPES)
def test_a_source_config_may_say_nothing(kind: str, source_config: Any) -> None:
    document = postgres(pipelineType=kind, sourceConfig=source_config)
    assert document.get("source", {"sourceConfig": {}})["sourceConfig"] == {}


def test_names_keep_their_letters_quotes_and_order() -> None:
    entity = sample(POSTGRES) | {
        "name": 'näch"tlich\n',
        "fullyQualifiedName": '"Größe.数据"."a""b"',
        "service": {"name": "Größe.数据"},
        "sourceConfig": {"config": {"z": "'", "a": '"', "ключ": "значение 🙂"}},
    }
    pipeline = made(entity, {"name": "Größe.数据", "serviceType": "MSSQL"})
    assert pipeline.document["source"] == {
        "type": "mssql",
        "serviceName": "Größe.数据",
        "sourceConfig": entity["sourceConfig"],
    }
    assert list(pipeline.document["source"]["sourceConfig"]["config"]) == ["z", "a", "ключ"]
    assert pipeline.document["ingestionPipelineFQN"] == entity["fullyQualifiedName"]
    assert json.loads(pipeline.document_text()) == pipeline.document


def test_a_given_service_without_a_connection_is_refused() -> None:
    service = {key: value for key, value in sample("services/postgres.json").items() if key != "connection"}
    with pytest.raises(DefinitionError, match="given service 'pg_prod' has no connection"):
        made(sample(POSTGRES), given_services=[service])


def test_a_masked_connection_matters_only_where_it_is_used() -> None:
    service = sample("services/postgres.json")
    service["connection"]["config"]["authType"]["password"] = "*********"
    assert "serviceConnection" not in made(sample(POSTGRES), service).document["source"]
    with pytest.raises(DefinitionError, match=r"connection\.config\.authType\.password is masked"):
        made(sample(POSTGRES), given_services=[service])


def test_only_services_are_given_for_their_connection() -> None:
    with pytest.raises(DefinitionError, match="not a service entity") as caught:
        made(given_services=[sample(POSTGRES)])
    assert caught.value.code == "NotAService"


@pytest.mark.parametrize("kind", [*RUN_TYPES, "automation", "app"])
def test_the_connection_that_is_handed_over_is_for_those_without_one(kind: str) -> None:
    handed = {"hostPort": "http://other:8585/api", "clusterName": "other"}
    entities = {"automation": sample("automation/test_connection_mysql.json"), "app": _APP}
    entity = entities.get(kind) or sample(POSTGRES) | {"pipelineType": kind}
    own = made(entity, sample("services/postgres.json"), connection=handed)
    bare = {key: value for key, value in entity.items() if key != "openMetadataServerConnection"}
    without = made(bare, sample("services/postgres.json"), connection=handed)
    assert (own.instance, without.instance) == ("openmetadata", "other")
    assert json.dumps(handed) in json.dumps(without.document)
    assert json.dumps(handed) not in json.dumps(own.document)
    assert made(entity, sample("services/postgres.json"), instance="mine").instance == "mine"
    with pytest.raises(DefinitionError, match="openMetadataServerConnection is missing"):
        made(bare, sample("services/postgres.json"))


def test_a_plain_application_document_is_run_as_it_is() -> None:
    document = {
        "workflowConfig": {"openMetadataServerConfig": SERVER},
        "sourcePythonClass": "acme.apps.Tagger",
        "appConfig": {"a": None},
    }
    pipeline = made(document | {"airflowConfig": {"scheduleInterval": "@daily"}})
    assert pipeline.document == document
    assert (pipeline.pipeline_type, pipeline.fqn, pipeline.runs_once) == ("application", "OpenMetadata.Tagger", False)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def _nulls(value: Any) -> int:
    if isinstance(value, dict):
        return sum(item is None or _nulls(item) for item in value.values())
    return sum(map(_nulls, value)) if isinstance(value, list) else 0


@settings(deadline=None)
@given(st.sampled_from(RUN_TYPES), st.dictionaries(st.text(), JSON, max_size=4))
def test_any_configuration_comes_through(kind: str, config: dict[str, Any]) -> None:
    """Whatever a type's configuration is: nothing is added to it, nothing but nulls goes, the input stays as it was."""
    before = json.dumps(config)
    document = of_type(kind, config)
    assert json.dumps(config) == before
    assert document == of_type(kind, config), "the same at each render"
    assert _nulls(document) == 0
    if kind != "application":
        found = document["source"]["sourceConfig"]["config"]
        assert list(found) == [key for key, value in config.items() if value is not None]
