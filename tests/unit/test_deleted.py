"""A pipeline that OpenMetadata has deleted is kept, suspended and marked, and comes back as it was."""

from __future__ import annotations

import pytest
from pytest_mock import MockerFixture

from k8s_pipeline_client import Pipeline
from k8s_pipeline_client.cluster.port import Kind, Propagation
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import is_marked_deleted
from k8s_pipeline_client.domain.schedule import Schedule
from k8s_pipeline_client.errors import UnknownNameError
from tests.fakes import FakeCluster
from tests.unit.scene import assert_holds_one_of, assert_nothing_unowned, client, cluster, deploy, job, others, pipeline
from tests.unit.test_interleavings import points

NAME = pipeline().resource_name
HOURLY = pipeline(schedule=Schedule("0 * * * *", "UTC"))
ON_DEMAND = pipeline(schedule=None)


@pytest.fixture(autouse=True)
def no_pauses(mocker: MockerFixture) -> None:
    mocker.patch("k8s_pipeline_client.polling.time.sleep")


def deployed(item: Pipeline) -> FakeCluster:
    fake = cluster()
    deploy(fake, item)
    return fake


def is_marked(fake: FakeCluster) -> bool:
    cronjob = fake.get(Kind.CRONJOB, NAME)
    assert not is_marked_deleted(cronjob) or cronjob["spec"]["suspend"]
    return is_marked_deleted(cronjob)


def test_it_is_suspended_and_marked_in_one_write_and_its_runs_end() -> None:
    fake = deployed(HOURLY)
    run = job(fake, NAME)
    fake.requests.clear()

    assert client(fake).mark_deleted(fake.get(Kind.CRONJOB, NAME))

    writes = [request for request in fake.requests if request.verb == "patch"]
    assert [request.kind for request in writes] == [Kind.CRONJOB, Kind.JOB]
    assert fake.get(Kind.JOB, run["metadata"]["name"])["spec"]["activeDeadlineSeconds"] == 1
    assert [item["metadata"]["name"] for item in fake.list(Kind.CRONJOB, labels=labels.DELETED)] == [NAME]
    (shown,) = client(fake).list_pipelines()
    assert (shown.suspended, shown.next_run_at) == (True, None)
    assert any("OpenMetadata" in text for text in shown.warnings)


def test_again_is_fine_and_the_time_is_that_of_the_first() -> None:
    fake = deployed(HOURLY)
    client(fake).mark_deleted(NAME)
    before = fake.get(Kind.CRONJOB, NAME)
    fake.advance(3600)
    run = job(fake, NAME)
    assert client(fake).mark_deleted(NAME)
    assert fake.get(Kind.CRONJOB, NAME) == before
    assert fake.get(Kind.JOB, run["metadata"]["name"])["spec"]["activeDeadlineSeconds"] == 1


def test_a_run_of_it_cannot_be_started() -> None:
    fake = deployed(HOURLY)
    client(fake).mark_deleted(NAME)
    with pytest.raises(UnknownNameError) as refused:
        client(fake).run(NAME)
    assert refused.value.code == "DeletedInOpenMetadata"
    assert fake.list(Kind.JOB) == []


def test_once_restored_it_is_on_its_schedule_and_nothing_is_made_up_for() -> None:
    fake = deployed(HOURLY)
    client(fake).mark_deleted(NAME)
    fake.advance(3600 + 300)
    client(fake).unmark(NAME)
    cronjob = fake.get(Kind.CRONJOB, NAME)
    assert cronjob["spec"]["suspend"] is False
    assert cronjob["spec"]["startingDeadlineSeconds"] < 300
    assert not [
        key for key in cronjob["metadata"]["annotations"] if key in (labels.DELETED_AT, labels.SUSPENDED_BEFORE)
    ]
    assert not is_marked(fake)


@pytest.mark.parametrize("item", [pipeline(enabled=False), ON_DEMAND], ids=["disabled", "on demand"])
def test_one_that_was_switched_off_stays_so(item: Pipeline) -> None:
    fake = deployed(item)
    client(fake).mark_deleted(NAME)
    assert is_marked(fake)
    client(fake).unmark(NAME)
    assert not is_marked(fake)
    assert_holds_one_of(fake, item)
    assert client(fake).run(NAME)


def test_one_that_is_not_marked_is_left_as_it_is() -> None:
    fake = deployed(pipeline(enabled=False))
    before = fake.get(Kind.CRONJOB, NAME)
    client(fake).unmark(NAME)
    assert fake.get(Kind.CRONJOB, NAME) == before


@pytest.mark.parametrize("item", [HOURLY, pipeline(enabled=False), ON_DEMAND], ids=["enabled", "disabled", "on demand"])
def test_a_deploy_takes_the_mark_away(item: Pipeline) -> None:
    fake = deployed(item)
    client(fake).mark_deleted(NAME)
    done = deploy(fake, item)
    assert done.action == "updated"
    assert done.notes
    assert not is_marked(fake)
    assert_holds_one_of(fake, item)
    assert deploy(fake, item).action == "unchanged"


def test_so_does_a_deploy_of_many() -> None:
    fake = cluster()
    items = others(25)
    client(fake).deploy_all(items)
    client(fake).mark_deleted(items[0].resource_name)
    assert client(fake).deploy_all(items)[0].action == "updated"
    assert fake.list(Kind.CRONJOB, labels=labels.DELETED) == []


@pytest.mark.parametrize("verb", ["enable", "disable"])
def test_so_does_whoever_switches_it(verb: str) -> None:
    fake = deployed(HOURLY)
    client(fake).mark_deleted(NAME)
    getattr(client(fake), verb)(NAME)
    assert not is_marked(fake)


def test_what_was_deployed_since_it_was_read_is_not_marked() -> None:
    fake = deployed(HOURLY)
    read = fake.get(Kind.CRONJOB, NAME)
    deploy(fake, pipeline(level="DEBUG"))
    assert not client(fake).mark_deleted(read)
    fake.delete(Kind.CRONJOB, NAME, Propagation.BACKGROUND)
    assert not client(fake).mark_deleted(read)
    assert fake.list(Kind.CRONJOB) == []


def test_a_run_that_begins_meanwhile_is_no_reason() -> None:
    fake = deployed(HOURLY)
    read = fake.get(Kind.CRONJOB, NAME)
    fake.set_status(Kind.CRONJOB, NAME, {"lastScheduleTime": "2026-01-21T00:00:00Z"})
    assert client(fake).mark_deleted(read)


def test_somebody_elses_wish_that_it_runs_does_not_stand_in_the_way() -> None:
    fake = deployed(HOURLY)
    fake.apply(
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {"name": NAME, "namespace": "ns"},
            "spec": {"suspend": False},
        },
        manager="somebody-else",
        force=True,
    )
    assert client(fake).mark_deleted(NAME)
    assert is_marked(fake)


def mark(fake: FakeCluster) -> None:
    for cronjob in fake.list(Kind.CRONJOB):
        client(fake).mark_deleted(cronjob)


@pytest.mark.parametrize("item", [pipeline(level="INFO"), pipeline(level="INFO", enabled=False)])
def test_of_a_mark_amid_a_deploy_nothing_is_left_unless_it_came_last(item: Pipeline) -> None:
    for fake, wrote in points(pipeline(level="WARN"), item, mark):
        assert_nothing_unowned(fake)
        if wrote:
            assert not is_marked(fake)
            assert_holds_one_of(fake, item)
        else:
            deploy(fake, item)
            assert_holds_one_of(fake, item)
