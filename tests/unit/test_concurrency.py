"""How many are at it at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_mock import MockerFixture

from k8s_pipeline_client.deploying.concurrency import ConcurrencyLimit


class Clock:
    """Time goes by only if a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(mocker: MockerFixture) -> Iterator[Clock]:
    found = Clock()
    mocker.patch("k8s_pipeline_client.deploying.concurrency.time.monotonic", found)
    yield found


def take(limit: ConcurrencyLimit, clock: Clock, seconds: float, *, times: int = 1) -> None:
    for _ in range(times):
        with limit.slot():
            clock.now += seconds


def test_it_begins_with_a_few_and_takes_one_more_each_round_up_to_the_bound(clock: Clock) -> None:
    limit = ConcurrencyLimit(6)
    limits = [limit.limit]
    for _ in range(4):
        take(limit, clock, 0.1, times=limit.limit)
        limits.append(limit.limit)
    assert limits == [4, 5, 6, 6, 6]


def test_it_never_takes_more_than_it_may_even_at_first() -> None:
    assert ConcurrencyLimit(1).limit == 1


def test_it_takes_half_as_many_after_a_429_and_never_none(clock: Clock) -> None:
    limit = ConcurrencyLimit(16)
    limits = []
    for _ in range(4):
        with limit.slot() as begun:
            clock.now += 1
        limit.back_off(begun)
        limits.append(limit.limit)
    assert limits == [2, 1, 1, 1]


def test_what_was_under_way_at_once_halves_once(clock: Clock) -> None:
    limit = ConcurrencyLimit(16)
    with limit.slot() as first, limit.slot() as second, limit.slot() as third:
        clock.now += 1
    for begun in (first, second, third):
        limit.back_off(begun)
    assert limit.limit == 2


def test_it_takes_fewer_while_each_costs_much_more_than_at_best(clock: Clock) -> None:
    limit = ConcurrencyLimit(16)
    take(limit, clock, 0.1, times=30)
    before = limit.limit
    take(limit, clock, 10.0, times=20)
    assert limit.limit < before


def refuse(limit: ConcurrencyLimit, clock: Clock, *, times: int = 1) -> None:
    """Have requests be answered with 429, one after the other."""
    for _ in range(times):
        with limit.slot() as begun:
            clock.now += 0.1
        limit.back_off(begun)


def test_it_takes_as_many_as_before_once_the_429s_are_over(clock: Clock) -> None:
    limit = ConcurrencyLimit(16)
    take(limit, clock, 0.2, times=400)
    refuse(limit, clock, times=3)
    take(limit, clock, 0.2, times=1000)
    assert limit.limit == 16


@pytest.mark.parametrize("afterwards", [0.2, 2.0], ids=["as fast as before", "slow for good"])
def test_it_takes_as_many_as_before_once_a_slow_phase_is_over(clock: Clock, afterwards: float) -> None:
    limit = ConcurrencyLimit(16)
    take(limit, clock, 0.2, times=400)
    take(limit, clock, 10.0, times=200)
    take(limit, clock, afterwards, times=1000)
    assert limit.limit == 16


@given(
    at_most=st.integers(1, 20),
    turns=st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=20),
    seconds=st.floats(0.001, 10),
)
def test_whatever_has_been_it_takes_all_it_may_where_each_takes_as_long_as_the_other(
    at_most: int, turns: list[tuple[float, bool]], seconds: float
) -> None:
    limit = ConcurrencyLimit(at_most)
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock()
        patch.setattr("k8s_pipeline_client.deploying.concurrency.time.monotonic", clock)
        for duration, is_refused in turns:
            take(limit, clock, duration)
            if is_refused:
                refuse(limit, clock)
        take(limit, clock, seconds, times=600)
    assert limit.limit == at_most


@given(
    at_most=st.integers(1, 20),
    turns=st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=60),
)
def test_the_limit_is_always_between_one_and_the_bound(at_most: int, turns: list[tuple[float, bool]]) -> None:
    limit = ConcurrencyLimit(at_most)
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock()
        patch.setattr("k8s_pipeline_client.deploying.concurrency.time.monotonic", clock)
        for seconds, is_refused in turns:
            with limit.slot() as begun:
                clock.now += seconds
            if is_refused:
                limit.back_off(begun)
            assert 1 <= limit.limit <= at_most


def test_a_turn_that_fails_is_given_back() -> None:
    limit = ConcurrencyLimit(1)
    for _ in range(3):
        with suppress(ValueError), limit.slot():
            raise ValueError


def test_as_many_are_at_it_at_once_as_it_says_and_no_more(clock: Clock) -> None:
    limit = ConcurrencyLimit(3)
    active: list[int] = []
    most: list[int] = []
    all_in = Barrier(3, timeout=10)

    def work(number: int) -> None:
        with limit.slot():
            active.append(number)
            most.append(len(active))
            all_in.wait()
            active.remove(number)

    with ThreadPoolExecutor(9) as pool:
        list(pool.map(work, range(9)))
    assert max(most) == 3
