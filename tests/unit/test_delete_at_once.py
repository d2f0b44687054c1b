"""A delete that does not wait: it is over once nothing of the pipeline can start, and all of it is ending."""

from __future__ import annotations

import pytest

from k8s_pipeline_client.client import K8sPipelineClient
from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import is_terminating
from k8s_pipeline_client.errors import WaitTimeoutError
from k8s_pipeline_client.settings import Settings
from tests.fakes import FakeCluster, Request
from tests.unit.console import NIGHTLY, SERVICE, Console, console
from tests.unit.scene import client, cluster, deploy, job, pipeline

__all__ = ["console"]

NAME = pipeline().resource_name
HOLD = {"metadata": {"finalizers": ["example.com/hold"]}}


@pytest.fixture
def fake() -> FakeCluster:
    """A pipeline with a run whose pod is at work."""
    found = cluster()
    deploy(found, pipeline())
    run = job(found, NAME)
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": run["metadata"]["name"], "uid": run["metadata"]["uid"]}
    metadata = {
        "name": "pod",
        "namespace": "ns",
        "labels": run["spec"]["template"]["metadata"]["labels"],
        "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}],
        "finalizers": ["batch.kubernetes.io/job-tracking"],
    }
    found.put({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": []}, "status": {}})
    return found


def test_it_is_over_while_pods_are_still_ending(fake: FakeCluster) -> None:
    said: list[str] = []
    assert client(fake).delete(NAME, wait=False, announce=said.append) == NAME
    assert fake.list(Kind.CRONJOB) == fake.list(Kind.JOB) == fake.list(Kind.SECRET) == []
    assert is_terminating(fake.get(Kind.POD, "pod"))
    assert said == []  # what Kubernetes itself holds goes by itself


@pytest.mark.parametrize("kind", [Kind.CRONJOB, Kind.JOB, Kind.CONFIG_MAP])
def test_again_is_fine_and_what_somebody_holds_is_named_each_time(fake: FakeCluster, kind: Kind) -> None:
    name = f"{NAME}-1" if kind is Kind.JOB else NAME
    fake.merge(kind, name, HOLD)
    for _ in range(2):
        said: list[str] = []
        client(fake).delete(NAME, wait=False, announce=said.append)
        assert len(said) == 1
        assert f"{kind} {name}" in said[0]
        assert "example.com/hold" in said[0]
    assert is_terminating(fake.get(kind, name))
    assert [item for item in fake.list(Kind.POD) if not is_terminating(item)] == []

    with pytest.raises(WaitTimeoutError) as refused:
        client(fake).delete(NAME, timeout=0)
    assert (refused.value.code, refused.value.facts["finalizers"]) == ("StillThere", ("example.com/hold",))


def test_a_run_that_begins_meanwhile_goes_as_well(fake: FakeCluster) -> None:
    template = fake.get(Kind.JOB, f"{NAME}-1")

    def begin(request: Request) -> None:
        if (request.verb, request.kind) == ("delete", Kind.CRONJOB):
            end()
            metadata = {**template["metadata"], "name": f"{NAME}-2", "uid": "u-2", "ownerReferences": []}
            fake.put({**template, "metadata": metadata})

    end = fake.after(begin)
    client(fake).delete(NAME, wait=False)
    assert fake.list(Kind.JOB) == []


def test_a_run_that_begins_meanwhile_is_no_reason_to_keep_what_was_read(fake: FakeCluster) -> None:
    cronjob = fake.get(Kind.CRONJOB, NAME)

    def begin(request: Request) -> None:
        if (request.verb, request.kind) == ("delete", Kind.CRONJOB):
            end()
            fake.set_status(Kind.CRONJOB, NAME, {"lastScheduleTime": "2026-01-21T00:00:00Z"})

    end = fake.before(begin)
    assert client(fake).delete_as_read(cronjob, wait=False)
    assert fake.list(Kind.CRONJOB) == fake.list(Kind.JOB) == []
    assert not client(fake).delete_as_read(cronjob, wait=False)


def test_the_last_one_takes_the_token_along(fake: FakeCluster) -> None:
    fake.merge(Kind.CRONJOB, NAME, HOLD)
    client(fake).delete(NAME, wait=False)
    assert fake.list(Kind.SECRET, labels=labels.TOKEN) == []


def test_the_server_is_told_what_stays(console: Console) -> None:
    fake = console.cluster
    with K8sPipelineClient(fake, Settings(namespace=fake.namespace)) as service:
        service.deploy_pipeline(NIGHTLY, SERVICE)
        fake.merge(Kind.CRONJOB, console.cronjob()["metadata"]["name"], HOLD)
        for _ in range(2):
            found = service.delete_pipeline(NIGHTLY, wait=False)
            assert found.code == 200
            assert "example.com/hold" in str(found.reason)
        fake.merge(Kind.CRONJOB, console.cronjob()["metadata"]["name"], {"metadata": {"finalizers": None}})
        assert service.delete_pipeline(NIGHTLY, wait=False).code == 200


def test_the_command_does_not_wait_either(console: Console) -> None:
    name = console.deploy()
    console.cluster.merge(Kind.CRONJOB, name, HOLD)
    found = console("delete", "nightly", "--no-wait")
    assert "is being deleted" in found.out
    assert "example.com/hold" in found.err
    again = console("delete", "nightly", "--no-wait", "-o", "json").json
    assert again == [{"resourceName": name, "action": "deleting"}]
