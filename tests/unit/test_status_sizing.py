"""What memory limit is suggested."""

from __future__ import annotations

from dataclasses import replace

import pytest

from k8s_pipeline_client.status import RunStatus, State, run_status
from k8s_pipeline_client.status.sizing import suggested_limit, with_sizes

from .status_cases.build import now
from .status_cases.ended import ENDED
from .status_cases.weighed import WEIGHED

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


def ran_out_of_memory(limit: str | None = "512Mi", peak: int | None = None) -> RunStatus:
    (case,) = [case for case in ENDED if case.name == "OOMKilled with the peak that the launcher saw"]
    return replace(run_status(case.job, case.pods, case.events, now()), memory_limit=limit, peak_memory_bytes=peak)


def hint_of(*runs: RunStatus) -> str:
    """The hint of the first of these runs."""
    cause = with_sizes(runs)[0].cause
    assert cause is not None
    return cause.hint


def test_the_newest_three_peaks_are_named_and_all_of_them_count() -> None:
    peaks = [600, 700, 0, 800, 3000]
    hint = hint_of(*(ran_out_of_memory(peak=peak * MI) for peak in peaks))
    assert "to 3840Mi; " in hint
    assert ": 600 MiB, 700 MiB, 800 MiB (" in hint
    assert "3000 MiB" not in hint


def test_without_a_known_peak_the_limit_alone_counts() -> None:
    hint = hint_of(ran_out_of_memory(), ran_out_of_memory(peak=None))
    assert hint.endswith("from 512Mi to 768Mi")


def test_each_run_that_ran_out_of_memory_says_what_its_own_limit_should_be() -> None:
    runs = [ran_out_of_memory("512Mi"), ran_out_of_memory("1Gi"), ran_out_of_memory("2G")]
    told = [run.cause.hint.rpartition(" from ")[2] for run in with_sizes(runs) if run.cause]
    assert told == ["512Mi to 768Mi", "1Gi to 1536Mi", "2G to 3Gi"]


@pytest.mark.parametrize("limit", [None, "", "much"])
def test_without_a_limit_that_can_be_read_nothing_is_suggested(limit: str | None) -> None:
    run = ran_out_of_memory(limit, peak=600 * MI)
    assert with_sizes([run]) == [run]


@pytest.mark.parametrize("name", ["an init container out of memory", "a child out of memory, and no word of main"])
def test_a_limit_that_was_not_mains_is_not_suggested(name: str) -> None:
    (case,) = [case for case in WEIGHED if case.name == name]
    run = replace(run_status(case.job, case.pods, case.events, now()), memory_limit="512Mi")
    assert with_sizes([run]) == [run]


def test_a_run_that_ran_out_of_memory_says_what_to_raise_the_limit_to_by_all_runs() -> None:
    (case,) = [case for case in ENDED if case.name == "OOMKilled with the peak that the launcher saw"]
    run = replace(run_status(case.job, case.pods, case.events, now()), memory_limit="512Mi")
    earlier = replace(run, state=State.SUCCESS, cause=None, peak_memory_bytes=700 * MI)
    sized, untouched = with_sizes([run, earlier])
    assert sized.cause is not None
    assert sized.cause.hint.startswith("raise resources.limits.memory from 512Mi to 1Gi; last known peaks: 503 MiB, 7")
    assert untouched == earlier
