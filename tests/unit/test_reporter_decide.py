"""What is decided about a run, for everything that Kubernetes and OpenMetadata may say of it."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from k8s_pipeline_client.reporter.decide import Confirm, Facts, Wait, Wish, Write, decide
from k8s_pipeline_client.reporter.outcome import Outcome, Row, outcome_of, seen
from k8s_pipeline_client.reporter.payload import first_timestamp
from k8s_pipeline_client.reporter.table import RULES, TABLE, Action
from k8s_pipeline_client.status import CauseCode, RunStatus, State
from k8s_pipeline_client.status.models import Attempt
from tests.unit.reports.build import (
    BEGAN,
    INGESTED,
    LOST_SINCE,
    NOW,
    ROWS,
    RUNS,
    Document,
    facts,
    ms,
    own_steps,
    row,
    run,
)
from tests.unit.status_cases.build import RUN_ID, START


def test_every_pair_has_exactly_one_rule() -> None:
    pairs = [pair for rule in RULES for pair in product(rule.outcomes, rule.rows)]
    assert sorted(map(str, pairs)) == sorted(map(str, product(Outcome, Row)))


@pytest.mark.parametrize("outcome", list(Outcome), ids=lambda one: one.name)
def test_a_run_is_taken_for_what_it_is(outcome: Outcome) -> None:
    of = RUNS[outcome]
    assert outcome_of(of, facts(of, outcome), NOW) is outcome


@pytest.mark.parametrize("there", list(Row), ids=lambda one: one.name)
def test_a_row_is_taken_for_what_it_is(there: Row) -> None:
    assert seen(ROWS[there], run(), facts(run())) is there


def _wished(wish: Wish, before: Document | None) -> tuple[str, str]:
    """What happens, and the state that is there afterwards."""
    state = str((before or {}).get("pipelineState", ""))
    if isinstance(wish, Write):
        return "write", wish.row["pipelineState"]
    return ("wait" if isinstance(wish, Wait) else "keep"), state


WRITTEN = {
    Action.QUEUE: "queued",
    Action.SUCCEED: "success",
    Action.FAIL: "failed",
    Action.STOP: "stopped",
    Action.CONTRADICT: "failed",
    Action.CONTRADICT_STOP: "stopped",
    Action.LOSE: "failed",
}


def _expected(action: Action, state: str) -> tuple[str, str]:
    if action in (Action.WAIT, Action.KEEP):
        return action.name.lower(), state
    return "write", WRITTEN.get(action, state)


@pytest.mark.parametrize(("outcome", "there"), TABLE, ids=lambda one: one.name)
def test_each_row_of_the_table(outcome: Outcome, there: Row) -> None:
    of, before = RUNS[outcome], ROWS[there]
    known = facts(of, outcome, killed_state="stopped")

    wish = decide(of, before, known, NOW)

    state = str((before or {}).get("pipelineState", ""))
    assert _wished(wish, before) == _expected(TABLE[outcome, there].action, state)
    if isinstance(wish, Write):
        assert wish.replaces is (before is not None)
        again = decide(of, wish.row, known, NOW + timedelta(minutes=1))
        assert not isinstance(again, Write), "the same is written again and again"
        assert isinstance(again, Confirm) or state == "queued" or outcome in (Outcome.LOST, Outcome.WAITS_UNHEARD)


def wished(of: RunStatus, before: Document | None, **more: Any) -> Wish:
    return decide(of, before, facts(of, **more), NOW)


def written(of: RunStatus, before: Document | None, **more: Any) -> Document:
    wish = wished(of, before, **more)
    assert isinstance(wish, Write), wish
    return wish.row


def told(of: Document) -> str:
    (step,) = own_steps(of)
    return str(step["failures"][0]["error"])


def test_nothing_is_written_of_a_young_job_however_it_ended() -> None:
    young = run(State.SUCCESS, created_at=NOW - timedelta(seconds=9))
    wish = wished(young, None)
    assert isinstance(wish, Wait)
    assert wish.until == NOW + timedelta(seconds=1)


def test_a_first_row_has_a_timestamp_that_any_reporter_reckons_alike() -> None:
    one, other = (decide(run(), None, facts(run()), NOW + timedelta(minutes=minutes)) for minutes in (0, 7))
    assert isinstance(one, Write)
    assert one == other
    assert one.row["timestamp"] == first_timestamp(START, RUN_ID)


def test_what_the_ingestion_wrote_is_carried_over() -> None:
    before = row("success")
    after = written(run(), before)
    assert {key: after[key] for key in ("runId", "startDate", "timestamp", "config", "metadata")} == {
        key: before[key] for key in ("runId", "startDate", "timestamp", "config", "metadata")
    }
    assert after["status"][0] == INGESTED
    assert after["endDate"] == ms(NOW - timedelta(minutes=1))


def test_a_success_that_was_reported_too_early_says_so() -> None:
    after = written(run(), row("success"))
    assert after["pipelineState"] == "failed"
    assert "reported success, then exited with 1: the last writes may be missing" in told(after)


def test_a_success_that_a_deadline_cut_short_says_so() -> None:
    after = written(run(code=CauseCode.DEADLINE_EXCEEDED), row("partialSuccess"))
    assert after["pipelineState"] == "failed"
    assert "reported partialSuccess, but was terminated before it exited" in told(after)


def test_a_run_that_exited_with_0_before_its_pod_went_is_the_success_that_it_reported() -> None:
    ended = Attempt("pod", State.SUCCESS, exit_code=0)
    assert wished(run(code=CauseCode.DEADLINE_EXCEEDED, attempts=(ended,)), row("success")) == Confirm()


def test_a_success_that_a_kill_came_too_late_for_stays() -> None:
    assert wished(RUNS[Outcome.KILLED_TOO_LATE], row("success")) == Confirm()
    assert written(RUNS[Outcome.KILLED_TOO_LATE], row("running"), killed_state="stopped")["pipelineState"] == "stopped"


def test_what_is_reported_is_final_once_the_job_has_ended() -> None:
    """Sidecars may keep it alive for a while."""
    assert isinstance(wished(run(State.SUCCESS), row("success"), job_ended=False), Wait)


@pytest.mark.parametrize("killed_state", ["failed", "stopped"])
def test_a_kill_ends_as_the_setting_says(killed_state: str) -> None:
    after = written(run(code=CauseCode.KILLED), row("running"), killed_state=killed_state)
    assert after["pipelineState"] == killed_state
    assert own_steps(after)


def test_a_run_that_was_ended_since_it_did_not_start_is_failed_whatever_the_setting() -> None:
    assert written(run(code=CauseCode.IMAGE_PULL), None, killed_state="stopped")["pipelineState"] == "failed"


def test_an_end_date_on_a_row_that_is_still_running_is_not_the_end() -> None:
    assert written(run(State.SUCCESS), row("running", endDate=BEGAN))["pipelineState"] == "success"
    assert isinstance(wished(run(State.RUNNING, None), row("running", endDate=BEGAN), can_still_write=True), Wait)


def test_a_retry_under_way_is_not_ended_by_the_failure_of_the_attempt_before() -> None:
    first = Attempt("pod-1", State.FAILED, exit_code=1, started_at=START)
    retried = run(State.RUNNING, None, attempts=(first,))
    for before in (None, row("running"), row("failed")):
        assert isinstance(wished(retried, before), Wait)


def test_a_failure_of_an_earlier_attempt_is_not_that_of_the_run() -> None:
    before = row("failed", endDate=ms(START + timedelta(seconds=60)))
    attempts = (
        Attempt("pod-1", State.FAILED, exit_code=1, started_at=START),
        Attempt("pod-2", State.SUCCESS, exit_code=0, started_at=START + timedelta(seconds=90)),
    )
    assert written(run(State.SUCCESS, attempts=attempts), before)["pipelineState"] == "success"


def test_a_lost_node_is_waited_for_and_then_said() -> None:
    lost = run(State.RUNNING, None)
    known = facts(lost, Outcome.LOST)
    early = decide(lost, row("running"), known, LOST_SINCE + timedelta(minutes=4, seconds=59))
    assert early == Wait(LOST_SINCE + timedelta(minutes=5), TABLE[Outcome.UNDER_WAY, Row.RUNNING].why)

    late = decide(lost, row("running"), known, LOST_SINCE + timedelta(minutes=5))
    assert isinstance(late, Write)
    assert (late.row["pipelineState"], told(late.row)) == ("failed", "Node lost; the run may still be writing")
    # It is not final, for the run may say more; and it is not said again.
    assert isinstance(decide(lost, late.row, known, NOW), Wait)
    # The run's own word.
    assert isinstance(decide(lost, row("success"), known, NOW), Wait)


def test_a_run_that_was_lost_and_has_succeeded_all_the_same_is_a_success() -> None:
    assert written(run(State.SUCCESS), ROWS[Row.LOST_BY_US])["pipelineState"] == "success"


def test_what_was_lost_and_is_over_says_how_it_ended() -> None:
    after = written(run(), ROWS[Row.LOST_BY_US])
    assert told(after) == "It was ExitCode"


def test_a_queued_of_the_server_that_comes_after_our_end_is_written_over() -> None:
    end = written(run(), None)
    late = {key: value for key, value in end.items() if key not in ("status", "endDate")} | {"pipelineState": "queued"}
    assert written(run(), late) == end


def test_queued_is_said_only_where_nobody_else_does() -> None:
    waits = run(State.QUEUED, None)
    assert written(waits, None)["pipelineState"] == "queued"
    assert isinstance(wished(waits, None, run_id_was_handed_over=True), Wait)
    soon = run(State.QUEUED, None, created_at=NOW - timedelta(seconds=15))
    wish = wished(soon, None)
    assert isinstance(wish, Wait)
    assert wish.until == NOW + timedelta(seconds=5)


def test_what_a_queued_run_waits_for_is_added_once_it_is_known() -> None:
    before = written(run(State.QUEUED, None), None)
    assert own_steps(before) == []
    assert isinstance(wished(run(State.QUEUED, None), before), Wait)
    after = written(run(State.QUEUED, CauseCode.IMAGE_PULL), before)
    assert told(after) == "It was ImagePull"
    assert isinstance(wished(run(State.QUEUED, CauseCode.IMAGE_PULL), after), Wait)


def test_to_be_held_by_a_queue_is_no_error() -> None:
    held = run(State.QUEUED, CauseCode.HELD)
    before = written(held, None)
    assert own_steps(before) == []
    assert isinstance(wished(held, before), Wait)


@pytest.mark.parametrize("before", [row("running"), row("queued"), None, row("success"), {"pipelineState": 7}])
def test_running_is_never_written(before: Document | None) -> None:
    for outcome, of in RUNS.items():
        wish = decide(of, before, facts(of, outcome), NOW)
        assert not isinstance(wish, Write) or wish.row["pipelineState"] != "running"


def test_of_a_run_of_which_nothing_is_known_nothing_is_written() -> None:
    nothing = run(created_at=None, started_at=None, ended_at=None)
    assert isinstance(wished(nothing, None), Wait)


def test_the_log_is_read_only_for_what_is_written() -> None:
    def read() -> Any:
        raise AssertionError("the log was read for nothing")

    for outcome, there in product(Outcome, Row):
        if TABLE[outcome, there].action in (Action.WAIT, Action.KEEP, Action.SUCCEED, Action.QUEUE):
            of = RUNS[outcome]
            known: Facts = dataclasses.replace(facts(of, outcome), diagnosis=read)
            decide(of, ROWS[there], known, NOW)
