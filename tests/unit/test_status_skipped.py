"""Due times that were skipped, because the run before was still active, leave a trace."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from k8s_pipeline_client.domain.schedule import Schedule
from k8s_pipeline_client.status import RunStatus, State, Trigger, skipped_warnings
from tests.unit.status_cases.build import cronjob
from tests.unit.test_status_pipeline import DUE, run

HOURLY = Schedule("0 * * * *")
NOW = DUE + timedelta(minutes=150)  # 14:30
LONG: dict[str, Any] = {"scheduled_at": DUE, "trigger": Trigger.SCHEDULED}


def _warnings(*runs: RunStatus, **changes: Any) -> list[str]:
    changes = {"metadata": {"creationTimestamp": "2025-01-01T00:00:00Z"}, "concurrencyPolicy": "Forbid", **changes}
    return skipped_warnings(cronjob(**changes), HOURLY, runs, NOW)


def test_those_that_passed_while_a_run_was_active_are_named_with_the_run() -> None:
    (told,) = _warnings(run("long", 1, ended=5_400, **LONG))  # until 13:30

    assert "1 due time skipped while the run before (long) was active: 2025-06-01T13:00:00Z" in told


def test_of_a_run_that_is_still_active_the_last_one_may_still_start() -> None:
    skipped, held = _warnings(run("long", 1, State.RUNNING, **LONG), startingDeadlineSeconds=3_600)

    assert "1 due time skipped while the run before (long) is active: 2025-06-01T13:00:00Z" in skipped
    assert held.startswith("due at 2025-06-01T14:00:00Z: starts once")


def test_one_that_started_late_was_not_skipped() -> None:
    late = run("late", 5_401, ended=5_500, scheduled_at=DUE + timedelta(hours=1), trigger=Trigger.SCHEDULED)

    assert _warnings(run("long", 1, ended=5_400, **LONG), late) == []


def test_the_last_one_started_when_the_run_had_ended_though_its_job_is_gone() -> None:
    assert _warnings(run("long", 1, ended=3_660, **LONG), startingDeadlineSeconds=600) == []  # until 13:01


def test_many_are_counted() -> None:
    begun = run("long", -36_000, State.RUNNING, scheduled_at=DUE - timedelta(hours=10), trigger=Trigger.SCHEDULED)

    (skipped,) = _warnings(begun)
    assert "12 due times skipped" in skipped
    assert "and 9 more, the last 2025-06-01T14:00:00Z" in skipped


@pytest.mark.parametrize(
    ("how", "changes"),
    [
        ({"trigger": Trigger.SCHEDULED}, {"concurrencyPolicy": "Allow"}),
        ({"trigger": Trigger.MANUAL}, {}),
        ({"trigger": Trigger.SCHEDULED}, {"metadata": {"creationTimestamp": "2025-06-01T14:10:00Z"}}),
    ],
    ids=["overlap allowed", "one by hand does not forbid", "on this schedule only since then"],
)
def test_nothing_is_said_where_nothing_was_skipped(how: dict[str, Any], changes: dict[str, Any]) -> None:
    assert _warnings(run("long", 1, State.RUNNING, scheduled_at=None, **how), **changes) == []
