"""What a pass makes of runs that came to their ends, one way or another."""

from __future__ import annotations

import base64
import json

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.recognise import recognise
from k8s_pipeline_client.domain.resolve import resolve
from k8s_pipeline_client.reporter import Action
from k8s_pipeline_client.status import pipeline_status
from tests.unit import scene
from tests.unit.reporting import World, said


def test_a_run_that_failed_is_reported_with_its_cause_and_then_costs_nothing() -> None:
    world = World()
    job = world.failed_run()

    first = world.passes()

    assert [run.action for run in first.runs] == [Action.WRITTEN]
    row = world.row(job)
    assert row is not None
    assert row["pipelineState"] == "failed"
    assert "code 1" in said(row)
    assert world.mark(job) is None, "it has to be read back first"

    second = world.passes()

    assert [run.action for run in second.runs] == [Action.CONFIRMED]
    assert world.mark(job) == labels.FINAL
    assert world.remembered() == set()
    assert world.passes().runs == ()


def test_the_same_row_is_written_whoever_writes_it() -> None:
    one, other = World(), World()
    job, same = (
        one.run(identity="0b6f1c9e-1f5c-4f51-9d2c-9a7f6f7b7a11"),
        other.run(identity="0b6f1c9e-1f5c-4f51-9d2c-9a7f6f7b7a11"),
    )
    for world, name in ((one, job), (other, same)):
        pod = world.pod(name)
        world.fake.advance(30)
        world.exit(name, pod, 1)
    one.passes()
    other.passes(seconds=55)

    assert one.row(job) == other.row(same)


def test_nothing_is_written_of_a_run_that_is_under_way() -> None:
    world = World()
    job = world.run()
    world.pod(job)

    world.passes(4)

    assert world.row(job) is None
    assert [request for request in world.server.requests] == []
    assert world.remembered() == {world.run_id(job)}


def test_nothing_is_written_in_the_first_ten_seconds_of_a_job() -> None:
    world = World()
    job = world.run(identity="0b6f1c9e-1f5c-4f51-9d2c-9a7f6f7b7a11")
    world.exit(job, world.pod(job), 1)

    world.passes(seconds=9)
    assert world.server.requests == []

    world.passes(seconds=1)
    assert world.state(job) == "failed"


def test_a_run_that_nobody_else_reports_is_queued_with_what_it_waits_for() -> None:
    world = World()
    job = world.run()
    world.waiting_pod(job)

    world.passes(seconds=19)
    assert world.row(job) is None

    world.passes(seconds=1)
    row = world.row(job)
    assert row is not None
    assert row["pipelineState"] == "queued"


def test_a_run_whose_id_was_handed_over_is_queued_by_somebody_else() -> None:
    world = World()
    job = world.run(identity="0b6f1c9e-1f5c-4f51-9d2c-9a7f6f7b7a11")
    world.waiting_pod(job)

    world.passes(6)

    assert world.row(job) is None


def test_a_run_that_succeeded_and_was_not_heard_is_reported() -> None:
    world = World()
    job = world.run()
    pod = world.pod(job)
    world.reported_by_itself(job, "running", status=[], config={"a": 1})
    world.fake.advance(30)
    world.exit(job, pod, 0)

    world.passes(2)

    row = world.row(job)
    assert row is not None
    assert (row["pipelineState"], row["config"]) == ("success", {"a": 1})
    assert world.mark(job) == labels.FINAL


def test_what_a_run_has_reported_itself_is_only_read() -> None:
    world = World()
    job = world.run()
    pod = world.pod(job)
    world.reported_by_itself(job, "partialSuccess")
    world.fake.advance(30)
    world.exit(job, pod, 0)

    world.passes(1)

    assert world.state(job) == "partialSuccess"
    assert world.mark(job) == labels.FINAL
    assert [request.operation for request in world.server.requests] == ["run_status"]


def test_a_late_queued_of_the_server_is_written_over_again() -> None:
    world = World()
    job = world.failed_run()
    world.passes()
    world.reported_by_itself(job, "queued")

    world.passes()
    assert world.state(job) == "failed"
    assert world.mark(job) is None

    world.passes()
    assert world.mark(job) == labels.FINAL


def test_success_that_was_reported_before_the_run_failed_is_not_believed() -> None:
    world = World()
    job = world.run()
    pod = world.pod(job)
    world.reported_by_itself(job, "success", status=[{"name": "Postgres", "records": 12}])
    world.fake.advance(30)
    world.exit(job, pod, 1)

    world.passes(2)

    row = world.row(job)
    assert row is not None
    assert row["pipelineState"] == "failed"
    assert row["status"][0]["name"] == "Postgres"
    assert "reported success" in said(row)


def test_a_run_whose_document_names_no_pipeline_is_reported_nowhere() -> None:
    world = _without_fqn()
    job = world.failed_run()

    report = world.passes()

    assert [run.action for run in report.runs] == [Action.UNREPORTED]
    assert world.server.requests == []
    assert world.mark(job) == labels.NOWHERE
    assert world.passes().runs == ()


def test_the_run_of_an_application_is_reported_nowhere_and_says_so() -> None:
    world = World()
    application = {
        "name": "Hello",
        "appType": "external",
        "sourcePythonClass": "metadata.applications.example.HelloPipelines",
        "appConfiguration": {},
        "openMetadataServerConnection": {
            "hostPort": "http://openmetadata:8585/api",
            "securityConfig": {"jwtToken": scene.token()},
        },
    }
    (found,) = resolve(recognise(application, "app.json"))
    job = world.one_shot(found)
    pod = world.pod(job)
    world.fake.advance(30)
    world.exit(job, pod, 1)

    report = world.passes()

    assert [(run.run_id, run.action) for run in report.runs] == [(world.run_id(job), Action.UNREPORTED)]
    assert world.mark(job) == labels.NOWHERE
    shown = pipeline_status(world.fake.get(Kind.JOB, job), [], world.fake.clock)
    assert [text for text in shown.warnings if "application" in text]


def _without_fqn() -> World:
    world = World()
    secret = world.fake.get(Kind.SECRET, world.name)
    document = json.loads(base64.b64decode(secret["data"]["workflow.json"]))
    del document["ingestionPipelineFQN"]
    data = {"workflow.json": base64.b64encode(json.dumps(document).encode()).decode()}
    world.fake.merge(Kind.SECRET, world.name, {"data": data})
    return world
