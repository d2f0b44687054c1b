"""The stand-in and a real server beside each other, on random sequences of requests about rows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.images.recording.rowcheck import STATES
from tests.openmetadata_contract.servers import URL, Answer, Pipeline, Server, running

RUNS = ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222", "AAAAAAAA", "")
# What is taken, as it is or as something else; and what mostly is not.
TIMES: st.SearchStrategy[Any] = st.sampled_from([1, 2, 3, "2", 2.9, -1, 2**53])
TEXT: st.SearchStrategy[Any] = st.sampled_from(["a", "", "é\n", 5, 1.5, True, "x" * 300])
COUNTS: st.SearchStrategy[Any] = st.sampled_from([0, 3, "4", "", None, 1.5, -1])
WILD: st.SearchStrategy[Any] = st.sampled_from([None, "", "x", True, 2**31, 2**63, [], {}, [None], [{}], "1.5"])


def some(needed: dict[str, Any] | None = None, **fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with what is needed, and some of the other fields."""
    return st.fixed_dictionaries(needed or {}, optional=fields)


def maybe_wild(objects: st.SearchStrategy[dict[str, Any]], *names: str) -> st.SearchStrategy[dict[str, Any]]:
    """Objects of which one in so many has a field that is as it should not be, or not known."""
    wild = st.builds(lambda one, name, value: {**one, name: value}, objects, st.sampled_from((*names, "other")), WILD)
    return st.one_of(objects, objects, objects, objects, wild)


FAILURES = maybe_wild(some({"name": TEXT, "error": TEXT}, stackTrace=TEXT), "name", "error", "stackTrace")
PROGRESS = st.dictionaries(st.sampled_from(["tables", "views"]), some(total=COUNTS, processed=COUNTS, other=TEXT))
STEPS = maybe_wild(
    some(
        {"name": TEXT},
        records=COUNTS,
        updated_records=COUNTS,
        failures=st.lists(FAILURES, max_size=2),
        progress=PROGRESS,
    ),
    *("name", "records", "filtered", "failures", "progress"),
)
MAPS = st.dictionaries(st.sampled_from("ab"), TEXT | COUNTS, max_size=2)
ROWS = maybe_wild(
    some(
        {"runId": st.sampled_from(RUNS), "timestamp": TIMES},
        pipelineState=st.sampled_from(STATES),
        startDate=TIMES,
        endDate=TIMES,
        status=st.lists(STEPS, max_size=2),
        config=MAPS,
        metadata=MAPS,
    ),
    *("runId", "pipelineState", "timestamp", "endDate", "status", "config", "metadata"),
)
STEP = st.one_of(
    st.tuples(st.just("put"), ROWS),
    st.tuples(st.just("delete"), st.sampled_from(RUNS[:3])),
    st.tuples(st.just("get"), st.sampled_from(RUNS[:3])),
)


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Server, Server]]:
    """The stand-in and the real server."""
    if not URL:
        pytest.skip("OPENMETADATA_URL is not set: there is nothing to compare the stand-in with")
    with running(real=False) as stand_in, running(real=True) as real:
        yield stand_in, real


@settings(
    max_examples=int(os.getenv("PROPERTY_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEP, min_size=1, max_size=8))
def test_both_do_the_same(pair: tuple[Server, Server], steps: list[tuple[str, Any]]) -> None:
    pipelines = [server.pipeline() for server in pair]
    for step in steps:
        run = step[1].get("runId") if step[0] == "put" else step[1]
        for verb, what in (step, ("get", run if run in RUNS[:3] else RUNS[0])):
            stand_in, real = (_seen(pipeline, verb, what) for pipeline in pipelines)
            assert stand_in == real, (verb, what)


def _seen(pipeline: Pipeline, verb: str, what: Any) -> tuple[int, Any]:
    """Return what does not depend on names, ids and the words of refusals."""
    answer: Answer = getattr(pipeline, verb)(what)
    return answer.status, answer.body if verb == "get" and answer.status == 200 else None
