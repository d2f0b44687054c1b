"""Of two runs of a pipeline that are asked for in the same moment, and must not overlap, one is started."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import combinations
from uuid import UUID

import pytest

from k8s_pipeline_client.cluster.port import Kind, Propagation
from k8s_pipeline_client.errors import RunActiveError
from k8s_pipeline_client.status import RunStatus
from tests.fakes import FakeCluster, Request
from tests.unit.scene import client, cluster, deploy, pipeline
from tests.unit.turns import take_turns

NAME = pipeline().resource_name
IDS = ("aaaaaaaa-aaaa-4000-8000-000000000001", "bbbbbbbb-bbbb-4000-8000-000000000001")
CHANGE = {"includeViews": False}
Start = Callable[[FakeCluster], RunStatus]


@pytest.fixture
def fake() -> FakeCluster:
    found = cluster()
    deploy(found, pipeline())
    return found


def start(identity: str | None = None, **more: object) -> Start:
    """Return what starts a run."""
    return lambda fake: client(fake).run(NAME, run_id=identity, **more)  # type: ignore[arg-type]


def orders(requests: int) -> Iterable[list[int]]:
    """Return each order in which two calls may make so many requests each."""
    for first in combinations(range(2 * requests), requests):
        yield [0 if turn in first else 1 for turn in range(2 * requests)]


@pytest.mark.parametrize(
    "calls",
    [(start(), start()), (start(IDS[0]), start(IDS[1])), (start(), start(IDS[0]))],
    ids=["without ids", "with ids", "one with an id"],
)
def test_in_whatever_order_their_requests_come_one_is_started_and_the_other_names_it(
    fake: FakeCluster, calls: tuple[Start, Start]
) -> None:
    for order in orders(4):
        own = fake.fork()
        errors = take_turns(own, [partial(call, own) for call in calls], order)
        (job,) = own.list(Kind.JOB)
        (refused,) = [error for error in errors if error is not None]
        assert isinstance(refused, RunActiveError), order
        assert refused.facts["job"] == job["metadata"]["name"]


@pytest.mark.parametrize("order", [[0, 1] * 8, [0, 0, 1, 1] * 4, [1, 0, 0, 0] * 4], ids=str)
def test_those_with_documents_of_their_own_too(fake: FakeCluster, order: list[int]) -> None:
    calls = [start(identity, source_config_override=CHANGE) for identity in (IDS[0], None)]
    errors = take_turns(fake, [partial(call, fake) for call in calls], order)
    (job,) = fake.list(Kind.JOB)
    assert not job["spec"]["suspend"]
    assert [type(error) for error in errors if error is not None] == [RunActiveError]


@pytest.mark.parametrize(("mine", "other"), [(None, None), (IDS[0], None), (IDS[0], IDS[1]), (IDS[0], IDS[0])])
@pytest.mark.parametrize("change", [None, CHANGE], ids=["", "document"])
def test_of_two_on_either_side_of_a_minute_the_earlier_one_is_started(
    fake: FakeCluster, mine: str | None, other: str | None, change: dict[str, object] | None
) -> None:
    fake.advance(30)  # the names of Jobs change with each half of a minute past a full one
    earlier: list[RunStatus] = []

    def meanwhile(request: Request) -> None:
        if (request.verb, request.kind) == ("list", Kind.JOB) and not earlier:
            fake.advance(-1)
            earlier.append(start(other)(fake))
            fake.advance(1)

    fake.after(meanwhile)
    if mine == other and mine:
        assert start(mine, source_config_override=change)(fake).job_name == earlier[0].job_name
    else:
        with pytest.raises(RunActiveError) as caught:
            start(mine, source_config_override=change)(fake)
        assert caught.value.facts["job"] == earlier[0].job_name
    assert [job["metadata"]["name"] for job in fake.list(Kind.JOB)] == [earlier[0].job_name]


def test_those_that_may_overlap_are_both_started(fake: FakeCluster) -> None:
    calls = [start(identity, allow_overlap=True) for identity in (None, None, *IDS)]
    assert take_turns(fake, [partial(call, fake) for call in calls], [0, 1, 2, 3] * 4) == [None] * 4
    assert len(fake.list(Kind.JOB)) == 4


def test_a_run_after_another_has_an_id_and_a_job_of_its_own(fake: FakeCluster) -> None:
    found = []
    for _ in range(3):
        found.append(start()(fake))
        fake.set_status(Kind.JOB, found[-1].job_name, {"conditions": [{"type": "Complete", "status": "True"}]})
    assert len({run.job_name for run in found}) == len({run.run_id for run in found}) == 3


def test_one_that_is_deleted_is_another_run_than_the_next(fake: FakeCluster) -> None:
    first = start()(fake)
    fake.delete(Kind.JOB, first.job_name, Propagation.BACKGROUND)
    fake.advance(60)
    second = start()(fake)
    assert first.run_id != second.run_id
    assert first.job_name != second.job_name


def test_an_id_that_we_make_begins_as_the_name_of_its_job_ends(fake: FakeCluster) -> None:
    run = start()(fake)
    assert run.job_name.endswith(f"-{UUID(run.run_id).hex[:10]}")
    assert UUID(run.run_id).version == 4


def test_pipelines_do_not_share_the_beginnings_of_their_ids(fake: FakeCluster) -> None:
    other = pipeline(fqn="pg_prod.other", id="11111111-1111-4111-8111-111111111111")
    deploy(fake, other)
    runs = [start()(fake), client(fake).run(other.resource_name)]
    assert len({run.run_id[:8] for run in runs}) == 2
