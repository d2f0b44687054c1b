"""Rows that meet others: the timestamp of another run, and two first rows of one run."""

from __future__ import annotations

from tests.openmetadata_contract.servers import Pipeline, row


def test_a_timestamp_is_had_by_one_run_of_a_pipeline(pipeline: Pipeline) -> None:
    first, second = row(timestamp=1), row(timestamp=1)
    pipeline.put(first)
    answer = pipeline.put(second)
    assert (answer.status, answer.said) == (409, "Entity already exists")
    assert pipeline.get(second["runId"]).status == 204

    assert pipeline.put({**second, "timestamp": 2}).status == 201
    assert pipeline.put({**second, "timestamp": 1}).status == 409
    assert pipeline.get(second["runId"]).body["timestamp"] == 2, "what was refused has changed nothing"
    assert pipeline.put({**second, "timestamp": 3}).status == 201
    assert pipeline.put({**first, "timestamp": 2}).status == 201, "one that was given up can be had"


def test_a_row_without_a_run_is_never_found_and_so_never_replaced(pipeline: Pipeline) -> None:
    nobody = {"pipelineState": "running", "timestamp": 1}
    statuses = [pipeline.put(each).status for each in (nobody, nobody, {**nobody, "timestamp": 2})]
    assert statuses == [201, 409, 201]


def test_another_pipeline_has_timestamps_of_its_own(pipeline: Pipeline) -> None:
    pipeline.put(row(timestamp=1))
    assert pipeline.server.pipeline().put(row(timestamp=1)).status == 201


def test_two_first_rows_at_one_instant_bar_every_other(pipeline: Pipeline) -> None:
    first, second = pipeline.spoiled()
    run, times = first["runId"], [first["timestamp"], second["timestamp"]]
    assert pipeline.get(run).body["timestamp"] in times

    for timestamp in (*times, times[1] + 5):
        assert pipeline.put({**first, "timestamp": timestamp, "pipelineState": "failed"}).status == 409
    assert pipeline.delete(run).status == 204
    assert pipeline.get(run).status == 204
    assert pipeline.put({**first, "pipelineState": "failed"}).status == 201
    assert pipeline.put({**first, "pipelineState": "success"}).status == 201


def test_two_first_rows_with_one_timestamp_are_one(pipeline: Pipeline) -> None:
    for timestamp in range(20):
        first = row(timestamp=timestamp)
        statuses = pipeline.at_once(first, {**first, "pipelineState": "failed"})
        assert sorted(statuses) in ([201, 201], [201, 409])
        assert pipeline.put({**first, "pipelineState": "success"}).status == 201
        assert pipeline.get(first["runId"]).body["pipelineState"] == "success"
