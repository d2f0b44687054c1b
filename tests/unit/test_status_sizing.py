"""What memory limit is suggested."""

from __future__ import annotations

from dataclasses import replace

import pytest

from k8s_pipeline_client.status import State, run_status
from k8s_pipeline_client.status.sizing import suggested_limit, with_sizes

from .status_cases.build import now
from .status_cases.ended import ENDED

MI = 2**20


@pytest.mark.parametrize(
    ("limit", "peaks", "suggested"),
    [
        (256 * MI, [], "512Mi"),
        (512 * MI, [], "768Mi"),
        (1024 * MI, [], "1536Mi"),
        (2048 * MI, [1000 * MI], "3Gi"),
        (1024 * MI, [3000 * MI], "3840Mi"),
    ],
)
def test_the_suggestion_leaves_room_above_limit_and_peaks(limit: int, peaks: list[int], suggested: str) -> None:
    assert suggested_limit(limit, peaks) == suggested


def test_a_run_that_ran_out_of_memory_says_what_to_raise_the_limit_to_by_all_runs() -> None:
    (case,) = [case for case in ENDED if case.name == "OOMKilled with the peak that the launcher saw"]
    run = replace(run_status(case.job, case.pods, case.events, now()), memory_limit="512Mi")
    earlier = replace(run, state=State.SUCCESS, cause=None, peak_memory_bytes=700 * MI)
    sized, untouched = with_sizes([run, earlier])
    assert sized.cause is not None
    assert sized.cause.hint.startswith("raise resources.limits.memory from 512Mi to 1Gi; last known peaks: 503 MiB, 7")
    assert untouched == earlier
