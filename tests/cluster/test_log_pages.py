"""Pages of a log cost one read of it, and say what Kubernetes has rotated away: with a real kubelet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from k8s_pipeline_client import K8sPipelineClient, create_client, load_settings
from k8s_pipeline_client.client.contract import PipelineServiceClient
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.faults import FaultProxy
from tests.cluster.support.program import Program
from tests.cluster.support.space import until

ROTATED = "k8s-pipeline: the beginning of this log is missing"


@pytest.fixture
def client(faulty: Program) -> Iterator[K8sPipelineClient]:
    """A client behind the proxy, which counts."""
    loaded = load_settings([faulty.settings_file], environ={}, namespace=faulty.space.namespace)
    with create_client(loaded.settings, kubeconfig=faulty.space.kubeconfig) as client:
        assert isinstance(client, K8sPipelineClient)
        yield client


def pages_of(client: PipelineServiceClient, one: dict[str, Any]) -> list[str]:
    """Read the pages as OpenMetadata does: from one to the next, while there is a next."""
    pages, after = [], None
    while True:
        page = client.last_logs(one, after)
        assert page is not None
        pages.append(page["ingestion_task"])
        if "after" not in page:
            assert len(pages) == int(page["total"])
            return pages
        after = int(page["after"])


def log_reads(proxy: FaultProxy) -> int:
    return len([request for request in proxy.requests if "/log?" in request.path])


def test_pages_of_several_megabytes_cost_one_read(client: K8sPipelineClient, proxy: FaultProxy) -> None:
    one = pipeline({"log": "the very beginning é"}, {"logMiB": 5}, {"log": "the very end"})
    client.deploy_pipeline(one, service())
    client.run_pipeline(one)
    client.pipelines.wait(client.pipelines.newest_run("nightly").job_name, timeout=120)
    proxy.mend()

    pages = pages_of(client, one)

    assert log_reads(proxy) == 1
    assert len(pages) > 20
    text = "".join(pages)
    assert text.encode() == b"".join(client.pipelines.logs("nightly"))
    assert (ROTATED in text, "the very beginning é" in pages[0], "the very end" in pages[-1]) == (False, True, True)


def test_pages_of_a_run_that_goes_on_are_read_on_from_where_they_ended(
    client: K8sPipelineClient, proxy: FaultProxy
) -> None:
    one = pipeline({"logMiB": 1}, {"runChild": "for i in $(seq 250); do echo tick $i.; sleep 1; done"})
    client.deploy_pipeline(one, service())
    client.run_pipeline(one)
    until(lambda: "tick 2." in pages_of(client, one)[-1], "the run is under way")
    full = pages_of(client, one)[:-1]
    proxy.mend()

    until(lambda: "tick 5." in pages_of(client, one)[-1], "it has gone on")
    pages = pages_of(client, one)

    reads = [request.path for request in proxy.requests if "/log?" in request.path]
    assert pages[: len(full)] == full
    assert all("sinceTime" in path for path in reads)
    assert b"".join(client.pipelines.logs("nightly")).startswith("".join(pages).encode())


@pytest.mark.thorough
@pytest.mark.slow
def test_a_log_whose_beginning_was_rotated_away_says_so(
    client: K8sPipelineClient, program: Program, proxy: FaultProxy
) -> None:
    """The kubelet looks every ten seconds whether a log has outgrown 10 MiB."""
    one = pipeline({"logMiB": 12}, {"sleep": 20}, {"log": "the very end"})
    client.deploy_pipeline(one, service())
    client.run_pipeline(one)
    early = "".join(_until_there(client, one))
    client.pipelines.wait(client.pipelines.newest_run("nightly").job_name, timeout=120)

    late = "".join(pages_of(client, one))
    loaded = load_settings([program.settings_file], environ={}, namespace=program.space.namespace)
    with create_client(loaded.settings, kubeconfig=program.space.kubeconfig) as fresh:
        rest = pages_of(fresh, one)

    assert early.startswith("launcher: run ")
    assert late.startswith(early), "what one client has read stays readable"
    assert "the very end" in late
    assert rest[0].startswith(ROTATED)
    assert "the very end" in rest[-1]
    result = program("logs", "nightly")
    assert "the beginning of this log is missing" in result.err
    assert ROTATED not in result.out


def _until_there(client: K8sPipelineClient, one: dict[str, Any]) -> list[str]:
    # Not most of it: the kubelet may rotate the log as soon as 10 MiB are there, and what nobody has read is gone.
    until(lambda: len(pages_of(client, one)) > 20, "a good part of it was written")
    return pages_of(client, one)[:-1]


def _quietly(client: K8sPipelineClient, one: dict[str, Any]) -> list[str]:
    found = pages_of(client, one)
    return found
