"""How often a log is read for its pages, as OpenMetadata's server asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from k8s_pipeline_client import K8sPipelineClient, LogSpool, Settings
from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import InputError
from tests.data import sample
from tests.fakes import FakeCluster

PIPELINE = sample("pipelines/01_postgres_metadata_daily.json")
FIRST = b"launcher: run x begins\n"


@pytest.fixture
def fake() -> FakeCluster:
    return FakeCluster("ns")


@pytest.fixture
def client(fake: FakeCluster) -> Iterator[K8sPipelineClient]:
    """A client with a run that has a pod; its pages have ten characters."""
    with K8sPipelineClient(fake, Settings(namespace="ns"), spool=LogSpool(size=10)) as client:
        client.deploy_pipeline(PIPELINE, sample("services/postgres.json"))
        client.run_pipeline(PIPELINE)
        yield client


def _begin(fake: FakeCluster, state: dict[str, Any]) -> str:
    """Have the run's pod be there, in a state."""
    job = fake.list(Kind.JOB)[0]
    template = job["spec"]["template"]
    name = f"{job['metadata']['name']}-abcde"
    metadata = {
        "name": name,
        "namespace": "ns",
        "uid": "0",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "labels": {**template["metadata"]["labels"], labels.JOB_NAME: job["metadata"]["name"]},
    }
    status = {"phase": "Running", "containerStatuses": [{"name": "main", "state": state, "restartCount": 0}]}
    fake.put({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"], "status": status})
    return name


def _reads(fake: FakeCluster) -> int:
    return len([request for request in fake.requests if request.kind == "Pod/log"])


def test_pages_in_order_cost_one_read(fake: FakeCluster, client: K8sPipelineClient) -> None:
    pod = _begin(fake, {"terminated": {"exitCode": 0, "message": "{}", "startedAt": "2026-01-01T00:00:00Z"}})
    fake.set_log(pod, FIRST + b"".join(b"line %d\n" % number for number in range(50)))
    fake.requests.clear()

    page = client.last_logs(PIPELINE)
    text, count = page["ingestion_task"], 1
    while "after" in page:
        page = client.last_logs(PIPELINE, int(page["after"]))
        text, count = text + page["ingestion_task"], count + 1

    assert text.encode() == FIRST + b"".join(b"line %d\n" % number for number in range(50))
    assert count == int(page["total"]) > 40
    assert _reads(fake) == 1


def test_while_the_run_goes_on_only_the_last_page_is_read_on(fake: FakeCluster, client: K8sPipelineClient) -> None:
    pod = _begin(fake, {"running": {}})
    fake.set_log(pod, FIRST)
    assert client.last_logs(PIPELINE, 2) == {"ingestion_task": "ns\n", "total": "3"}
    fake.advance(1)
    fake.add_log(pod, b"more of it\n")

    assert client.last_logs(PIPELINE, 0)["ingestion_task"] == "launcher: "
    assert _reads(fake) == 1
    assert client.last_logs(PIPELINE, 2) == {"ingestion_task": "ns\nmore of", "total": "4", "after": "3"}
    assert _reads(fake) == 2
    with pytest.raises(InputError, match="has 4 pages"):
        client.last_logs(PIPELINE, 4)


def test_where_there_is_no_log_the_one_page_says_why(fake: FakeCluster, client: K8sPipelineClient) -> None:
    assert "no pod yet" in _whole(client)
    _begin(fake, {"waiting": {"reason": "ContainerCreating"}})
    assert "has not started" in _whole(client)


def _whole(client: K8sPipelineClient) -> str:
    page, text = client.last_logs(PIPELINE), ""
    for number in range(int(page["total"])):
        text += client.last_logs(PIPELINE, number)["ingestion_task"]
    return text
