"""Long logs through the service, page by page, from a real kubelet: in bounded memory, and rotated away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.domain.objects import is_finished
from tests.cluster.support import kubelog
from tests.cluster.support.program import Program
from tests.cluster.support.serving import Service, posted
from tests.cluster.support.space import Space, until
from tests.images.recording import RecordingServer
from tests.service.javaclient import FailedError, JavaClient

ROTATED = "k8s-pipeline: the beginning of this log is missing"
MORE_MEMORY = 1.12
"""How much more than for a short log the service may have at most for a long one."""


@pytest.fixture
def service(program: Program, tmp_path: Path, openmetadata: RecordingServer) -> Iterator[Service]:
    """A service that does nothing but what it is asked."""
    if not program.space.access.embedded:
        pytest.skip("the logs on the node of a cluster that is not ours cannot be changed")
    options = ["--no-reporter", "--no-refresh"]
    with Service(program, tmp_path, openmetadata=openmetadata.url, options=options).running() as found:
        yield found


def ended(service: Service, space: Space, *names: str) -> list[dict[str, Any]]:
    """Have a run of each pipeline end that says a little, and return the pods."""
    client = service.connected()
    for name in names:
        client.deploy(posted({"logLines": 40}, name=name))
        client.trigger(name)
    # Not the pods alone: the first line of a log says how its run ended, which the Job does a little later.
    until(lambda: sum(is_finished(job) for job in space.list("jobs")) == len(names), "they end")
    pods = {pod["metadata"]["labels"]["k8s-pipeline/pipeline"]: pod for pod in space.list("pods")}
    by_name = {item["metadata"]["annotations"]["k8s-pipeline/name"]: item for item in space.list("cronjobs")}
    return [pods[by_name[name]["metadata"]["name"]] for name in names]


def read(client: JavaClient, name: str) -> list[str]:
    """Read all pages; where one does not come in time, as on a busy machine, it is asked for again."""
    pages: list[str] = []
    after: str | None = None
    while True:
        try:
            page = client.logs(name, after=after)
        except FailedError as error:
            assert error.answer.status == 503, error
            continue
        pages.append(page["ingestion_task"])
        if "after" not in page:
            assert len(pages) == page["total"]
            return pages
        after = str(page["after"])


def peak(pid: int) -> int:
    """Return the most memory that a process has had, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024


@pytest.mark.parametrize(
    "mib", [pytest.param(16, marks=pytest.mark.thorough), pytest.param(100, marks=pytest.mark.e2e)]
)
def test_all_pages_of_a_long_log_in_bounded_memory(service: Service, space: Space, mib: int) -> None:
    _, long = ended(service, space, "short", "long")
    lines = kubelog.lengthen(long, mib, "the very end")
    client = service.connected()
    assert len(read(client, "short")) == 1
    before = peak(service.pid)

    pages = read(client, "long")

    assert len(pages) > mib * 3
    assert all(len(page.encode()) <= 2**20 for page in pages)
    text = "".join(pages).splitlines()
    assert (text[0].startswith("# run "), text[1].startswith("launcher: run ")) == (True, True)
    assert (text.count(kubelog.FILLER), text[-1]) == (lines, "the very end")
    after = peak(service.pid)
    assert after < before * MORE_MEMORY, f"{before / 2**20:.0f} MiB before, {after / 2**20:.0f} MiB at most"


def test_what_was_read_before_the_log_was_rotated_stays_and_what_was_not_is_said(
    service: Service, space: Space
) -> None:
    seen, unseen = ended(service, space, "seen", "unseen")
    client = service.connected()
    whole = read(client, "seen")
    for pod in (seen, unseen):
        kubelog.rotate(pod)

    assert read(client, "seen") == whole
    (page,) = read(client, "unseen")

    first, second, *rest = page.splitlines()
    assert first.startswith("# run ")
    assert second.startswith(ROTATED)
    assert rest[-1].startswith("launcher: ") or "40 of 40" in page
