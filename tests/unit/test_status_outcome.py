"""When a run is over while its Job is not, from when on it runs, and what is said beside its state."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_pipeline_client.status import CauseCode, RunStatus, State, run_status
from k8s_pipeline_client.status.run import read_run

from .status_cases.build import (
    JOB,
    KILLED,
    Obj,
    at,
    complete,
    condition,
    event,
    failed,
    job,
    last_words,
    now,
    pod,
    running,
    terminated,
    waiting,
)
from .status_cases.case import GONE, NO_NODE

SIDECAR = {"istio-proxy": running()}
DONE = terminated(0, "Completed")


def kept(main: Obj, **more: Any) -> Obj:
    """A pod that a sidecar keeps running."""
    return pod(main, "Running", **{"others": SIDECAR, **more})


def second(main: Obj | None, phase: str = "Failed", **more: Any) -> Obj:
    """A second attempt."""
    return pod(main, phase, uid="pod-2", name=f"{JOB}-b0b0b", created=100, **more)


def status(job_: Obj, *pods: Obj, events: list[Obj] | None = None, seconds: float = 600) -> RunStatus:
    return run_status(job_, list(pods), events or [], now(seconds))


DISRUPTED = [condition("DisruptionTarget", "EvictionByEvictionAPI", seconds=50)]
OVER = pod(terminated(1), others={"istio-proxy": DONE})


@pytest.mark.parametrize(
    ("job_", "pods", "expected"),
    [
        (job(active=1), [pod(terminated(1), "Running")], State.RUNNING),
        (job(active=1), [kept(terminated(1), others={}, inits=SIDECAR)], State.FAILED),
        (
            job(active=1, backoff_limit=1),
            [pod(terminated(1)), second(terminated(1), "Running", others=SIDECAR)],
            "failed",
        ),
        (
            job(active=1, backoff_limit=1),
            [pod(terminated(1), conditions=DISRUPTED), second(terminated(1), "Running", others=SIDECAR)],
            State.RUNNING,
        ),
        (job(backoff_limit=0), [OVER], State.FAILED),
        (job(backoff_limit=1), [OVER], State.RUNNING),
        (job(backoff_limit=1, failed=1), [OVER], State.RUNNING),
        (job(backoff_limit=1, failed=2), [OVER], State.FAILED),
        (job(active=1, backoff_limit=2), [kept(terminated(143))], State.FAILED),
        (job(active=1, backoff_limit=2), [kept(terminated(143)), second(running(), "Running")], State.RUNNING),
    ],
    ids=[
        "without sidecars the Job decides",
        "a native sidecar",
        "the first failure is not counted yet",
        "the first was disrupted, which does not count",
        "over, no retries",
        "over, one retry",
        "over and counted, one retry",
        "over, two counted",
        "not retried for its exit code",
        "and yet retried",
    ],
)
def test_main_failed_for_good_before_the_job_says_so(job_: Obj, pods: list[Obj], expected: str) -> None:
    assert status(job_, *pods).state == expected


def test_any_attempt_that_succeeded_beside_its_sidecar_decides() -> None:
    found = status(job(active=1, backoff_limit=2), kept(terminated(1)), second(DONE, "Running", others=SIDECAR))
    assert (found.state, found.ended_at) == (State.SUCCESS, now(60))


@pytest.mark.parametrize(
    ("job_", "pods", "ended"),
    [
        (job([condition("Complete", seconds=70)], completionTime=at(65)), [], 65),
        (job([condition("Complete", seconds=70)], completionTime=None), [], 70),
        (job([condition("FailureTarget", seconds=50), condition("Failed", seconds=55)]), [], 55),
        (job(failed(), annotations={"k8s-pipeline/succeeded-at": at(33)}), [], 33),
        (job(active=1), [kept(terminated(1, finished=44))], 44),
        (job(active=1), [kept(terminated(0, finished=45))], 45),
        (job([condition("FailureTarget", seconds=40)], active=1), [pod(running(), "Running", deleted=50)], 40),
        (job([condition("FailureTarget", seconds=40)], active=1), [pod(running(), "Running", deleted=400)], None),
    ],
    ids=[
        "completionTime",
        "complete, without completionTime",
        "Failed, not FailureTarget",
        "its sidecars were ended",
        "main failed",
        "main succeeded",
        "its node is lost",
        "failing",
    ],
)
def test_when_a_run_ended(job_: Obj, pods: list[Obj], ended: int | None) -> None:
    assert status(job_, *pods).ended_at == (None if ended is None else now(ended))


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        ([pod(running(), "Running", deleted=1), second(running(), "Running", deleted=1)], State.FAILED),
        ([pod(running(), "Running", deleted=1), second(running(), "Running")], State.RUNNING),
        ([pod(running(), "Running", deleted=1), second(running(), "Running", deleted=599)], State.RUNNING),
        ([pod(running(), "Running", deleted=1), second(terminated(1))], State.FAILED),
    ],
    ids=["all lost", "one is not deleted", "one has just been", "one is over"],
)
def test_a_run_is_lost_when_none_of_its_pods_may_still_end(pods: list[Obj], expected: State) -> None:
    assert status(job([condition("FailureTarget")], backoff_limit=9), *pods).state is expected


ENDING = [condition("FailureTarget", "DeadlineExceeded")]
NEVER_PLACED = event("FailedScheduling", NO_NODE, about=GONE)
STARTED = event("Started", "Started container main", about=GONE)


@pytest.mark.parametrize(
    ("job_", "pods", "events", "expected"),
    [
        (job(ENDING, failed=1), [], [NEVER_PLACED], State.QUEUED),
        (job(ENDING, failed=1), [], [], State.RUNNING),
        (job(failed=1, backoff_limit=2), [], [NEVER_PLACED], State.RUNNING),
        (job(ENDING), [], [NEVER_PLACED], State.QUEUED),
        (job(), [], [STARTED], State.RUNNING),
        (
            job(),
            [],
            [event("Started", "", about=GONE, involvedObject={"kind": "Pod", "name": GONE, "fieldPath": "x"})],
            "queued",
        ),
        (job(), [pod(running(), "Running")], [], State.RUNNING),
        (job(), [pod(running(), "Running"), second(None, "Pending")], [], State.RUNNING),
        (job(), [pod(None, "Failed"), second(None, "Pending")], [], State.RUNNING),
        (job(), [pod(None, "Pending"), second(None, "Pending")], [], State.QUEUED),
    ],
    ids=[
        "deleted before it was placed, and counted as failed",
        "counted as failed, and nothing is known",
        "retried: its failures count",
        "ending, nothing counted",
        "an event says that it ran",
        "an event says that a sidecar ran",
        "it runs",
        "one runs",
        "one is over",
        "none has begun",
    ],
)
def test_from_when_on_a_run_is_running(job_: Obj, pods: list[Obj], events: list[Obj], expected: str) -> None:
    assert status(job_, *pods, events=events).state == expected


@pytest.mark.parametrize(
    ("job_", "pods", "started"),
    [
        (job(failed()), [pod(terminated(1, started=30)), second(terminated(1, started=20))], 20),
        (job(failed()), [pod(None), second(terminated(1, started=20))], 20),
        (job(startTime=at(7), ready=1), [], 7),
        (job(startTime=at(7)), [pod(None, "Pending")], None),
        (job(suspend=True, startTime=at(7)), [pod(terminated(143, started=8))], 8),
    ],
    ids=["the earliest", "the only one that started", "that of the Job", "queued", "held in mid-run"],
)
def test_when_a_run_started(job_: Obj, pods: list[Obj], started: int | None) -> None:
    assert status(job_, *pods).started_at == (None if started is None else now(started))


@pytest.mark.parametrize(
    ("its", "expected"),
    [
        (pod(DONE, "Succeeded"), State.SUCCESS),
        (pod(None, "Succeeded"), State.SUCCESS),
        (kept(DONE), State.SUCCESS),
        (kept(DONE, deleted=80), State.RUNNING),
        (pod(DONE, "Failed", reason="DeadlineExceeded", deadline=1), State.FAILED),
        (pod(None, "Failed"), State.FAILED),
        (kept(terminated(1)), State.FAILED),
        (pod(running(), "Running"), State.RUNNING),
        (pod(waiting("ContainerCreating"), "Pending"), State.QUEUED),
    ],
    ids=[
        "over",
        "succeeded, of main no word",
        "0 beside a sidecar",
        "0 after it was told to stop",
        "0 at the deadline",
        "over, of main no word",
        "failed beside a sidecar",
        "running",
        "waiting",
    ],
)
def test_the_state_of_an_attempt(its: Obj, expected: State) -> None:
    (attempt,) = status(job(active=1, backoff_limit=9), its).attempts
    assert attempt.state is expected


def test_an_attempt_of_which_little_is_known_says_so() -> None:
    its = pod(waiting("ContainerCreating"), "Pending")
    del its["spec"]["nodeName"]
    (attempt,) = status(job(active=1), its).attempts
    assert attempt.as_dict() == {
        "name": f"{JOB}-4xk2p",
        "state": "queued",
        "cause": None,
        "exitCode": None,
        "startedAt": None,
        "endedAt": None,
        "durationSeconds": None,
        "peakMemoryBytes": None,
        "documentSha256": None,
        "node": None,
    }
    (under_way,) = status(job(active=1), pod(running(), "Running")).attempts
    assert (under_way.duration_seconds, under_way.ended_at) == (None, None)
    (unstarted,) = status(job(failed()), pod(terminated(128, "StartError", started=None))).attempts
    assert (unstarted.duration_seconds, unstarted.ended_at) == (None, now(60))
    (instant,) = status(job(failed()), pod(terminated(1, message=last_words(exitCode=1, durationSeconds=0.0)))).attempts
    assert instant.duration_seconds == 0.0


@pytest.mark.parametrize(
    ("annotations", "its", "code"),
    [
        (KILLED, pod(terminated(143), deleted=120), CauseCode.KILLED),
        (KILLED, pod(running(), "Failed", deleted=120), CauseCode.KILLED),
        (KILLED, pod(terminated(143)), CauseCode.SIG_TERM),
        ({}, pod(terminated(143), deleted=120), CauseCode.SIG_TERM),
        ({}, pod(terminated(143, finished=100), deleted=120), CauseCode.POD_DELETED),
        (KILLED, pod(terminated(1, finished=20), deleted=120), CauseCode.EXIT_CODE),
        (KILLED, pod(terminated(137, "OOMKilled"), deleted=120), CauseCode.OOM_KILLED),
    ],
    ids=[
        "killed",
        "killed, of main no word",
        "not deleted",
        "not killed, and it ended early",
        "not killed",
        "ended before",
        "out of memory",
    ],
)
def test_which_attempts_of_a_killed_run_were_killed(annotations: Obj, its: Obj, code: CauseCode) -> None:
    (attempt,) = status(job(failed("DeadlineExceeded"), annotations=annotations), its).attempts
    assert attempt.cause is not None
    assert attempt.cause.code is code


ALIVE = f"pod {JOB}-4xk2p has not terminated"
SKIPPED = last_words(exitCode=0, skipped="the schedule has ended")


def sha(value: str | None, exit_code: int = 0) -> Obj:
    return terminated(exit_code, message=last_words(exitCode=exit_code, documentSha256=value))


@pytest.mark.parametrize(
    ("job_", "pods", "warnings"),
    [
        (job(complete(), annotations=KILLED), [], ["killed by anna, but it had already succeeded"]),
        (job(failed(), annotations=KILLED), [], []),
        (job(active=1), [pod(running(), "Running")], []),
        (job(complete()), [pod(running(), "Running")], [ALIVE]),
        (job(failed()), [pod(running(), "Running")], [ALIVE]),
        (job(complete()), [pod(DONE, "Running")], []),
        (job(complete()), [pod(running(), "Succeeded")], []),
        (
            job(complete()),
            [kept(DONE, inits={"proxy": running(), "prepare": DONE})],
            [f"container main has terminated; pod {JOB}-4xk2p is kept running by istio-proxy, proxy"],
        ),
        (job(active=1), [pod(running(), "Running", others=SIDECAR)], []),
        (job(complete()), [pod(running(), "Running", others=SIDECAR)], [ALIVE]),
        (
            job(complete()),
            [pod(terminated(0, message=SKIPPED), "Succeeded")],
            ["nothing was ingested: the schedule has ended"],
        ),
        (job(failed()), [pod(terminated(1, message=SKIPPED))], []),
        (
            job(active=1),
            [pod(terminated(0, message=SKIPPED), "Running")],
            ["nothing was ingested: the schedule has ended"],
        ),
        (
            job(complete()),
            [pod(sha("a", 1)), second(sha("b"), "Succeeded")],
            ["its attempts used different versions of the workflow document"],
        ),
        (job(complete()), [pod(sha("a", 1)), second(sha("a"), "Succeeded")], []),
        (job(complete()), [pod(sha(None, 1)), second(sha("a"), "Succeeded")], []),
    ],
    ids=[
        "killed too late",
        "killed",
        "running",
        "succeeded, and a pod lives on",
        "failed, and a pod lives on",
        "main has ended, the pod's phase is late",
        "the pod is over, main's status is late",
        "kept by two",
        "a sidecar beside main",
        "a sidecar and main live on",
        "nothing to do",
        "nothing to do, and failed",
        "nothing to do, not over",
        "two documents",
        "one document",
        "one of which is not known",
    ],
)
def test_what_is_said_beside_the_state(job_: Obj, pods: list[Obj], warnings: list[str]) -> None:
    assert list(status(job_, *pods).warnings) == warnings


@pytest.mark.parametrize(
    ("job_", "warned"),
    [(job(active=1), True), (job(failed()), False), (job(complete()), False), (job(suspend=True), True)],
)
def test_a_job_that_is_being_deleted_before_its_end(job_: Obj, warned: bool) -> None:
    going = {**job_, "metadata": {**job_["metadata"], "deletionTimestamp": at(9)}}
    assert ("the Job is being deleted" in status(going).warnings) is warned


@pytest.mark.parametrize(
    ("main", "warned"),
    [(terminated(0, "OOMKilled"), True), (terminated(3, "OOMKilled"), False), (DONE, False)],
)
def test_a_child_that_was_killed_for_memory_is_warned_of_where_its_run_succeeded(main: Obj, warned: bool) -> None:
    found = status(job(complete()), pod(main, "Succeeded" if main is DONE else "Failed"))
    assert any("was killed for memory" in text for text in found.warnings) is warned
    unfinished = status(job(active=1, backoff_limit=9), pod(main, "Running"))
    assert not any("was killed for memory" in text for text in unfinished.warnings)


SKIPPED_ITS_WORK = second(terminated(0, message=SKIPPED), "Succeeded")


@pytest.mark.parametrize(
    ("failures", "pods", "undone"),
    [
        (1, [], False),
        (0, [SKIPPED_ITS_WORK], False),
        (1, [SKIPPED_ITS_WORK], True),
        (1, [pod(terminated(1)), SKIPPED_ITS_WORK], True),
        (1, [pod(terminated(0), reason="DeadlineExceeded"), SKIPPED_ITS_WORK], False),
        (2, [pod(terminated(0), reason="DeadlineExceeded"), SKIPPED_ITS_WORK], True),
        (1, [pod(terminated(1)), second(terminated(0, message=last_words(exitCode=0)), "Succeeded")], False),
        (1, [pod(terminated(1)), second(DONE, "Succeeded")], False),
    ],
    ids=[
        "no pod",
        "the first attempt",
        "the first attempt is gone",
        "the first attempt has failed",
        "only a sidecar kept the first attempt",
        "another one has failed and is gone",
        "the retry worked",
        "the retry says nothing",
    ],
)
def test_whether_a_retry_left_the_work_undone(failures: int, pods: list[Obj], undone: bool) -> None:
    run = read_run(job(complete(), backoff_limit=3, failed=failures), pods, [])
    assert run.left_undone == ("the schedule has ended" if undone else "")
