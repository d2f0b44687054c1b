"""The row of a run: written, replaced, read and deleted."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.openmetadata_contract.servers import PIPELINES, Pipeline, Server, row

EVERYTHING: dict[str, Any] = {
    "startDate": 5,
    "endDate": 7,
    "config": {"a": {"b": [1]}},
    "metadata": {"c": 1},
    "status": [{"name": "Source", "records": 3, "failures": [{"name": "t", "error": "e", "stackTrace": "s"}]}],
}
STEP = {"records": 0, "updated_records": 0, "warnings": 0, "errors": 0, "filtered": 0, "failures": []}


def test_every_write_is_201_with_a_change_event(pipeline: Pipeline) -> None:
    first = row()
    for state in ("running", "success", "queued", "failed"):
        answer = pipeline.put({**first, "pipelineState": state})
        assert answer.status == 201
        assert answer.body["entityFullyQualifiedName"] == pipeline.fqn
        assert answer.body["changeDescription"]["fieldsUpdated"][0]["newValue"]["pipelineState"] == state
        assert answer.body["entity"]["version"] == pipeline.entity["version"]
        assert pipeline.get(first["runId"]).body["pipelineState"] == state


def test_a_row_is_replaced_as_a_whole(pipeline: Pipeline) -> None:
    first = row(**EVERYTHING)
    pipeline.put(first)
    kept = pipeline.get(first["runId"])
    assert kept.status == 200
    assert kept.body == {**first, "status": [{**STEP, **first["status"][0]}]}

    pipeline.put(row(first["runId"], timestamp=1, state="failed"))
    assert pipeline.get(first["runId"]).body == {
        "runId": first["runId"],
        "pipelineState": "failed",
        "timestamp": 1,
        "status": [],
    }


def test_an_unknown_run_is_204(pipeline: Pipeline) -> None:
    answer = pipeline.get(str(uuid.uuid4()))
    assert (answer.status, answer.body) == (204, None)


def test_a_run_id_that_is_no_uuid_is_taken_and_not_found(pipeline: Pipeline) -> None:
    assert pipeline.put(row("no-uuid")).status == 201
    assert pipeline.get("no-uuid").status == 404


def test_a_run_id_in_upper_case_is_another_run_that_is_not_found(pipeline: Pipeline) -> None:
    lower = str(uuid.uuid4())
    pipeline.put(row(lower.upper(), state="failed"))
    assert pipeline.get(lower.upper()).status == 204

    pipeline.put(row(lower))
    assert pipeline.get(lower.upper()).body["pipelineState"] == "running"
    assert pipeline.delete(lower.upper()).status == 204
    assert pipeline.get(lower).status == 204


def test_a_run_of_an_unknown_pipeline(server: Server, pipeline: Pipeline) -> None:
    path = pipeline.rows.replace(pipeline.fqn, f"{pipeline.fqn}-gone")
    for answer in (
        server.call("PUT", path, row()),
        server.call("GET", f"{path}/{uuid.uuid4()}"),
        server.call("GET", path),
    ):
        assert (answer.status, answer.said) == (404, f"ingestionPipeline instance for {pipeline.fqn}-gone not found")


def test_one_row_is_deleted_by_the_pipelines_id(server: Server, pipeline: Pipeline) -> None:
    first, second = row(), row()
    pipeline.put(first)
    pipeline.put(second)
    for _ in range(2):
        answer = pipeline.delete(first["runId"])
        assert (answer.status, answer.body) == (204, None)
    assert pipeline.get(first["runId"]).status == 204
    assert pipeline.get(second["runId"]).status == 200

    assert server.call("DELETE", f"{pipeline.rows}/{second['runId']}").status == 404, "by name"
    assert server.call("DELETE", pipeline.rows).status == 404
    assert server.call("DELETE", f"{PIPELINES}/{uuid.uuid4()}/pipelineStatus/{second['runId']}").status == 404
    assert pipeline.delete("no-uuid").status == 404
    assert pipeline.get(second["runId"]).status == 200


def test_all_rows_are_deleted(pipeline: Pipeline) -> None:
    rows = [row(), row()]
    for each in rows:
        pipeline.put(each)
    assert pipeline.delete().status == 200
    assert [pipeline.get(each["runId"]).status for each in rows] == [204, 204]


def test_the_field_of_the_pipeline_is_the_row_with_the_newest_timestamp(server: Server, pipeline: Pipeline) -> None:
    path = f"{PIPELINES}/{pipeline.id}"
    assert "pipelineStatuses" not in server.call("GET", f"{path}?fields=pipelineStatuses").body
    newest = row(timestamp=9, state="failed")
    for each in (newest, row(timestamp=8)):
        pipeline.put(each)
    assert server.call("GET", f"{path}?fields=pipelineStatuses").body["pipelineStatuses"]["runId"] == newest["runId"]
    assert "pipelineStatuses" not in server.call("GET", path).body


@pytest.mark.parametrize("name", ["a b", "a/b", "with.dot", "a%b", "a>b", "é", "x" * 256])
def test_any_name(server: Server, name: str) -> None:
    pipeline, first = server.pipeline(name), row()
    assert pipeline.put(first).status == 201
    assert pipeline.get(first["runId"]).status == 200
