"""Which service a pipeline belongs to, and documents that are odd in other ways."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.domain.recognise import recognise
from k8s_pipeline_client.domain.resolve import resolve
from k8s_pipeline_client.errors import DefinitionError, PipelineError
from tests.cluster.support.program import Result, call
from tests.data import sample

PIPELINE = "pipelines/01_postgres_metadata_daily.json"
ID, OTHER = "d0668592-9cf6-5653-9631-d19f5ca99200", "00000000-0000-4000-8000-000000000000"


def service(kind: str, name: str = "shop", **values: Any) -> dict[str, Any]:
    return {"name": name, "serviceType": kind, **values}


def resolved(reference: Mapping[str, Any], *services: Mapping[str, Any]) -> str:
    """Return the service type that a pipeline with this reference gets."""
    files = [sample(PIPELINE) | {"service": dict(reference)}, *services]
    (pipeline,) = resolve(item for number, file in enumerate(files) for item in recognise(file, f"{number}.yaml"))
    return pipeline.service_type


@pytest.mark.parametrize(
    ("reference", "services"),
    [
        ({"id": ID, "name": "shop"}, [service("Looker"), service("Postgres", id=ID)]),
        ({"id": ID, "name": "shop"}, [service("Looker", id=OTHER), service("Postgres", id=ID)]),
        ({"id": ID, "name": "old"}, [service("Looker", "old"), service("Postgres", "new", id=ID)]),
        ({"id": ID, "name": "shop"}, [service("Looker", id=OTHER), service("Postgres")]),
        ({"id": ID}, [service("Looker"), service("Postgres", id=ID)]),
        ({"name": "shop"}, [service("Looker", "other"), service("Postgres", id=ID)]),
        ({"fullyQualifiedName": "a.shop"}, [service("Postgres", fullyQualifiedName="a.shop")]),
        ({"name": "shop"}, [service("Postgres"), service("Postgres")]),
    ],
)
def test_the_id_of_a_service_counts_before_its_name(reference: Any, services: Any) -> None:
    assert resolved(reference, *services) == "postgres"
    assert resolved(reference, *reversed(services)) == "postgres"


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ({"id": OTHER}, repr(OTHER)),
        ({"id": OTHER, "name": "shop"}, "the one in 3.yaml has the id"),
        ({"type": "databaseService"}, "neither name nor id"),
        ({"id": ID, "name": "twin"}, "1.yaml and 2.yaml"),
        ({"name": "twin"}, "1.yaml and 2.yaml"),
    ],
)
def test_a_service_that_is_not_there_or_there_twice(reference: Any, words: str) -> None:
    twins = (service("Looker", "twin", id=ID), service("Postgres", "twin", id=ID))
    with pytest.raises(DefinitionError) as caught:
        resolved(reference, *twins, service("Mysql", id=ID, fullyQualifiedName="x"))
    assert words in str(caught.value)


def test_a_name_without_an_id_may_not_stand_for_two(tmp_path: Path) -> None:
    files = [sample(PIPELINE) | {"service": {"name": "shop"}}, service("Looker"), service("Postgres")]
    result = validate(tmp_path, *files)
    assert result.code == 2
    assert "belongs to 'shop', and services of that name are in" in result.err
    assert "1.json and " in result.err


def validate(folder: Path, *documents: Any) -> Result:
    paths = [folder / f"{number}.json" for number in range(len(documents))]
    for path, document in zip(paths, documents, strict=True):
        path.write_text(json.dumps(document))
    return call(["validate", *(word for path in paths for word in ("-f", str(path)))])


def workflow(**values: Any) -> dict[str, Any]:
    return {
        "source": {"type": "postgres", "serviceName": "shop", "sourceConfig": {}},
        "workflowConfig": {"openMetadataServerConfig": {}},
        **values,
    }


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"workflowConfig": {"openMetadataServerConfig": "foo"}}, "openMetadataServerConfig is not a mapping"),
        ({"workflowConfig": {"openMetadataServerConfig": ["foo"]}}, "openMetadataServerConfig is not a mapping"),
        ({"ingestionPipelineFQN": "."}, "ingestionPipelineFQN '.' is invalid"),
        ({"airflowConfig": {"scheduleInterval": f"{'9' * 5000} * * * *"}}, "is not one that Kubernetes accepts"),
        ({"airflowConfig": {"scheduleInterval": f"* * * * 1-7/{'9' * 5000}"}}, "is not one that Kubernetes accepts"),
        ({"airflowConfig": {"pipelineTimezone": "Europe/Berln"}}, "time zone 'Europe/Berln' is unknown"),
        ({"sink": {"config": {"x": float("nan")}}}, "cannot be written as JSON"),
        ({"sink": {"config": {"x": [float("inf")]}}}, "cannot be written as JSON"),
    ],
)
def test_an_odd_workflow_document_is_refused_by_name(values: dict[str, Any], words: str) -> None:
    with pytest.raises(PipelineError) as caught:
        for pipeline in resolve(recognise(workflow(**values), "odd.yaml")):
            pipeline.document_text()
    assert "odd.yaml" in str(caught.value)
    assert words in str(caught.value)


def test_a_number_that_json_does_not_have_is_refused_in_an_entity_too(tmp_path: Path) -> None:
    entity = sample(PIPELINE) | {"service": {"name": "shop"}}
    entity["sourceConfig"]["config"]["threshold"] = float("nan")
    result = validate(tmp_path, entity, service("Postgres"))
    assert result.code == 2
    assert "0.json: the document cannot be written as JSON" in result.err


def test_another_id_under_the_same_name_is_said_to_be_that() -> None:
    service = sample("services/postgres.json") | {"id": "11111111-2222-5333-8444-555555555555"}
    documents = (sample("pipelines/01_postgres_metadata_daily.json"), service)
    with pytest.raises(DefinitionError, match=r"with the id .*, and the one in y.json has the id 11111111") as caught:
        resolve([item for document in documents for item in recognise(document, "y.json")])
    assert "remove the id" in caught.value.hint
