"""What is said of a run to people."""

from __future__ import annotations

from k8s_pipeline_client.cli.text import cause_lines
from k8s_pipeline_client.status import Cause, CauseCode, RunStatus, State, Trigger


def run(state: State, cause: Cause | None = None, *warnings: str) -> RunStatus:
    return RunStatus("id", "job", state, Trigger.MANUAL, cause=cause, warnings=warnings)


def test_warnings_are_shown_of_a_success_and_after_a_cause() -> None:
    cause = Cause(CauseCode.EXIT_CODE, "It ended", "in these words", "look")

    assert cause_lines(run(State.SUCCESS, None, "something was lost")) == ["note: something was lost"]
    assert cause_lines(run(State.FAILED, cause, "one", "two")) == [
        "why:  It ended",
        "      in these words",
        "fix:  look",
        "note: one",
        "note: two",
    ]
    assert cause_lines(run(State.SUCCESS)) == []
