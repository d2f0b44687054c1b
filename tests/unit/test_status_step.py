"""A diagnosis as OpenMetadata shows it, and the words for lengths of time and for sentences after a colon."""

from __future__ import annotations

from datetime import timedelta

import pytest

from k8s_pipeline_client.status import run_status
from k8s_pipeline_client.status.diagnosis import diagnose
from k8s_pipeline_client.status.step import as_step, for_the_ui, waiting_step
from k8s_pipeline_client.status.words import duration_in_words, inline, mebibytes

from .status_cases.build import JOB, Obj, job, now, pod, running, waiting


def shown(step: Obj) -> list[str]:
    (failure,) = step["failures"]
    return [failure["error"], *failure["stackTrace"].splitlines()]


def test_what_keeps_a_run_from_starting_is_told_whole() -> None:
    denied = waiting("ErrImagePull", "access denied")
    run = run_status(job(active=1), [pod(denied, "Pending")], [], now())
    assert run.cause is not None
    lines = shown(waiting_step(run, run.cause))
    assert lines[0] == run.cause.summary
    told = {"Cause: ImagePull", f"Summary: {run.cause.summary}", "Detail: access denied", f"Job: {JOB}"}
    assert told <= set(lines)
    assert f"What to do: {run.cause.hint}" in lines
    assert "Events: none found" in lines
    assert lines[-2:] == ["Pod Logs: ", "none"]


def test_a_run_without_a_cause_and_an_attempt_without_an_exit_code_say_so() -> None:
    of, pods = job(active=1), [pod(running(), "Running")]
    run = run_status(of, pods, [], now())
    lines = shown(as_step(diagnose(run, of, pods, [], "", ())))
    assert "Cause: none" in lines
    assert any("running, no exit code, started 2025-06-01T12:00:03Z" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "in_the_ui"),
    [
        ("see the queue (kubectl get workloads) and wait", "see the queue and wait"),
        ("check its log: kubectl logs POD -c main", "check its log"),
        ("check its log: kubectl logs POD; start it again", "check its log; start it again"),
        ("nothing to type", "nothing to type"),
    ],
)
def test_what_could_only_be_typed_is_left_out(text: str, in_the_ui: str) -> None:
    assert for_the_ui(text) == in_the_ui


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.9, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_600, "1 h"),
        (86_400, "1 d"),
        (86_399, "23 h 59 min 59 s"),
        (2 * 86_400 + 3 * 3_600 + 4 * 60 + 5, "2 d 3 h 4 min 5 s"),
    ],
)
def test_a_length_of_time_in_words(seconds: float, words: str) -> None:
    assert duration_in_words(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("sentence", "inlined"),
    [
        ("The run failed", "the run failed"),
        ("OOMKilled by the node", "OOMKilled by the node"),
        ("Evicted", "evicted"),
        ("143 was its code", "143 was its code"),
        ("", ""),
    ],
)
def test_a_sentence_after_a_colon(sentence: str, inlined: str) -> None:
    assert inline(sentence) == inlined


def test_mebibytes_are_whole() -> None:
    assert [mebibytes(value) for value in (2**20 - 1, 2**20, 3 * 2**20 + 5)] == ["0 MiB", "1 MiB", "3 MiB"]
