"""A run is asked for by its id, perhaps more than once: the first caller may have died before the answer came."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from k8s_pipeline_client.client import K8sPipelineClient
from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.pipeline import Component
from k8s_pipeline_client.errors import ForbiddenError, InputError, RunActiveError
from k8s_pipeline_client.settings import Settings
from tests.fakes import FakeCluster, Request
from tests.unit.console import NIGHTLY, SERVICE, Console, console
from tests.unit.scene import client, cluster, deploy, pipeline
from tests.unit.turns import take_turns

__all__ = ["console"]

NAME, FQN = pipeline().resource_name, pipeline().fqn
RUN = "aaaaaaaa-aaaa-4000-8000-000000000001"
ALIKE = "aaaaaaaa-aaaa-4000-8000-000000000002"
"""Beside it, its Job would have the same name."""
OTHER = "bbbbbbbb-bbbb-4000-8000-000000000001"


class Crash(BaseException):
    """The process is gone."""


@pytest.fixture
def fake() -> FakeCluster:
    found = cluster()
    deploy(found, pipeline())
    return found


def crashes_after(fake: FakeCluster, number: int) -> None:
    """End the process once the numbered request was carried out."""
    fake.requests.clear()

    def die(_: Request) -> None:
        if len(fake.requests) == number:
            end()
            raise Crash

    end = fake.after(die)


@pytest.mark.parametrize("override", [None, {"includeViews": False}], ids=["plain", "with a document of its own"])
def test_the_same_call_again_is_the_same_run_wherever_the_first_one_was_cut_short(
    fake: FakeCluster, override: dict[str, bool] | None
) -> None:
    def start(fake: FakeCluster) -> str:
        return client(fake).run(FQN, run_id=RUN, source_config_override=override).run_id

    before = fake.fork()
    before.requests.clear()
    start(before)
    for number in range(1, len(before.requests) + 1):
        again = fake.fork()
        crashes_after(again, number)
        with pytest.raises(Crash):
            start(again)

        assert start(again) == RUN

        (job,) = again.list(Kind.JOB)
        assert not job["spec"].get("suspend")
        assert bool(override) == any(
            item["metadata"]["name"] == job["metadata"]["name"] for item in again.list(Kind.SECRET)
        )


def test_a_run_that_has_ended_is_not_started_again(fake: FakeCluster) -> None:
    first = client(fake).run(FQN, run_id=RUN)
    fake.set_status(Kind.JOB, first.job_name, {"conditions": [{"type": "Complete", "status": "True"}]})
    again = client(fake).run(FQN, run_id=RUN.upper())
    assert (again.run_id, again.job_name, again.state) == (RUN, first.job_name, "success")
    assert len(fake.list(Kind.JOB)) == 1


def test_whether_it_may_overlap_does_not_make_it_another_run(fake: FakeCluster) -> None:
    for first, again in ((False, True), (True, False)):
        own = fake.fork()
        started = client(own).run(FQN, run_id=RUN, allow_overlap=first)
        assert client(own).run(FQN, run_id=RUN, allow_overlap=again).job_name == started.job_name


def test_an_ended_run_is_the_same_run_also_beside_an_active_one(fake: FakeCluster) -> None:
    first = client(fake).run(FQN, run_id=RUN)
    fake.set_status(Kind.JOB, first.job_name, {"conditions": [{"type": "Complete", "status": "True"}]})
    client(fake).run(FQN, run_id=OTHER)
    assert client(fake).run(FQN, run_id=RUN).state == "success"


def test_two_calls_at_once_are_one_run(fake: FakeCluster) -> None:
    for order in ([0, 1] * 10, [0, 0, 1, 1] * 5, [0, 1, 1, 1] * 5):
        own = fake.fork()
        tasks = [lambda own=own: client(own).run(FQN, run_id=RUN, source_config_override={"includeViews": False})] * 2
        assert take_turns(own, tasks, order) == [None, None]
        (job,) = own.list(Kind.JOB)
        assert not job["spec"].get("suspend")


def test_another_id_with_the_same_beginning_is_another_run(fake: FakeCluster) -> None:
    first = client(fake).run(FQN, run_id=RUN, allow_overlap=True)
    with pytest.raises(InputError) as refused:
        client(fake).run(FQN, run_id=ALIKE, allow_overlap=True)
    assert refused.value.code == "RunIdTaken"
    assert refused.value.facts["run_id"] == RUN
    assert refused.value.facts["job"] == first.job_name


def test_an_id_that_we_have_made_is_nobodys_to_ask_for_again(fake: FakeCluster) -> None:
    first = client(fake).run(FQN)
    with pytest.raises(InputError) as refused:
        client(fake).run(FQN, run_id=first.run_id)
    assert refused.value.code == "RunIdTaken"


def test_while_another_run_is_active_it_is_named(fake: FakeCluster) -> None:
    first = client(fake).run(FQN, run_id=RUN)
    with pytest.raises(RunActiveError) as refused:
        client(fake).run(FQN, run_id=OTHER)
    facts = refused.value.facts
    assert (facts["run_id"], facts["job"], facts["created_at"]) == (
        RUN,
        first.job_name,
        fake.list(Kind.JOB)[0]["metadata"]["creationTimestamp"],
    )


def test_a_repeated_call_that_is_refused_leaves_the_run_of_the_first_one(fake: FakeCluster) -> None:
    crashes_after(fake, 4)
    with pytest.raises(Crash):
        client(fake).run(FQN, run_id=RUN, source_config_override={"includeViews": False})
    (job,) = fake.list(Kind.JOB)
    assert job["spec"]["suspend"]

    def refuse(request: Request) -> None:
        if request.verb == "patch" and request.kind == Kind.SECRET:
            raise ForbiddenError("no", status=403)

    end = fake.before(refuse)
    with pytest.raises(ForbiddenError) as refused:
        client(fake).run(FQN, run_id=RUN, source_config_override={"includeViews": False})
    assert job["metadata"]["name"] in refused.value.outcome
    end()
    assert client(fake).run(FQN, run_id=RUN, source_config_override={"includeViews": False}).run_id == RUN
    assert not fake.list(Kind.JOB)[0]["spec"]["suspend"]


def test_a_retry_of_it_has_an_id_of_its_own_that_nobody_gave(fake: FakeCluster) -> None:
    first = client(fake).run(FQN, run_id=RUN)
    fake.set_status(Kind.JOB, first.job_name, {"conditions": [{"type": "Failed", "status": "True"}]})
    second = client(fake).retry(RUN)
    assert labels.RUN_ID_GIVEN not in fake.get(Kind.JOB, second.job_name)["metadata"]["labels"]


def test_a_run_without_a_pipeline_is_the_same_run_again(fake: FakeCluster) -> None:
    first = client(fake).run_once(pipeline(component=Component.AUTOMATION), run_id=RUN)
    again = client(fake).run_once(pipeline(component=Component.AUTOMATION), run_id=RUN)
    assert again.job_name == first.job_name
    assert len(fake.list(Kind.JOB)) == 1


@pytest.fixture
def service(console: Console) -> Iterator[K8sPipelineClient]:
    with K8sPipelineClient(console.cluster, Settings(namespace=console.cluster.namespace)) as found:
        found.deploy_pipeline(NIGHTLY, SERVICE)
        console.cluster.requests.clear()
        yield found


def test_queued_are_the_runs_that_have_not_begun_and_whose_id_nobody_gave(
    service: K8sPipelineClient, console: Console
) -> None:
    fake = console.cluster
    service.run_pipeline(NIGHTLY, run_id=RUN)
    assert service.queued_statuses(NIGHTLY) == []
    fake.set_status(
        Kind.JOB, fake.list(Kind.JOB)[0]["metadata"]["name"], {"conditions": [{"type": "Failed", "status": "True"}]}
    )
    started = service.run_pipeline(NIGHTLY)
    fake.requests.clear()

    (queued,) = service.queued_statuses(NIGHTLY)

    assert queued["runId"] == started.run_id
    assert [request.verb for request in fake.requests] == ["list", "list"]
    (job,) = [item for item in fake.list(Kind.JOB) if labels.RUN_ID_GIVEN not in item["metadata"]["labels"]]
    console.give_pod(job)
    assert service.queued_statuses(NIGHTLY) == []


def test_queued_runs_of_a_pipeline_of_the_same_name_in_another_service_are_not_its(
    service: K8sPipelineClient, console: Console
) -> None:
    other = {
        **NIGHTLY,
        "id": str(uuid.uuid4()),
        "fullyQualifiedName": '"my.sql".nightly',
        "service": {**NIGHTLY["service"], "name": "my.sql", "fullyQualifiedName": '"my.sql"'},
    }
    service.deploy_pipeline(other, {**SERVICE, "name": "my.sql", "fullyQualifiedName": '"my.sql"'})
    started = service.run_pipeline(other)
    assert service.queued_statuses(NIGHTLY) == []
    assert [found["runId"] for found in service.queued_statuses(other)] == [started.run_id]
