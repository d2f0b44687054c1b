"""A run is to be ended that is not what it was when it was read."""

from __future__ import annotations

import time

import pytest

from k8s_pipeline_client.cluster.port import Kind, Propagation
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import InvalidError, UnknownNameError, UnreachableError
from k8s_pipeline_client.runs.kill import kill_run, whoever_runs_this
from k8s_pipeline_client.timelimit import is_over
from tests.fakes import FakeCluster, Request
from tests.unit.console import Console, console
from tests.unit.scene import client, cluster, deploy, job, pipeline

__all__ = ["console"]

NAME = pipeline().resource_name


@pytest.fixture
def fake() -> FakeCluster:
    found = cluster()
    deploy(found, pipeline())
    return found


def test_a_run_is_ended_by_its_deadline_and_says_who_asked(fake: FakeCluster) -> None:
    run = job(fake, NAME)
    kill_run(fake, run, by="me")
    found = fake.get(Kind.JOB, run["metadata"]["name"])
    assert found["spec"]["activeDeadlineSeconds"] == 1
    assert found["metadata"]["annotations"][labels.KILLED_BY] == "me"


def test_a_run_that_is_gone_is_ended(fake: FakeCluster) -> None:
    run = job(fake, NAME)
    fake.delete(Kind.JOB, run["metadata"]["name"], Propagation.BACKGROUND)
    kill_run(fake, run, by="me")
    assert not fake.list(Kind.JOB)


def test_another_job_of_the_same_name_is_left_as_it_is(fake: FakeCluster) -> None:
    run = job(fake, NAME)
    fake.delete(Kind.JOB, run["metadata"]["name"], Propagation.BACKGROUND)
    another = job(fake, NAME)
    kill_run(fake, run, by="me")
    assert fake.get(Kind.JOB, another["metadata"]["name"]) == another


def test_what_the_api_server_does_not_accept_is_said(fake: FakeCluster) -> None:
    run = job(fake, NAME)

    def refuse(request: Request) -> None:
        if request.verb == "patch":
            raise InvalidError("a policy says no", status=422, reason="Invalid")

    fake.before(refuse)
    with pytest.raises(InvalidError):
        kill_run(fake, run, by="me")


@pytest.fixture
def running(fake: FakeCluster) -> list[str]:
    """The names of two Jobs that are active."""
    return [job(fake, NAME, number)["metadata"]["name"] for number in (1, 2)]


def test_without_waiting_it_is_over_once_all_are_to_end(fake: FakeCluster, running: list[str]) -> None:
    found = client(fake).kill(NAME, wait=False)
    assert sorted(run.job_name for run in found) == running
    assert {run.killed_by for run in found} == {whoever_runs_this()}
    assert {fake.get(Kind.JOB, name)["spec"]["activeDeadlineSeconds"] for name in running} == {1}


@pytest.mark.parametrize("call", ["id", "beginning", "job"])
def test_one_run_is_named_by_its_id_any_beginning_of_that_or_its_job(
    fake: FakeCluster, running: list[str], call: str
) -> None:
    one, other = running
    uid = fake.get(Kind.JOB, one)["metadata"]["uid"]
    text = {"id": uid, "beginning": uid[:9], "job": one}[call]
    for name, runs in ((text, None), (NAME, [text])):
        assert [run.run_id for run in client(fake).kill(name, run=runs, wait=False)] == [uid]
        assert fake.get(Kind.JOB, other)["spec"]["activeDeadlineSeconds"] > 1


def test_several_runs_are_named_and_one_that_is_named_twice_is_ended_once(
    fake: FakeCluster, running: list[str]
) -> None:
    job(fake, NAME, 3)
    found = client(fake).kill(NAME, run=[*running, running[0]], wait=False)
    assert [run.job_name for run in found] == running
    assert fake.get(Kind.JOB, f"{NAME}-3")["spec"]["activeDeadlineSeconds"] > 1


def test_if_one_of_those_that_are_named_is_unknown_none_is_ended(fake: FakeCluster, running: list[str]) -> None:
    with pytest.raises(UnknownNameError):
        client(fake).kill(NAME, run=[running[0], "nosuch"], wait=False)
    assert fake.get(Kind.JOB, running[0])["spec"]["activeDeadlineSeconds"] > 1


def test_a_run_that_has_ended_is_not_killed(fake: FakeCluster, running: list[str]) -> None:
    fake.set_status(Kind.JOB, running[0], {"conditions": [{"type": "Complete", "status": "True"}]})
    assert client(fake).kill(running[0], wait=False) == []
    assert [run.job_name for run in client(fake).kill(NAME, wait=False)] == [running[1]]


def test_killing_it_again_leaves_who_asked_first_and_what_its_own_deadline_was(fake: FakeCluster) -> None:
    run = job(fake, NAME)
    kill_run(fake, run, by="the first")
    found = fake.get(Kind.JOB, run["metadata"]["name"])
    kill_run(fake, found, by="the second")
    assert fake.get(Kind.JOB, run["metadata"]["name"]) == found
    assert int(found["metadata"]["annotations"][labels.NET_SECONDS]) > 1


def test_a_run_that_a_queue_holds_is_let_go_to_no_pods_and_deleted_if_it_is_taken_back(fake: FakeCluster) -> None:
    run = job(fake, NAME)
    name = run["metadata"]["name"]
    fake.merge(Kind.JOB, name, {"spec": {"suspend": True}})
    client(fake).kill(NAME, wait=False)
    spec = fake.get(Kind.JOB, name)["spec"]
    assert (spec["suspend"], spec["parallelism"], spec["activeDeadlineSeconds"]) == (False, 0, 1)

    fake.merge(Kind.JOB, name, {"spec": {"suspend": True}})
    (record,) = client(fake).kill(NAME, wait=False)
    assert (record.job_name, record.state) == (name, "failed")
    assert fake.list(Kind.JOB) == []


def test_a_kubelet_that_hangs_holds_up_nothing(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    run = job(fake, NAME)
    pod = {"name": "p", "namespace": "ns", "labels": {labels.JOB_NAME: run["metadata"]["name"]}}
    spec = {"containers": [{"name": "main", "image": "i"}]}
    fake.put({"apiVersion": "v1", "kind": "Pod", "metadata": pod, "spec": spec, "status": {"phase": "Running"}})
    monkeypatch.setattr("k8s_pipeline_client.runs.kill._TAIL_SECONDS", 0.1)

    def hang(request: Request) -> None:
        if request.kind == "Pod/log":
            while not is_over():
                time.sleep(0.01)
            raise UnreachableError("no answer")

    fake.before(hang)
    assert len(client(fake).kill(NAME, wait=False)) == 1
    assert fake.get(Kind.JOB, run["metadata"]["name"])["spec"]["activeDeadlineSeconds"] == 1


def test_the_command_names_runs_and_does_not_wait(console: Console) -> None:
    console.deploy()
    started = console.started()
    uid = started["metadata"]["labels"][labels.APP_RUN_ID]
    assert f"run {uid} is being ended" in console("kill", uid[:8], "--no-wait").out
    (found,) = console(
        "kill", "nightly", "--run", uid, "--run", started["metadata"]["name"], "--no-wait", "-o", "json"
    ).json
    assert found["killedBy"]
