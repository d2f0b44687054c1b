"""Lists of rows: their order and bounds, and what a pipeline service adds to them."""

from __future__ import annotations

import pytest

from tests.openmetadata_contract.pipelineservice import PipelineService
from tests.openmetadata_contract.servers import PIPELINES, Pipeline, Server, await_that, row


@pytest.fixture
def filled(pipeline: Pipeline, pipeline_service: PipelineService) -> Pipeline:
    """Seven rows, written in no order."""
    for timestamp in (3, 1, 7, 5, 2, 6, 4):
        pipeline.put(row(timestamp=timestamp))
    return pipeline


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [7, 6, 5, 4, 3]),
        ({"limit": 2}, [7, 6]),
        ({"limit": 100}, [7, 6, 5, 4, 3, 2, 1]),
        ({"startTs": 2}, [7, 6, 5, 4, 3, 2]),
        ({"endTs": 3}, [3, 2, 1]),
        ({"startTs": 2, "endTs": 4}, [4, 3, 2]),
        ({"startTs": 1, "limit": 3}, [7, 6, 5]),
        ({"startTs": 8}, []),
    ],
    ids=str,
)
def test_the_newest_come_first(filled: Pipeline, query: dict[str, int], found: list[int]) -> None:
    answer = filled.listed(**query)
    assert answer.status == 200
    assert [each["timestamp"] for each in answer.body["data"]] == found
    assert answer.body["paging"]["total"] == len(found)


def test_a_run_with_two_rows_is_listed_twice(pipeline: Pipeline, pipeline_service: PipelineService) -> None:
    first, second = pipeline.spoiled()
    found = pipeline.listed(startTs=first["timestamp"], endTs=second["timestamp"]).body["data"]
    assert [(each["runId"], each["timestamp"]) for each in found] == [
        (first["runId"], second["timestamp"]),
        (first["runId"], first["timestamp"]),
    ]


def test_bounds_that_are_none(server: Server, filled: Pipeline) -> None:
    assert filled.listed(limit=0).status == 400
    assert server.call("GET", f"{filled.rows}?startTs=now").status == 404


def test_only_a_list_asks_the_pipeline_service(
    server: Server, pipeline: Pipeline, pipeline_service: PipelineService
) -> None:
    first = row()
    pipeline.put(first)
    pipeline.get(first["runId"])
    server.call("GET", f"{PIPELINES}/{pipeline.id}?fields=pipelineStatuses")
    assert pipeline_service.asked == []

    pipeline.listed()
    assert pipeline_service.asked == [pipeline.entity["name"]]


def test_what_the_pipeline_service_says_is_in_the_list(pipeline: Pipeline, pipeline_service: PipelineService) -> None:
    first = row(timestamp=5, state="success")
    pipeline.put(first)
    pipeline.put(row(timestamp=7))
    pipeline_service.queued = [{**first, "pipelineState": "queued"}, row(timestamp=9, state="failed")]
    pipeline_service.queued.append({"runId": first["runId"], "pipelineState": "queued"})

    found = [(each.get("timestamp"), each["pipelineState"]) for each in pipeline.listed(startTs=0).body["data"]]
    assert found == [(9, "failed"), (7, "running"), (5, "queued"), (5, "success"), (None, "queued")]
    found = [(each["timestamp"], each["pipelineState"]) for each in pipeline.listed(limit=3).body["data"]]
    assert found == [(9, "failed"), (7, "running"), (5, "queued")]


@pytest.mark.parametrize("status", [404, 500, 503])
def test_a_refusal_of_the_pipeline_service_is_ignored(
    pipeline: Pipeline, pipeline_service: PipelineService, status: int
) -> None:
    pipeline.put(row(timestamp=5))
    pipeline_service.queued, pipeline_service.status = [row(timestamp=9)], status

    answer = pipeline.listed(startTs=0)
    assert (answer.status, [each["timestamp"] for each in answer.body["data"]]) == (200, [5])


def test_a_field_of_the_pipeline_service_that_is_unknown_is_500(
    pipeline: Pipeline, pipeline_service: PipelineService
) -> None:
    pipeline_service.queued = [{**row(), "unknown": 1}]
    assert pipeline.listed(startTs=0).status == 500


def test_a_pipeline_service_that_is_away_is_400(
    server: Server, pipeline: Pipeline, pipeline_service: PipelineService
) -> None:
    assert pipeline.listed(startTs=0).status == 200
    pipeline_service.__exit__()
    await_that(lambda: pipeline.listed(startTs=0).status == 400)
