"""The judgement of `make faults`: a run has one terminal status, and a true one; everything else is found."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.kinds import MOSTLY_BAD, ONE_IN_TEN, SUCCEEDS, drawn
from tests.faults.page import percentile, put_into
from tests.faults.puts import REPORTER, RUN, Put, end_of, faults, puts
from tests.faults.scenarios import ROWS
from tests.faults.verdict import told
from tests.faults.watch import described, ended_at
from tests.images.recording.journal import Journal

FQN = "pg_prod.nightly"


def row(state: str, cause: str = "") -> dict[str, Any]:
    """A row as the reporter writes it."""
    step = {"name": "Pod Diagnostics", "failures": [{"error": cause}]}
    return {"runId": "r", "pipelineState": state, "status": [step] if cause else []}


def put(by: str, state: str, *, status: int = 201, cause: str = "", at: float = 0.0) -> Put:
    """A row that came."""
    return Put(at, by, FQN, status, row(state, cause))


TRUE = [put(RUN, "running"), put(REPORTER, "failed", cause="exit code 3")]


def test_one_terminal_status_that_is_true_is_right() -> None:
    assert faults(TRUE, [row("failed", "exit code 3")], state="failed", says="exit code 3") == []


@pytest.mark.parametrize(
    ("received", "in_force"),
    [
        ([], []),
        (TRUE, [row("failed"), row("failed")]),
        (TRUE, [row("running")]),
        (TRUE, [row("failed", "exit code 4")]),
        ([put(REPORTER, "success"), *TRUE], [row("failed", "exit code 3")]),
        ([put(REPORTER, "running"), *TRUE], [row("failed", "exit code 3")]),
        ([*TRUE, put(RUN, "running"), put(REPORTER, "failed")], [row("failed", "exit code 3")]),
    ],
    ids=["lost", "doubled", "no end", "another cause", "first wrong", "running by the reporter", "after its end"],
)
def test_what_is_wrong_is_found(received: list[Put], in_force: list[dict[str, Any]]) -> None:
    assert faults(received, in_force, state="failed", says="exit code 3")


def test_the_failure_of_one_attempt_is_the_runs_own_word() -> None:
    received = [put(RUN, state) for state in ("running", "failed", "running", "success")]

    assert faults(received, [row("success")], state="success") == []


def test_an_end_is_the_first_of_those_that_say_the_same() -> None:
    received = [put(RUN, "running", at=1), put(RUN, "failed", at=2), put(REPORTER, "failed", at=3)]

    assert (found := end_of(received)) and found.at == 2
    assert (found := end_of([put(RUN, "success", at=1), *received[2:]])) and found.at == 3
    assert (found := end_of([put(REPORTER, "failed", status=500), *received[2:]])) and found.at == 3
    assert end_of(received[:1]) is None


def test_who_has_written_a_row_is_told_by_the_token() -> None:
    journal = Journal()
    for digest in ("run's", "ours"):
        journal.record(
            method="PUT",
            path=f"/api/v1/services/ingestionPipelines/{FQN}/pipelineStatus",
            query={},
            body=row("failed"),
            auth={"tokenSha256": digest},
            status=201,
        )

    assert [(each.by, each.fqn) for each in puts(journal.since(), "ours")] == [(RUN, FQN), (REPORTER, FQN)]


def test_what_came_is_told_in_order() -> None:
    assert told(
        [put(RUN, "running"), *[put(REPORTER, "failed", status=500)] * 2, put(REPORTER, "failed", cause="x|y")]
    ) == ("run: `running`, reporter: `failed` 2 times (500), reporter: `failed` “x\\|y”")
    assert told([]) == "nothing"


def test_what_kubernetes_shows_is_told_in_a_few_words() -> None:
    condition = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    condition["lastTransitionTime"] = "2026-01-01T00:00:05Z"
    job = {"metadata": {"uid": "u"}, "status": {"conditions": [condition]}}
    main = {"name": "main", "state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}
    pod = {"metadata": {}, "status": {"phase": "Failed", "containerStatuses": [main]}}
    refusal = {
        "involvedObject": {"uid": "u"},
        "reason": "FailedCreate",
        "message": 'pods "x" is forbidden: exceeded quota',
    }

    assert described(job, [pod], []) == "Job Failed BackoffLimitExceeded; pod Failed OOMKilled 137"
    assert described({**job, "status": {}}, [], [refusal]) == "no pod: exceeded quota"
    assert ended_at(job) == 1767225605.0
    assert ended_at({"status": {}}) is None


def test_percentiles() -> None:
    assert [percentile([4, 1, 3, 2], share) for share in (0.5, 0.9, 1.0)] == [2, 4, 4]


def test_a_section_is_put_in_its_place() -> None:
    page = "a\n<!-- begin: make faults, x -->\nold\n<!-- end: make faults, x -->\nb"

    assert "old" not in put_into(page, "x", "new")
    assert put_into(put_into(page, "x", "new"), "x", "new") == put_into(page, "x", "new")
    with pytest.raises(ValueError, match="no section y"):
        put_into(page, "y", "new")


def test_rows_have_names_of_their_own_and_share_no_place_that_befalls_others() -> None:
    names = [scenario.name for scenario in ROWS]
    assert len(set(names)) == len(names)
    for scenario in ROWS:
        others = {each.surroundings for each in ROWS if each.place == scenario.place}
        assert others == {scenario.surroundings}
        assert {each.alone for each in ROWS if each.place == scenario.place} == {scenario.alone}


def test_kinds_are_mixed_by_their_shares() -> None:
    assert sum(ONE_IN_TEN.values()) == sum(MOSTLY_BAD.values()) == 100
    found = drawn(ONE_IN_TEN, 1_000, seed=1)
    assert (len(found), found.count(SUCCEEDS)) == (1_000, 900)
    assert found == drawn(ONE_IN_TEN, 1_000, seed=1)
