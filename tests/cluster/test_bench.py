"""The benchmark still works: everything that it measures, as small as can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.loops import paged_lists
from tests.bench.meter import metered
from tests.bench.rows import ROWS
from tests.bench.run import run
from tests.bench.scale import Scale
from tests.bench.wire import Server
from tests.cluster.support.access import Access
from tests.cluster.support.program import Program
from tests.cluster.support.space import Space

SMALL = Scale(sizes=(2,), batch=2, removed=1, rounds=1, samples=1, log_mib=0.6)


@pytest.mark.thorough
def test_everything_is_measured_and_nothing_is_left(access: Access, tmp_path: Path) -> None:
    said: list[str] = []

    report = run(access, tmp_path, SMALL, said.append)

    found = {(figure.row, figure.what): figure.value for figure in report.figures}
    assert [text for text in said if text.startswith("2 pipelines: ")] == [f"2 pipelines: {name}" for name in ROWS]
    assert (report.left_out, report.failed) == ([], [])
    assert all(value > 0 for (_, what), value in found.items() if "writes" not in what and "lists" not in what)
    assert found["requests of one deploy", "new"] >= 4
    assert found["the pages of a log, in order", "pages"] == 3
    assert found["the pages of a log, in order", "ours: reads of the log"] == 1
    assert found["the pages of a log, in order", "ours: bytes, beside those of the log"] >= 1
    assert found["k8s-pipeline prune of 1", "lists"] >= 1
    namespaces = access.api.request("GET", "/api/v1/namespaces")["items"]
    assert said[-1].removeprefix("deleting namespace ") not in [item["metadata"]["name"] for item in namespaces]


def test_requests_and_bytes_are_counted_at_the_bottom(space: Space, program: Program) -> None:
    with Server.of(space.kubeconfig).connections(1) as (send,), metered() as bare:
        paged_lists(send, space.namespace)
        length = len(send.raw("GET", f"/api/v1/namespaces/{space.namespace}/configmaps")[1])
    with metered() as ours:
        program("list")

    assert (len(bare.requests), bare.lists, bare.writes, bare.log_reads) == (4, 4, 0, 0)
    assert bare.received > 2 * length
    assert ours.lists >= 1
    assert ours.received > 0
