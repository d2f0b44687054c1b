"""Which rows are taken, and what is made of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.openmetadata_contract.servers import Pipeline, row


def step(**more: Any) -> dict[str, Any]:
    return {"status": [{"name": "Source", **more}]}


def failure(**more: Any) -> dict[str, Any]:
    return step(failures=[{"name": "t", "error": "e", **more}])


@pytest.mark.parametrize("state", ["queued", "running", "success", "failed", "partialSuccess", "stopped", None])
def test_states(pipeline: Pipeline, state: str | None) -> None:
    first = {**row(), "pipelineState": state}
    assert pipeline.put(first).status == 201
    assert pipeline.get(first["runId"]).body.get("pipelineState") == state


@pytest.mark.parametrize(
    "change",
    [
        {"pipelineState": "Failed"},
        {"pipelineState": "done"},
        {"pipelineState": ""},
        {"unknown": 1},
        step(unknown=1),
        failure(unknown=1),
        {"startDate": "2026-01-01T00:00:00Z"},
        {"timestamp": True},
        {"endDate": {}},
        {"status": {}},
        {"status": ["Source"]},
        {"status": [{"records": 1}]},
        {"status": [{"name": "Source", "failures": [{"name": "t"}]}]},
        {"status": [{"name": "Source", "failures": [{"error": "e"}]}]},
        step(records=2**31),
        step(records="many"),
        step(progress="much"),
        {"config": "text"},
        {"config": []},
        {"metadata": 1},
    ],
    ids=str,
)
def test_what_is_400(pipeline: Pipeline, change: dict[str, Any]) -> None:
    first = row()
    assert pipeline.put({**first, **change}).status == 400
    assert pipeline.get(first["runId"]).status == 204


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b"1"])
def test_bodies_that_are_400(pipeline: Pipeline, body: bytes) -> None:
    assert pipeline.put(None, raw=body).status == 400


@pytest.mark.parametrize("body", [b"{}", b"", b"null"])
def test_bodies_that_are_500(pipeline: Pipeline, body: bytes) -> None:
    assert pipeline.put(None, raw=body).status == 500


def test_another_type_of_content_is_415(pipeline: Pipeline) -> None:
    assert pipeline.put(row(), content_type="text/plain").status == 415


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp": None},
        {"timestamp": ""},
        {"status": [{"name": "a\0b"}]},
        {"config": {"a": "\0"}},
        {"config": {"\0": "a"}},
        failure(stackTrace="\0"),
    ],
    ids=ascii,
)
def test_what_is_500(pipeline: Pipeline, change: dict[str, Any]) -> None:
    first = row()
    assert pipeline.put({**first, **change}).status == 500
    assert pipeline.get(first["runId"]).status == 204


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"timestamp": "77"}, {"timestamp": 77}),
        ({"startDate": 8.9}, {"startDate": 8}),
        ({"startDate": 1767225600}, {"startDate": 1767225600}),
        ({"startDate": "", "endDate": None}, {"startDate": None, "endDate": None}),
        ({"timestamp": -5}, {"timestamp": -5}),
        ({"status": None}, {"status": []}),
        ({"config": None}, {"config": None}),
        ({"config": {"a": "😀 \x1b[31m"}}, {"config": {"a": "😀 \x1b[31m"}}),
    ],
    ids=ascii,
)
def test_what_is_taken_in_silence(pipeline: Pipeline, change: dict[str, Any], kept: dict[str, Any]) -> None:
    first = {**row(), **change}
    assert pipeline.put(first).status == 201
    found = pipeline.get(first["runId"]).body
    assert {key: found.get(key) for key in kept} == kept


def test_a_lone_surrogate_is_taken(pipeline: Pipeline) -> None:
    first = row(config={"a": "\ud800"})
    assert pipeline.put(first).status == 201
    assert pipeline.get(first["runId"]).status == 200


def test_what_is_made_of_a_step(pipeline: Pipeline) -> None:
    progress = {"tables": {"total": 3, "unknown": 1}}
    given = {"records": None, "warnings": "5", "errors": 5.9, "failures": None, "progress": progress}
    first = row(**step(**given))
    assert pipeline.put(first).status == 201
    assert pipeline.get(first["runId"]).body["status"] == [
        {
            "name": "Source",
            "records": 0,
            "updated_records": 0,
            "warnings": 5,
            "errors": 5,
            "filtered": 0,
            "failures": [],
            "progress": {"tables": {"total": 3, "processed": 0, "unknown": 1}},
        }
    ]


def test_scalars_become_text_and_null_stays_in_lists(pipeline: Pipeline) -> None:
    first = row(status=[None, {"name": 5, "failures": [None, {"name": True, "error": 1.5}]}])
    assert pipeline.put(first).status == 201
    nothing, found = pipeline.get(first["runId"]).body["status"]
    assert nothing is None
    assert (found["name"], found["failures"]) == ("5", [None, {"name": "true", "error": "1.5"}])


def test_many_steps_and_long_text_are_taken(pipeline: Pipeline) -> None:
    steps = [{"name": f"step {number}"} for number in range(299)]
    first = row(status=[*steps, {"name": "last", "failures": [{"name": "t", "error": "x" * 2_000_000}]}])
    assert pipeline.put(first).status == 201
    assert len(pipeline.get(first["runId"]).body["status"]) == 300
