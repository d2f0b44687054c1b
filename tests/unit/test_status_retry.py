"""A run between two attempts says why the last one failed, and when the next one begins."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from k8s_pipeline_client.status import CauseCode, Retry, RunStatus, State, events_tell_more, run_status
from k8s_pipeline_client.status.diagnosis import diagnose
from tests.unit.status_cases.build import (
    JOB,
    KILLED,
    START,
    Obj,
    condition,
    event,
    failed,
    job,
    last_words,
    now,
    pod,
    running,
    terminated,
)

DRAINED = condition("DisruptionTarget", "EvictionByEvictionAPI")


def attempt(number: int, state: Obj, phase: str = "Failed", **more: Any) -> Obj:
    name = f"{JOB}-{number:05d}"
    return pod(state, phase, name=name, uid=f"pod-{number}", created=100.0 * number, **more)


def ended(number: int, code: int = 1, **more: Any) -> Obj:
    """An attempt that ended 60 seconds after it was created."""
    at = 100.0 * number
    return attempt(number, terminated(code, started=at + 3, finished=at + 60, **more))


def status(of: Obj, *pods: Obj, at: float, events: tuple[Obj, ...] = ()) -> RunStatus:
    return run_status(of, pods, events, now(at))


def retry(of: Obj, *pods: Obj, at: float) -> Retry:
    found = status(of, *pods, at=at)
    assert found.state is State.RUNNING
    assert found.retry is not None
    return found.retry


@pytest.mark.parametrize(
    ("failures", "pause"), [(1, 10), (2, 20), (3, 40), (6, 320), (7, 600), (9, 600)], ids=lambda value: f"{value}"
)
def test_the_next_attempt_begins_when_the_job_controller_makes_it(failures: int, pause: int) -> None:
    pods = [ended(number) for number in range(failures)]
    last = 100.0 * (failures - 1) + 60

    found = retry(job(backoff_limit=20, failed=failures), *pods, at=last + 3)

    assert (found.number, found.limit, found.name) == (failures, 21, pods[-1]["metadata"]["name"])
    assert found.next_at == START + timedelta(seconds=last + pause)
    assert found.cause.code is CauseCode.EXIT_CODE


def test_it_is_said_in_a_sentence() -> None:
    message = last_words("ValueError: no such table", exitCode=1)
    of = job(backoff_limit=3, failed=1)

    said = retry(of, ended(0, message=message), at=65).summary

    assert said.startswith("attempt 1 of 4 failed: the ingestion exited with code 1: ValueError: no such table; ")
    assert said.endswith("the next one begins in about 5 s")
    assert retry(of, ended(0), at=90).summary.endswith("the next one is about to begin")
    following = retry(of, ended(0), attempt(1, running(103), "Running"), at=110)
    assert following.next_at is None
    assert following.summary.endswith("the next one has begun")


def test_a_job_that_has_not_counted_its_pod_as_yet_is_as_far() -> None:
    assert retry(job(backoff_limit=3), ended(0), at=61).number == 1


def test_attempts_whose_pods_are_gone_count() -> None:
    found = retry(job(backoff_limit=3, failed=3), ended(2), at=261)
    assert (found.number, found.next_at) == (3, START + timedelta(seconds=260 + 40))


def test_what_came_from_outside_does_not_count() -> None:
    drained = attempt(0, terminated(143, finished=60), conditions=[DRAINED])

    found = retry(job(backoff_limit=0), drained, at=61)

    assert (found.number, found.limit) == (0, 1)
    assert "which does not count" in found.summary


@pytest.mark.parametrize(
    ("of", "pods"),
    [
        (job(backoff_limit=3), []),
        (job(backoff_limit=3), [attempt(0, running(), "Running")]),
        (job(backoff_limit=0, failed=1), [ended(0)]),
        (job(backoff_limit=1, failed=1), [ended(0), ended(1)]),
        (job(backoff_limit=3, failed=1), [ended(0, code=143)]),
        (job(failed("DeadlineExceeded")[:1], backoff_limit=3, failed=1), [ended(0)]),
        (job(failed(), backoff_limit=1, failed=2), [ended(0), ended(1)]),
        (job(backoff_limit=3, failed=1, annotations=KILLED), [ended(0)]),
        (job(backoff_limit=3, failed=1, suspend=True), [ended(0)]),
    ],
    ids=[
        "no pod",
        "the first one runs",
        "no retries",
        "the last one",
        "an exit code that fails the Job",
        "the Job is failing",
        "the Job has failed",
        "killed",
        "held",
    ],
)
def test_where_no_attempt_follows_nothing_is_said_of_one(of: Obj, pods: list[Obj]) -> None:
    assert status(of, *pods, at=70).retry is None


def test_a_next_attempt_that_does_not_come_has_a_reason_in_the_events() -> None:
    of = job(backoff_limit=3, failed=1)
    assert not events_tell_more(status(of, ended(0), at=75), now(75))
    late = status(of, ended(0), at=90)
    assert events_tell_more(late, now(90))

    message = f'Error creating: pods "{JOB}-x" is forbidden: exceeded quota: small, used: pods=1, limited: pods=1'
    found = status(of, ended(0), at=90, events=(event("FailedCreate", message, seconds=72),))
    assert found.cause is not None
    assert found.cause.code is CauseCode.QUOTA_EXCEEDED


def test_a_diagnosis_says_the_same() -> None:
    of, pods = job(backoff_limit=3, failed=1), [ended(0)]
    run = status(of, *pods, at=65)
    told = diagnose(run, of, pods, [], "", ())
    assert run.retry is not None
    assert told.summary.lower() == run.retry.summary.lower()
    assert told.what_to_do == run.retry.cause.hint
    assert told.category is None
