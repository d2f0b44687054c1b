"""Whoever writes when: every run gets one terminal status, which stays, and is what can be true."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from k8s_pipeline_client.reporter.decide import Confirm, Wait, Write, decide
from k8s_pipeline_client.status import State
from tests.unit.reports.build import own_steps
from tests.unit.reports.world import ENDS, World
from tests.unit.status_cases.build import START

TERMINAL = {"success", "failed", "partialSuccess", "stopped"}
ACTIONS = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([1, 8, 15, 100, 400])),
    st.tuples(st.just("start")),
    st.tuples(st.just("fail_attempt")),
    st.tuples(st.just("lose")),
    st.tuples(st.just("server")),
    st.tuples(st.just("ingestion"), st.sampled_from(["running", "running", "success", "partialSuccess", "failed"])),
    st.tuples(st.just("finish"), st.sampled_from(list(ENDS))),
    st.tuples(st.sampled_from(["look", "act", "act"]), st.sampled_from("ab")),
)
WORLDS = st.builds(World, handed_over=st.booleans(), killed_state=st.sampled_from(["failed", "stopped"]))


def allowed(world: World) -> set[str]:
    """What a run may be said to have become, given what Kubernetes and its ingestion said of it."""
    said = {state for state in world.reported if state in TERMINAL}
    failed = world.killed_state if world.end in ("killed", "killed too late") else "failed"
    if world.end == "success":
        # A failure is that of an attempt before, unless the last one has reported it.
        return {"success", *(said - {"failed"}), *world.reported[-1:]} & TERMINAL
    if world.end in ("Job deleted", "killed too late"):
        return {failed, *said}
    return {failed, *(said & {"failed"})}


@settings(deadline=None)
@given(WORLDS, st.lists(ACTIONS, max_size=30), st.sampled_from(list(ENDS)))
def test_every_run_gets_one_terminal_status_that_stays(world: World, actions: list[Any], end: str) -> None:
    for name, *arguments in actions:
        getattr(world, name)(*arguments)
    if world.end is None:
        world.finish(end)
        if world.end is None:
            world.start()
            world.finish("success")

    world.settle()

    assert world.row is not None
    assert world.row["pipelineState"] in allowed(world), (world.end, world.reported)
    assert isinstance(world.look("a"), Confirm)
    assert isinstance(world.look("b"), Confirm)
    assert len(own_steps(world.row)) <= 1
    if world.row["pipelineState"] in ("failed", "stopped") and world.end != "success":
        assert own_steps(world.row), "a failure without its cause"


@settings(deadline=None)
@given(WORLDS, st.lists(ACTIONS, max_size=30))
def test_a_reporter_never_says_what_is_not_for_it_to_say(world: World, actions: list[Any]) -> None:
    for name, *arguments in actions:
        count = len(world.writes)
        if name == "act":
            world.look(*arguments)  # on what it has just read
        getattr(world, name)(*arguments)
        for made in world.writes[count:]:
            check_write(world, made)


def check_write(world: World, made: dict[str, Any]) -> None:
    assert world.now - START >= timedelta(seconds=10)
    assert made["pipelineState"] in TERMINAL | {"queued"}
    if made["pipelineState"] == "queued":
        assert not world.handed_over
        assert world.status.state is State.QUEUED
    elif world.end is None:
        assert world.lost
        assert world.lost_at
        assert world.now - world.lost_at >= timedelta(minutes=5)
    again = decide(world.status, made, world.facts, world.now + timedelta(seconds=10))
    assert not isinstance(again, Write), "the same is written again"
    assert isinstance(again, Wait if world.end is None else Confirm)
