"""The state of a run: which facts decide, and which do not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from k8s_pipeline_client.status import LOST_AFTER, Cause, CauseCode, State, Trigger, run_status

from .status_cases.build import (
    JOB,
    JOB_UID,
    KILLED,
    RUN_ID,
    SCHEDULED,
    SHA,
    START,
    Obj,
    at,
    complete,
    condition,
    failed,
    job,
    last_words,
    now,
    pod,
    running,
    terminated,
    waiting,
)

ENDING = [condition("FailureTarget", "DeadlineExceeded", "Job was active longer than specified deadline")]
SIDECAR = {"istio-proxy": running()}
DONE = terminated(0, "Completed")


def state(job_: Obj, *pods: Obj, seconds: float = 600) -> State:
    return run_status(job_, pods, [], now(seconds)).state


@pytest.mark.parametrize(
    ("job_", "pods", "expected"),
    [
        (job(), [], "queued"),
        (job(active=1), [pod(None, "Pending")], "queued"),
        (job(active=1, ready=0), [pod(waiting("ContainerCreating"), "Pending")], "queued"),
        (job(active=1, ready=1), [], "running"),
        (job(active=1), [pod(running(), "Running")], "running"),
        (job(active=1), [pod(None, "Running")], "running"),
        (job(active=1), [pod(waiting("ContainerCreating"), "Running", others=SIDECAR)], "queued"),
        (job(active=1), [pod(running(), "Unknown")], "running"),
        (job([condition("SuccessCriteriaMet")], active=1), [pod(DONE, "Succeeded")], "running"),
        (job(ENDING, active=1), [pod(running(), "Running", deleted=330)], "running"),
        (job(complete()), [pod(DONE, "Succeeded")], "success"),
        (job(complete()), [], "success"),
        (job(failed()), [], "failed"),
        (job([condition("Complete", status="False"), condition("Failed", status="Unknown")]), [], "queued"),
        (job(suspend=True), [], "queued"),
        (job([condition("Suspended")], failed=1, suspend=True), [pod(terminated(143))], "queued"),
        (job([*failed(), condition("Suspended")], suspend=True), [], "failed"),
    ],
    ids=[
        "no pod yet",
        "pod without a word of its containers",
        "pod pending",
        "counter says ready, pods were not listed in time",
        "main is running",
        "phase Running without a word of its containers",
        "phase Running by a sidecar alone",
        "node silent",
        "SuccessCriteriaMet is not the end",
        "FailureTarget is not the end",
        "Complete",
        "Complete, pods gone",
        "Failed",
        "conditions that are not True",
        "suspended",
        "suspended in mid-run",
        "Failed wins over suspended",
    ],
)
def test_conditions_decide_and_counters_only_split_queued_from_running(
    job_: Obj, pods: list[Obj], expected: str
) -> None:
    assert state(job_, *pods) == expected


@pytest.mark.parametrize(
    "pods",
    [
        [pod(terminated(1))],
        [pod(terminated(1)), pod(None, "Pending", uid="pod-2", created=100)],
        [pod(None, "Failed", reason="Evicted"), pod(waiting("ErrImagePull"), "Pending", uid="pod-2", created=100)],
        [],
    ],
    ids=["backing off", "the next one pending", "evicted before it started", "pods not listed"],
)
def test_between_two_attempts_a_run_stays_running(pods: list[Obj]) -> None:
    assert state(job(backoff_limit=2, failed=1, active=1), *pods) is State.RUNNING


def test_a_retry_that_cannot_start_says_so_while_the_run_is_running() -> None:
    pods = [pod(terminated(1)), pod(waiting("ErrImagePull", "denied"), "Pending", uid="pod-2", created=100)]
    status = run_status(job(backoff_limit=2, failed=1), pods, [], now())
    assert status.cause is not None
    assert status.cause.code == "ImagePull"
    assert [attempt.state for attempt in status.attempts] == ["failed", "queued"]
    assert [attempt.cause.code for attempt in status.attempts if attempt.cause] == ["ExitCode", "ImagePull"]


@pytest.mark.parametrize(
    ("job_", "main", "expected"),
    [
        (job(active=1), DONE, "success"),
        (job(active=1), terminated(1), "failed"),
        (job(active=1, backoff_limit=2), terminated(1), "running"),
        (job(active=1, backoff_limit=2, failed=2), terminated(1), "failed"),
        (
            job(active=1, backoff_limit=2, uncountedTerminatedPods={"failed": ["pod-0"], "succeeded": []}, failed=1),
            terminated(1),
            "failed",
        ),
        (job(active=1, backoff_limit=2), terminated(143), "failed"),
    ],
    ids=[
        "main succeeded",
        "main failed, no retries",
        "main failed, retries left",
        "main failed, the last of three",
        "main failed, the last of three, one not added up yet",
        "143 is not retried",
    ],
)
def test_main_decides_while_a_sidecar_keeps_the_pod_alive(job_: Obj, main: Obj, expected: str) -> None:
    status = run_status(job_, [pod(main, "Running", others=SIDECAR)], [], now())
    assert status.state == expected
    assert status.warnings[0] == f"container main has terminated; pod {JOB}-4xk2p is kept running by istio-proxy"
    assert status.ended_at == (START + timedelta(seconds=60) if status.state.is_terminal else None)


def test_a_disrupted_pod_is_replaced_even_without_retries() -> None:
    disrupted = [condition("DisruptionTarget", "EvictionByEvictionAPI", seconds=50)]
    held = pod(terminated(143), "Running", others=SIDECAR, conditions=disrupted, deleted=80)
    assert state(job(active=1), held) is State.RUNNING


def test_a_success_stays_one_when_the_sidecar_takes_the_pod_to_its_deadline() -> None:
    over = pod(DONE, reason="DeadlineExceeded", others={"istio-proxy": terminated(137, finished=7_231)})
    status = run_status(job(failed(), failed=1), [over], [], now(8_000))
    assert (status.state, status.cause) == (State.SUCCESS, None)
    assert status.warnings == (
        "the Job is Failed (BackoffLimitExceeded), but container main had exited with code 0 before",
    )


def test_a_success_stays_one_when_kubernetes_retries_it_for_the_sidecars_sake() -> None:
    over = pod(DONE, reason="DeadlineExceeded", others={"istio-proxy": terminated(137, finished=7_231)})
    again = pod(running(7_300), "Running", uid="pod-2", name=f"{JOB}-b0b0b", created=7_300)
    status = run_status(job(failed=1, active=1, backoff_limit=1), [over, again], [], now(8_000))
    assert status.state is State.SUCCESS
    assert status.warnings == (f"pod {JOB}-b0b0b has not terminated",)


@pytest.mark.parametrize(
    "stopped",
    [
        pod(terminated(0, finished=7_200), reason="DeadlineExceeded", others=SIDECAR),
        pod(terminated(0), reason="DeadlineExceeded", others=SIDECAR, deadline=None),
        pod(terminated(0, finished=50), others=SIDECAR, deleted=80),
        pod(terminated(0), others=SIDECAR, reason="Evicted"),
        pod(terminated(0), others=SIDECAR, conditions=[condition("DisruptionTarget", seconds=55)]),
    ],
    ids=["deadline", "deadline, time unknown", "deleted", "evicted", "disrupted"],
)
def test_an_exit_code_0_after_it_was_told_to_stop_is_no_success(stopped: Obj) -> None:
    assert state(job(failed()), stopped) is State.FAILED


@pytest.mark.parametrize(
    ("deleted", "phase", "expected"),
    [
        (600 - LOST_AFTER.total_seconds() - 1, "Running", "failed"),
        (600 - LOST_AFTER.total_seconds(), "Running", "running"),
        (None, "Running", "running"),
        (100, "Failed", "running"),
    ],
    ids=["long past its grace", "not long enough", "not deleted", "over, held by the Job controller's finalizer"],
)
def test_a_pod_on_a_lost_node_counts_as_over_long_past_its_grace(
    deleted: float | None, phase: str, expected: str
) -> None:
    status = run_status(job(ENDING, active=1), [pod(running(), phase, deleted=deleted)], [], now(600))
    assert status.state == expected
    if expected == "failed":
        assert status.cause is not None
        assert status.cause.code == "NodeLost"
        assert "the container may still be running" in status.cause.hint
        assert status.warnings == (f"pod {JOB}-4xk2p has not terminated",)


def test_without_failure_target_a_pod_past_its_grace_is_waited_for() -> None:
    assert state(job(active=1), pod(running(), "Running", deleted=1), seconds=100_000) is State.RUNNING


@pytest.mark.parametrize(
    ("labels", "annotations", "trigger", "run_id"),
    [
        ({"app.kubernetes.io/run-id": RUN_ID}, {}, Trigger.MANUAL, RUN_ID),
        ({}, SCHEDULED, Trigger.SCHEDULED, JOB_UID),
        ({}, {"cronjob.kubernetes.io/instantiate": "manual"}, Trigger.BY_HAND, JOB_UID),
        ({}, {}, Trigger.BY_HAND, JOB_UID),
    ],
    ids=["ours", "scheduled", "kubectl create job --from", "kubectl create -f"],
)
def test_who_made_a_run_and_what_its_id_is(labels: Obj, annotations: Obj, trigger: Trigger, run_id: str) -> None:
    status = run_status(job(labels=labels, annotations=annotations), [], [], now())
    assert (status.trigger, status.run_id) == (trigger, run_id)
    assert status.scheduled_at == (START if trigger is Trigger.SCHEDULED else None)


def test_an_attempt_tells_what_the_launcher_and_the_kubelet_know() -> None:
    words = last_words(exitCode=0, durationSeconds=55.5)
    status = run_status(job(complete()), [pod(terminated(0, "Completed", words), "Succeeded")], [], now())
    assert [attempt.as_dict() for attempt in status.attempts] == [
        {
            "name": f"{JOB}-4xk2p",
            "state": "success",
            "cause": None,
            "exitCode": 0,
            "startedAt": "2025-06-01T12:00:03Z",
            "endedAt": "2025-06-01T12:01:00Z",
            "durationSeconds": 55.5,
            "peakMemoryBytes": 503 * 2**20,
            "documentSha256": SHA,
            "node": "node-1",
        }
    ]


def test_the_duration_of_an_attempt_that_was_killed_is_that_of_its_container() -> None:
    words = last_words(durationSeconds=30.0)  # as last refreshed; without exitCode it was not completed
    (attempt,) = run_status(job(failed()), [pod(terminated(137, "OOMKilled", words))], [], now()).attempts
    assert attempt.duration_seconds == 57.0


@pytest.mark.parametrize("message", ["", "not JSON", "[1, 2]", '{"peakMemoryBytes": "much", "cause": 7}', "[" * 4_000])
def test_a_termination_message_of_any_kind_is_lived_with(message: str) -> None:
    (attempt,) = run_status(job(failed()), [pod(terminated(1, message=message))], [], now()).attempts
    assert (attempt.exit_code, attempt.peak_memory_bytes, attempt.document_sha256) == (1, None, None)


def test_times_of_a_run() -> None:
    attempts = [
        pod(terminated(1, started=4, finished=9), created=0),
        pod(terminated(0, "Completed", started=24, finished=58), "Succeeded", uid="pod-2", created=20),
    ]
    status = run_status(job(complete(60), backoff_limit=1, failed=1), attempts, [], now())
    seconds = [
        (moment - START).total_seconds() for moment in (status.created_at, status.started_at, status.ended_at) if moment
    ]
    assert seconds == [0, 4, 60]


def test_a_run_whose_pods_are_gone_started_when_its_job_did_and_a_queued_one_not_at_all() -> None:
    assert run_status(job(failed()), [], [], now()).started_at == START
    assert run_status(job(), [], [], now()).started_at is None


def test_pods_of_another_job_are_passed_over() -> None:
    stranger = pod(running(), "Running")
    stranger["metadata"]["labels"]["batch.kubernetes.io/controller-uid"] = "another"
    assert run_status(job(), [stranger], [], now()).attempts == ()


def test_what_a_person_should_know_is_a_warning() -> None:
    words = [last_words(documentSha256="old"), last_words(documentSha256="new")]
    pods = [
        pod(terminated(1, message=words[0])),
        pod(terminated(0, "Completed", words[1]), "Succeeded", uid="pod-2", created=100),
    ]
    status = run_status(job(complete(), annotations=KILLED, backoff_limit=1), pods, [], now())
    assert status.killed_by == "anna"
    assert status.warnings == (
        "killed by anna, but it had already succeeded",
        "its attempts used different versions of the workflow document",
    )


SKIPPED = last_words(skipped="the schedule ended at 2025-06-01T12:01:30Z", exitCode=0)


@pytest.mark.parametrize(
    ("job_", "retry"),
    [
        (job(complete(), backoff_limit=2, failed=1), terminated(0, "Completed", SKIPPED)),
        (job(active=1, backoff_limit=2, failed=1), terminated(0, "Completed", SKIPPED)),
        (job(failed(), annotations={"k8s-pipeline/succeeded-at": at(60)}, failed=2), terminated(0, "", SKIPPED)),
    ],
    ids=["complete", "a sidecar keeps it alive", "its sidecars were ended"],
)
def test_a_failed_run_whose_retry_came_after_the_schedules_end_has_failed(job_: Obj, retry: Obj) -> None:
    others = SIDECAR if "active" in job_["status"] else {}
    first = pod(terminated(1, message=last_words("ValueError: no such table")))
    second = pod(retry, "Running" if others else "Succeeded", uid="pod-2", created=100, others=others)
    status = run_status(job_, [first, second], [], now())

    assert (status.state, status.ended_at) == (State.FAILED, START + timedelta(seconds=60))
    assert status.cause is not None
    assert status.cause.code == CauseCode.EXIT_CODE
    assert "ValueError: no such table" in status.cause.summary
    assert "not retried: the schedule ended at 2025-06-01T12:01:30Z" in status.cause.summary
    assert not any("nothing was ingested" in warning for warning in status.warnings)


def test_a_failure_before_the_schedules_end_counts_when_its_pod_is_gone_too() -> None:
    retry = pod(terminated(0, "Completed", SKIPPED), "Succeeded", uid="pod-2", created=100)
    status = run_status(job(complete(), backoff_limit=2, failed=1), [retry], [], now())
    assert (status.state, status.cause and status.cause.code) == (State.FAILED, CauseCode.UNKNOWN)


@pytest.mark.parametrize(
    ("job_", "phase", "reason"),
    [
        (job(complete()), "Succeeded", ""),
        (job(failed(), annotations={"k8s-pipeline/succeeded-at": at(60)}, failed=1), "Failed", "DeadlineExceeded"),
    ],
    ids=["complete", "its sidecars were ended"],
)
def test_a_run_that_was_never_to_do_anything_is_a_success_that_says_so(job_: Obj, phase: str, reason: str) -> None:
    only = pod(terminated(0, "Completed", SKIPPED), phase, reason=reason)
    status = run_status(job_, [only], [], now())
    assert (status.state, status.cause) == (State.SUCCESS, None)
    assert "nothing was ingested: the schedule ended at 2025-06-01T12:01:30Z" in status.warnings


def test_a_job_that_is_being_deleted_is_a_warning() -> None:
    going = job(active=1)
    going["metadata"]["deletionTimestamp"] = START.isoformat()
    assert run_status(going, [pod(running(), "Running")], [], now()).warnings == ("the Job is being deleted",)


def test_the_shape_of_a_runs_json_is_stable() -> None:
    lost = pod(terminated(137, "OOMKilled", last_words()))
    shown = run_status(job(failed(), annotations=KILLED), [lost], [], now()).as_dict()
    assert list(shown.pop("attempts")[0]["cause"]) == ["code", "summary", "detail", "hint"]
    assert shown == {
        "runId": RUN_ID,
        "jobName": JOB,
        "state": "failed",
        "trigger": "manual",
        "cause": {
            "code": "OOMKilled",
            "summary": "The container exceeded its memory limit of 512Mi and was killed (OOMKilled, exit code 137)",
            "detail": "",
            "hint": "raise resources.limits.memory; last known peak: 503 MiB",
        },
        "scheduledAt": None,
        "createdAt": "2025-06-01T12:00:00Z",
        "startedAt": "2025-06-01T12:00:03Z",
        "endedAt": "2025-06-01T12:05:00Z",
        "peakMemoryBytes": 527433728,
        "memoryLimit": None,
        "killedBy": "anna",
        "warnings": [],
        "namespace": "om",
        "oneShot": False,
        "retry": None,
    }


def test_a_cause_in_one_line_has_its_hint() -> None:
    assert str(Cause(CauseCode.HELD, "It is held", hint="let it go")) == "It is held — let it go"
    assert str(Cause(CauseCode.UNKNOWN, "It failed")) == "It failed"


def test_a_job_that_was_let_go_a_moment_ago_is_not_held() -> None:
    found = run_status(job([condition("Suspended")], suspend=False), [], [], now(1))
    assert (found.state, found.cause) == (State.QUEUED, None)
