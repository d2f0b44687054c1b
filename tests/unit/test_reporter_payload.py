"""The rows that are written: what a server takes, with all that was there and what is to be said."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k8s_pipeline_client.reporter.clean import MAX_BYTES, clean
from k8s_pipeline_client.reporter.payload import first_timestamp, queued_row, terminal_row, was_written_by_us
from k8s_pipeline_client.status import State
from tests.unit.reports.build import INGESTED, NOW, Document, diagnosis, ms, own_steps, row, run
from tests.unit.status_cases.build import RUN_ID, START

ROW = {"runId", "pipelineState", "startDate", "timestamp", "endDate", "status", "config", "metadata"}
STEP = {"name", "records", "updated_records", "warnings", "errors", "filtered", "failures", "progress"}
STEP_OF_2 = STEP | {"operationMetrics", "sourceTimeMs", "sinkTimeMs"}
FAILURE = {"name", "error", "stackTrace"}
STATES = {"queued", "running", "success", "failed", "partialSuccess", "stopped"}


def refused(made: Document) -> list[str]:
    """Why a server would not take a row; what it takes was measured on one."""
    found = [f"unknown: {key}" for key in made if key not in ROW]
    found += [
        f"{key} is no time in ms" for key in ("startDate", "timestamp", "endDate") if not _is_ms(made.get(key, 10**12))
    ]
    found += [f"{key} is no object" for key in ("config", "metadata") if not isinstance(made.get(key, {}), dict)]
    for step in made.get("status", []):
        found += [f"unknown in a step: {key}" for key in step if key not in STEP_OF_2]
        found += ["a step without a name"] if not isinstance(step.get("name"), str) else []
        for failure in step.get("failures", []):
            found += [f"unknown in a failure: {key}" for key in failure if key not in FAILURE]
            found += [f"a failure without {key}" for key in ("name", "error") if not isinstance(failure.get(key), str)]
    text = json.dumps(made, allow_nan=False)
    found += ["NUL"] if "\\u0000" in text else []
    found += (
        ["half a surrogate pair"] if any("\ud800" <= one <= "\udfff" for one in json.loads(text).__repr__()) else []
    )
    found += ["too long"] if len(text) > 6 * MAX_BYTES else []
    return found


def _is_ms(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("a\x00b\ud800c"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*ROW, *STEP_OF_2, *FAILURE, "more", "\x00"]), inner, max_size=6)
    ),
    max_leaves=20,
)
ROWS = st.fixed_dictionaries(
    {},
    optional={
        **{
            key: JSON
            for key in ("runId", "pipelineState", "startDate", "timestamp", "endDate", "config", "metadata", "id")
        },
        "status": JSON
        | st.lists(JSON | st.fixed_dictionaries({}, optional={key: JSON for key in STEP_OF_2}), max_size=4),
    },
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS)
def test_whatever_was_read_a_server_takes_what_is_written(before: Document) -> None:
    made = terminal_row(run(), before, state="failed", diagnosis=diagnosis(run()), now=NOW)
    assert refused(made) == []
    assert made["pipelineState"] == "failed"
    assert len(own_steps(made)) == 1
    assert clean(made) == made
    again = terminal_row(run(), made, state="failed", diagnosis=diagnosis(run()), now=NOW + timedelta(hours=1))
    assert again == made


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(2020, 1, 1), max_value=datetime(2100, 1, 1)), st.uuids())
def test_a_timestamp_is_within_the_second_of_the_creation(created: datetime, identity: Any) -> None:
    found = first_timestamp(created.replace(microsecond=0), str(identity))
    assert 0 <= found - ms(created.replace(microsecond=0)) < 1000
    assert found == first_timestamp(created, str(identity).upper())


def test_runs_of_one_second_have_different_timestamps() -> None:
    found = {first_timestamp(START, f"{RUN_ID}{number}") for number in range(30)}
    assert len(found) > 25


def test_a_row_that_is_not_there_yet_has_all_that_a_row_needs() -> None:
    made = terminal_row(run(), None, state="failed", diagnosis=diagnosis(run()), now=NOW)
    assert set(made) == {"runId", "pipelineState", "startDate", "timestamp", "endDate", "status"}
    assert made["startDate"] == ms(START + timedelta(seconds=5))
    assert made["endDate"] == ms(NOW - timedelta(minutes=1))


def test_an_end_never_lies_before_the_start() -> None:
    before = row("running", startDate=ms(NOW + timedelta(seconds=3)))
    made = terminal_row(run(), before, state="failed", diagnosis=None, now=NOW)
    assert made["endDate"] == made["startDate"]


def test_without_any_time_there_is_no_first_row() -> None:
    nothing = run(created_at=None, started_at=None, ended_at=None)
    with pytest.raises(ValueError, match="the time of run"):
        terminal_row(nothing, None, state="failed", diagnosis=None, now=NOW)


def test_our_step_is_replaced_and_comes_last() -> None:
    once = terminal_row(run(), row("failed"), state="failed", diagnosis=diagnosis(run()), now=NOW)
    twice = terminal_row(run(), once, state="failed", diagnosis=diagnosis(run(), "another log"), now=NOW)
    assert [step["name"] for step in twice["status"]] == [INGESTED["name"], "Pod Diagnostics"]
    assert "another log" in own_steps(twice)[0]["failures"][0]["stackTrace"]
    assert was_written_by_us(twice)


def test_a_success_takes_our_step_out_again() -> None:
    lost = terminal_row(run(), row("failed"), state="failed", diagnosis=diagnosis(run()), now=NOW)
    assert terminal_row(run(State.SUCCESS), lost, state="success", diagnosis=None, now=NOW)["status"] == [INGESTED]


def test_run_ids_are_in_lower_case() -> None:
    assert queued_row(run(run_id=RUN_ID.upper()), None)["runId"] == RUN_ID


def test_what_only_a_newer_server_knows_is_kept() -> None:
    measured = {**INGESTED, "sourceTimeMs": 12.5, "operationMetrics": {"db_queries": {"a": {"b": {"count": 1}}}}}
    made = terminal_row(run(), row("failed", status=[measured]), state="failed", diagnosis=None, now=NOW)
    assert made["status"] == [measured]


def test_a_long_text_is_cut_and_says_so() -> None:
    made = clean(row("failed", status=[{**INGESTED, "failures": [{"name": "a", "error": "b" * 100_000}]}]))
    error = made["status"][0]["failures"][0]["error"]
    assert len(error) <= 64_000
    assert error.endswith(f"… ({100_000 - error.count('b') + 0} more characters are left out)")


def test_a_large_row_is_made_to_fit_and_says_what_is_left_out() -> None:
    failures = [{"name": f"table {number}", "error": "e" * 500, "stackTrace": "s" * 20_000} for number in range(900)]
    made = clean(row("failed", status=[{**INGESTED, "failures": failures} for _ in range(4)]))
    assert len(json.dumps(made)) <= MAX_BYTES
    assert refused(made) == []
    last = made["status"][0]["failures"][-1]
    assert last["error"].endswith("more failures are left out")
    assert len(made["status"]) == 4
    assert made["status"][0]["records"] == 42
    assert clean(made) == made


def test_what_is_large_by_its_parts_still_fits() -> None:
    deep: Any = "x"
    for _ in range(5):
        deep = {f"key {number}": deep for number in range(10)}
    made = clean(row("failed", config=deep, status=[{**INGESTED, "progress": deep}]))
    assert len(json.dumps(made)) <= MAX_BYTES
    assert made["status"][0]["records"] == 42
