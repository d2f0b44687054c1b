"""Runs that are asked for in the same moment, and one whose caller does not come to its end."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from k8s_pipeline_client import K8sPipelineClient
from k8s_pipeline_client.cluster.kube import KubeCluster
from k8s_pipeline_client.errors import RunActiveError
from k8s_pipeline_client.status import RunStatus
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.space import until
from tests.cluster.test_library import made

CALLERS = 8


@pytest.fixture
def client(program: Program) -> Iterator[K8sPipelineClient]:
    """The client of the test's namespace."""
    with made(program) as client:
        yield client


def test_of_many_runs_that_are_asked_for_at_once_one_is_started(program: Program, client: K8sPipelineClient) -> None:
    one = pipeline({"sleep": 1})
    client.deploy_pipeline(one, service())
    fqn = one["fullyQualifiedName"]
    until(lambda: time.time() % 60 < 50, "the minute is not about to end", 20)

    def start(number: int) -> RunStatus | str:
        try:
            return client.pipelines.run(fqn, run_id=str(uuid.uuid4()) if number % 2 else None)
        except RunActiveError as error:
            return str(error.facts["run_id"])

    with ThreadPoolExecutor(CALLERS) as pool:
        found = list(pool.map(start, range(CALLERS)))

    (started,) = [run for run in found if isinstance(run, RunStatus)]
    assert {run for run in found if isinstance(run, str)} == {started.run_id}
    assert [job["metadata"]["name"] for job in program.space.list("jobs")] == [started.job_name]


def test_a_run_whose_caller_was_killed_before_its_secret_was_there_is_ended_by_the_next(
    program: Program, client: K8sPipelineClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = pipeline({"sleep": 1})
    client.deploy_pipeline(one, service())
    fqn = one["fullyQualifiedName"]
    apply = KubeCluster.apply

    def killed(cluster: KubeCluster, manifest: Any, **more: Any) -> Any:
        if manifest["kind"] == "Secret":
            raise KeyboardInterrupt
        return apply(cluster, manifest, **more)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(KubeCluster, "apply", killed)
        client.pipelines.run(fqn, source_config_override={"includeViews": False})
    (held,) = program.space.list("jobs")
    assert held["spec"]["suspend"] is True
    with pytest.raises(RunActiveError):
        client.pipelines.run(fqn)

    monkeypatch.setattr("k8s_pipeline_client.status.job.ABANDONED_AFTER", timedelta(seconds=0))
    second = client.pipelines.run(fqn, source_config_override={"includeViews": False})

    assert client.pipelines.wait(second.job_name, timeout=120).state == "success"
    first = client.pipelines.wait(held["metadata"]["name"], timeout=60)
    assert first.cause
    assert (first.state, first.cause.code, first.attempts) == ("failed", "Held", ())
