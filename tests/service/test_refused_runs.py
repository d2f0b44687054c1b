"""What OpenMetadata's users see of a run that could not be started."""

from __future__ import annotations

import time

import pytest

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.errors import ForbiddenError, UnreachableError
from k8s_pipeline_client.reporter.payload import first_timestamp
from k8s_pipeline_client.timelimit import pause
from tests.fakes.journal import Request
from tests.service.javaclient import Generation, JavaClient, refused
from tests.service.stage import NIGHTLY, Stage, staged

NAME, FQN = NIGHTLY["name"], NIGHTLY["fullyQualifiedName"]


@pytest.fixture
def known(stage: Stage, server: JavaClient) -> Stage:
    """A pipeline that is deployed, and that OpenMetadata has."""
    stage.openmetadata.add_pipeline(NIGHTLY)
    server.deploy(NIGHTLY)
    return stage


@pytest.fixture
def full(known: Stage) -> Stage:
    """The namespace's quota is used up."""

    known.cluster.before(_refuse_jobs)
    return known


def ask(server: JavaClient, identity: str = "") -> int:
    conf = {"conf": {"pipelineRunId": identity}} if identity else {}
    return server.ask("POST", "trigger", {"dag_id": NAME, **conf}).status


def test_beside_an_active_run_the_refused_one_is_failed_and_older(known: Stage, server: JavaClient) -> None:
    active = str(server.trigger(NAME))
    (job,) = known.jobs()
    at = first_timestamp(known.cluster.now(), active)
    known.openmetadata.add_row(FQN, {"runId": active, "pipelineState": "running", "timestamp": at})
    for number in (1, 2):
        identity = f"0b6f1e5c-0000-4000-8000-00000000000{number}"
        assert ask(server, identity) == 409
        row = known.openmetadata.row(FQN, identity)
        assert row is not None
        assert (row["pipelineState"], row["timestamp"]) == ("failed", at - number)
        assert active in row["status"][-1]["failures"][0]["error"]
    assert known.openmetadata.rows(FQN)[0]["runId"] == active  # it is the pipeline's status still
    assert job["metadata"]["name"] == known.jobs()[0]["metadata"]["name"]


def test_the_row_that_the_server_had_for_the_refused_run_ends(known: Stage, server: JavaClient) -> None:
    active = str(server.trigger(NAME))
    at = first_timestamp(known.cluster.now(), active)
    identity = "0b6f1e5c-0000-4000-8000-00000000000a"
    known.openmetadata.add_row(FQN, {"runId": identity, "pipelineState": "queued", "timestamp": at + 5_000})
    assert ask(server, identity.upper()) == 409
    row = known.openmetadata.row(FQN, identity)
    assert row is not None and (row["pipelineState"], row["timestamp"]) == ("failed", at - 1)


def test_without_an_id_an_active_run_is_named_and_nothing_written(known: Stage) -> None:
    server = known.client(Generation.PLAIN)
    server.trigger(NAME)
    assert ask(server) == 200
    assert known.openmetadata.rows(FQN) == []


def test_what_cannot_run_has_one_row_for_its_cause_within_ten_minutes(full: Stage) -> None:
    server = full.client(Generation.PLAIN)
    for _ in range(3):
        assert refused(server.trigger, NAME).status >= 400
        full.cluster.advance(60)
    (row,) = full.openmetadata.rows(FQN)
    assert row["pipelineState"] == "failed"
    assert "Cause: QuotaExceeded" in row["status"][-1]["failures"][0]["stackTrace"]
    full.cluster.advance(600)
    assert ask(server) >= 400
    assert len(full.openmetadata.rows(FQN)) == 2


def test_another_replica_knows_of_the_row(full: Stage) -> None:
    assert ask(full.client()) >= 400
    with staged() as other:
        other.openmetadata._api, other.openmetadata._wire = full.openmetadata._api, full.openmetadata._wire
        other.openmetadata._session = full.openmetadata._session
        other.cluster.advance((full.cluster.clock - other.cluster.clock).total_seconds() + 300)
        other.client().deploy(NIGHTLY)
        other.cluster.before(_refuse_jobs)
        assert ask(other.client()) >= 400
    assert len(full.openmetadata.rows(FQN)) == 1


def _refuse_jobs(request: Request) -> None:
    if (request.verb, request.kind) == ("create", "Job"):
        raise ForbiddenError("exceeded quota: jobs", status=403, code="QuotaExceeded", facts={"namespace": "t"})


def test_each_run_that_the_server_has_a_row_of_ends(full: Stage, server: JavaClient) -> None:
    for number in (1, 2):
        identity = f"0b6f1e5c-0000-4000-8000-00000000000{number}"
        at = first_timestamp(full.cluster.now(), identity)
        full.openmetadata.add_row(FQN, {"runId": identity, "pipelineState": "queued", "timestamp": at})
        assert ask(server, identity) >= 400
        row = full.openmetadata.row(FQN, identity)
        assert row is not None and row["pipelineState"] == "failed"


def test_where_it_is_not_sure_that_there_is_no_run_nothing_is_written(known: Stage, server: JavaClient) -> None:
    def lose(request: Request) -> None:
        if (request.verb, request.kind) == ("create", "Job"):
            raise UnreachableError("no response")

    known.cluster.after(lose)
    assert ask(server, "0b6f1e5c-0000-4000-8000-00000000000a") == 503
    assert known.openmetadata.rows(FQN) == []


@pytest.mark.parametrize("status", [403, 500])
def test_that_openmetadata_takes_no_row_changes_nothing_of_the_response(
    full: Stage, server: JavaClient, status: int
) -> None:
    full.openmetadata.refuse(status, operation="put_run_status")
    answer = refused(server.trigger, NAME)
    assert answer.json["code"] == "QuotaExceeded"


def test_a_server_that_does_not_respond_is_waited_for_two_seconds(full: Stage, server: JavaClient) -> None:
    full.openmetadata.before(lambda request: pause(8, "for a server that hangs"))
    begun = time.monotonic()
    assert ask(server) >= 400
    assert time.monotonic() - begun < 5


def test_asking_and_writing_calls_nothing_that_would_call_the_service(full: Stage, server: JavaClient) -> None:
    ask(server, "0b6f1e5c-0000-4000-8000-00000000000a")
    assert full.openmetadata.rows(FQN) != []
    assert {request.operation for request in full.openmetadata.requests} <= {
        "service",
        "run_status",
        "put_run_status",
    }
    assert full.cluster.list(Kind.JOB) == []
