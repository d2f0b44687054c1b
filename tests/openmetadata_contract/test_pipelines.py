"""Pipelines that are deleted and restored, and what becomes of their rows."""

from __future__ import annotations

import uuid

import pytest

from tests.openmetadata_contract.pipelineservice import PipelineService
from tests.openmetadata_contract.servers import PIPELINES, SERVICES, Pipeline, Server, row

pytestmark = pytest.mark.usefixtures("pipeline_service")


def include(server: Server, pipeline: Pipeline) -> dict[str, int]:
    """Return what a read by id responds with for each value of ``include``, by name the same."""
    found = {}
    for value in ("", "non-deleted", "all", "deleted"):
        query = f"?include={value}" if value else ""
        by_id = server.call("GET", f"{PIPELINES}/{pipeline.id}{query}")
        by_name = server.call("GET", f"{PIPELINES}/name/{pipeline.fqn}{query}")
        assert by_id.status == by_name.status
        found[value] = by_id.status
    return found


def test_one_that_is_there(server: Server, pipeline: Pipeline) -> None:
    assert include(server, pipeline) == {"": 200, "non-deleted": 200, "all": 200, "deleted": 404}
    assert server.call("GET", f"{PIPELINES}/{pipeline.id}?include=some").status == 400
    assert server.call("GET", f"{PIPELINES}/{uuid.uuid4()}?include=all").status == 404


def test_one_that_is_deleted_and_restored(server: Server, pipeline: Pipeline) -> None:
    first = row()
    pipeline.put(first)
    assert server.call("DELETE", f"{PIPELINES}/{pipeline.id}").status == 200

    assert include(server, pipeline) == {"": 404, "non-deleted": 404, "all": 200, "deleted": 200}
    assert server.call("GET", f"{PIPELINES}/{pipeline.id}?include=all").body["deleted"] is True
    refused = (pipeline.get(first["runId"]), pipeline.put(row()), pipeline.listed(), pipeline.delete(first["runId"]))
    assert [answer.status for answer in refused] == [404] * 4
    assert server.call("POST", PIPELINES, server.create_pipeline(pipeline.entity["name"])).status == 409

    restored = server.call("PUT", f"{PIPELINES}/restore", {"id": pipeline.id})
    assert (restored.status, restored.body["deleted"]) == (200, False)
    assert pipeline.get(first["runId"]).status == 204, "without its rows"
    assert pipeline.put(first).status == 201
    assert server.call("PUT", f"{PIPELINES}/restore", {"id": pipeline.id}).status == 500, "it is there"


def test_one_that_is_deleted_for_good(server: Server, pipeline: Pipeline) -> None:
    for _ in range(2):
        answer = server.call("DELETE", f"{PIPELINES}/{pipeline.id}?hardDelete=true")
    assert answer.status == 404
    assert set(include(server, pipeline).values()) == {404}
    again = server.pipeline(pipeline.entity["name"])
    assert again.id != pipeline.id or server.stand_in is not None


def test_a_run_that_makes_its_pipeline_anew_restores_it(server: Server, pipeline: Pipeline) -> None:
    server.call("DELETE", f"{PIPELINES}/{pipeline.id}")
    found = server.call("PUT", PIPELINES, server.create_pipeline(pipeline.entity["name"]))
    assert (found.status, found.body["id"]) == (200, pipeline.id)
    assert server.call("GET", f"{PIPELINES}/{pipeline.id}").body["deleted"] is False


def test_made_by_put_and_by_post(server: Server) -> None:
    create = server.create_pipeline("made")
    assert [server.call(method, PIPELINES, create).status for method in ("PUT", "PUT", "POST")] == [201, 200, 409]


def test_a_service_takes_its_pipelines_with_it(server: Server, pipeline_service: PipelineService) -> None:
    other = Server(server.url, server.token, server.stand_in)
    pipeline = other.pipeline()
    path = f"{SERVICES}/{other.service['id']}"
    assert other.call("DELETE", path).status == 400, "it is not empty"
    assert other.call("DELETE", f"{path}?recursive=true").status == 200
    assert include(other, pipeline)["all"] == 200
    assert include(other, pipeline)[""] == 404
    assert other.call("PUT", f"{SERVICES}/restore", {"id": other.service["id"]}).status == 200
    assert include(other, pipeline)[""] == 200
    other.close()
    assert include(server, pipeline)["all"] == 404
