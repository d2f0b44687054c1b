"""What a run that failed, or does not start, says about itself: one row per thing that can go wrong."""

from __future__ import annotations

import json

import pytest

from k8s_pipeline_client.status import CauseCode, State, run_status

from .status_cases.build import (
    JOB,
    KILLED,
    Obj,
    complete,
    condition,
    event,
    failed,
    job,
    now,
    pod,
    running,
    terminated,
    waiting,
)
from .status_cases.case import GONE, QUOTA, Case, check
from .status_cases.denied import DENIED
from .status_cases.ended import ATTEMPTS, ENDED
from .status_cases.images import IMAGES
from .status_cases.logs import LOGS
from .status_cases.needs import NEEDS
from .status_cases.rare import RARE
from .status_cases.traces import TRACES
from .status_cases.waits import WAITS, active, pending
from .status_cases.weighed import ENDED_BY_KILL, SUCCEEDED_BEFORE, SUCCEEDED_WITHOUT, WEIGHED


def ids(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("case", [*ENDED, *ATTEMPTS, *IMAGES, *WEIGHED, *TRACES, *RARE], ids=ids)
def test_a_failed_run_says_why(case: Case) -> None:
    check(case, State.FAILED)


@pytest.mark.parametrize("case", [*WAITS, *NEEDS, *DENIED], ids=ids)
def test_a_queued_run_says_what_it_waits_for(case: Case) -> None:
    check(case, State.QUEUED)


# A held Job has no deadline, and a killed one is among those that ended.
TIMED = [case for case in (*WAITS, *NEEDS, *DENIED) if not case.job["spec"]["suspend"] and case.code != "Killed"]


@pytest.mark.parametrize("case", TIMED, ids=ids)
def test_a_run_that_was_ended_while_it_waited_says_both(case: Case) -> None:
    """The same faults, seen when the Job has reached its deadline; its pod may be late to go."""
    over = {**case.job, "status": job(failed("DeadlineExceeded"))["status"]}
    cause = run_status(over, case.pods, case.events, now()).cause
    assert cause is not None
    assert cause.code == case.code
    assert "Job's deadline of 2 h 15 min 30 s before it started: " in cause.summary
    assert case.detail in cause.detail


@pytest.mark.parametrize(
    ("state", "events"),
    [
        (waiting("ContainerCreating"), []),
        (waiting("PodInitializing"), []),
        (
            waiting("ContainerCreating"),
            [
                event(
                    "FailedMount",
                    "MountVolume.SetUp failed: failed to sync secret cache: timed out",
                    about="pod-1",
                )
            ],
        ),
        (
            waiting("ContainerCreating"),
            [
                event("FailedMount", 'secret "om-x" not found', about="pod-1", seconds=2),
                event("Pulling", "Pulling image", about="pod-1", seconds=5),
            ],
        ),
    ],
    ids=["creating", "init", "secret cache, passing", "mount that worked in the end"],
)
def test_a_start_that_goes_its_way_has_no_cause(state: Obj, events: list[Obj]) -> None:
    status = run_status(active(), pending(state), events, now())
    assert (status.state, status.cause) == (State.QUEUED, None)


@pytest.mark.parametrize("reason", ["Pulling", "Pulled", "Created", "Started"])
def test_a_mount_that_failed_before_the_kubelet_went_on_has_worked_in_the_end(reason: str) -> None:
    about = {"kind": "Pod", "name": "x", "uid": "pod-1", "fieldPath": "spec.initContainers{prepare}"}
    events = [
        event("FailedMount", 'secret "om-x" not found', about="pod-1", seconds=2),
        event(reason, "", involvedObject=about, seconds=5),
    ]
    assert run_status(active(), pending(waiting("PodInitializing")), events, now()).cause is None


def test_a_pod_that_has_a_node_does_not_wait_for_its_scheduler() -> None:
    placed = pending(waiting("ContainerCreating"))
    placed[0]["spec"]["schedulerName"] = "volcano"
    assert run_status(active(), placed, [], now()).cause is None
    del placed[0]["spec"]["nodeName"]
    assert run_status(active(), placed, [], now()).cause is not None


@pytest.mark.parametrize(("status", "reason"), [("True", ""), ("Unknown", "Unschedulable"), ("False", "Waiting")])
def test_a_pod_of_which_the_scheduler_says_nothing_bad_has_no_cause(status: str, reason: str) -> None:
    told = pending(None, conditions=[condition("PodScheduled", reason, "…", status=status)])
    assert run_status(active(), told, [], now()).cause is None


@pytest.mark.parametrize(
    ("state", "events"),
    [
        (waiting("CreateContainerConfigError", 'secret "x" not found'), []),
        (waiting("ContainerCreating"), [event("FailedMount", 'secret "x" not found', about="pod-1")]),
    ],
    ids=["environment", "volume"],
)
def test_a_run_that_waits_for_an_object_is_said_to_start_by_itself_but_not_one_that_has_ended(
    state: Obj, events: list[Obj]
) -> None:
    still = run_status(active(), pending(state), events, now()).cause
    ended = run_status(job(failed("DeadlineExceeded")), pending(state), events, now()).cause
    assert still is not None
    assert ended is not None
    assert still.hint == f"{ended.hint}; the kubelet looks again within about two minutes, and the run starts then"

    marks = {**KILLED, "k8s-pipeline/killed-because": json.dumps(still.as_dict())}
    killed = run_status(job(failed("DeadlineExceeded"), annotations=marks), [], [], now()).cause
    assert killed is not None
    assert killed.hint == ended.hint


def test_a_run_that_is_running_has_no_cause_whatever_its_start_was_like() -> None:
    events = [event("FailedMount", 'secret "om-x" not found', about="pod-1")]
    assert run_status(job(active=1), [pod(running(), "Running")], events, now()).cause is None


def test_a_refusal_that_has_passed_is_no_cause() -> None:
    events = [
        event("SuccessfulCreate", f"Created pod: {JOB}-4xk2p", seconds=30),
        event("FailedCreate", QUOTA, seconds=20),
    ]
    assert run_status(job(), [], events, now()).cause is None


def test_every_code_is_explained_in_one_table() -> None:
    table = CauseCode.__doc__ or ""
    assert [code.value for code in CauseCode if f"\n    {code.value} " not in table] == []


def test_every_code_has_a_case() -> None:
    shown = {case.code for case in (*ENDED, *ATTEMPTS, *WAITS)} | {log.code for log in LOGS}
    elsewhere = {"JobDeleted", "SlowStart", "Missed"}  # test_status_gone, test_diagnosis, test_reporter_missed
    assert {code.value for code in CauseCode} - shown == elsewhere


@pytest.mark.parametrize(
    ("events", "code", "words"),
    [
        ([("ErrImageNeverPull", "not present with pull policy of Never")], "ImagePull", "(ErrImageNeverPull)"),
        ([("InspectFailed", "invalid reference format")], "ImagePull", "(InvalidImageName)"),
        ([("Failed", "Failed to pull image: denied")], "ImagePull", "(ErrImagePull)"),
        ([("Failed", "Error: ImagePullBackOff")], "ImagePull", "(ImagePullBackOff)"),
        ([("Failed", 'Error: secret "om-x" not found')], "ConfigMissing", 'needs the Secret "om-x"'),
        ([("Failed", 'Error: exec: "om": executable file not found in $PATH')], "StartError", "cannot be created"),
        (
            [("BackOff", "Back-off pulling image"), ("DeadlineExceeded", "Pod was active …")],
            "ImagePull",
            "The run exceeded its deadline before it started: the image",
        ),
        ([("Started", ""), ("DeadlineExceeded", "Pod was active …")], "DeadlineExceeded", "exceeded its deadline"),
        ([("Started", ""), ("Killing", "Stopping container main")], "PodDeleted", "was deleted while it was running"),
        ([("Preempted", ""), ("Killing", "Stopping container main")], "Preempted", "of higher priority"),
        ([("TaintManagerEviction", "Marking for deletion")], "NodeLost", "a taint of its node"),
        ([("Started", "")], "BackoffLimitExceeded", "its pods are gone, so the reason is unknown"),
    ],
)
def test_events_tell_what_became_of_a_pod_that_is_gone(events: list[tuple[str, str]], code: str, words: str) -> None:
    left = [event(*one, about=GONE, seconds=second) for second, one in enumerate(events)]
    cause = run_status(job(failed(), failed=1), [], left, now()).cause
    assert cause is not None
    assert (cause.code, words in cause.summary) == (code, True), cause.summary


def test_a_run_that_went_on_without_a_child_that_was_killed_has_succeeded_with_a_warning() -> None:
    status = run_status(job(complete()), [SUCCEEDED_WITHOUT], [], now())

    assert (status.state, status.cause) == (State.SUCCESS, None)
    (warning,) = status.warnings
    assert warning.startswith("a process of the run was killed for memory (OOMKilled, limit 512Mi)")
    assert "raise resources.limits.memory" in warning


def test_a_run_that_had_succeeded_before_its_sidecar_had_the_pod_evicted_stays_a_success() -> None:
    assert run_status(job(failed(), failed=1), [SUCCEEDED_BEFORE], [], now()).state is State.SUCCESS


@pytest.mark.parametrize("ended", ENDED_BY_KILL, ids=["SIGTERM obeyed", "SIGTERM ignored"])
def test_the_attempt_of_a_killed_run_was_not_just_deleted(ended: Obj) -> None:
    (attempt,) = run_status(job(failed("DeadlineExceeded"), annotations=KILLED), [ended], [], now()).attempts

    assert attempt.cause is not None
    assert (attempt.cause.code, attempt.cause.summary) == (
        "Killed",
        "The attempt was killed by anna",
    )


@pytest.mark.parametrize(
    ("moments", "is_killed"),
    [
        ({"FailureTarget": 10, "Failed": 130}, False),
        ({"FailureTarget": 101, "Failed": 130}, True),
        ({"Failed": 10}, False),
        ({"Failed": 94}, False),
        ({"Failed": 95}, True),
        ({"Failed": 101}, True),
    ],
)
def test_a_run_that_was_on_its_way_to_its_end_when_it_was_killed_failed_by_itself(
    moments: dict[str, int], is_killed: bool
) -> None:
    """It was asked for at 100."""
    words = ("DeadlineExceeded", "Job was active longer than specified deadline")
    conditions = [condition(name, *words, seconds) for name, seconds in moments.items()]
    cause = run_status(job(conditions, annotations=KILLED), [], [], now()).cause
    assert cause is not None
    assert (cause.code == "Killed") is is_killed


@pytest.mark.parametrize(("reason", "phase"), [("NodeLost", "Failed"), ("", "Unknown")])
def test_a_node_that_is_lost_shows_in_the_reason_or_in_the_phase(reason: str, phase: str) -> None:
    found = run_status(job(failed()), [pod(running(), phase, reason=reason)], [], now()).cause
    assert found is not None
    assert found.code == "NodeLost"


def test_no_killed_run_is_told_by_the_deadline_that_carries_the_kill_out() -> None:
    killed = [case for case in (*ENDED, *WEIGHED) if case.code == "Killed"]
    causes = [run_status(case.job, case.pods, case.events, now()).cause for case in killed]

    assert len(causes) > 3
    assert [cause for cause in causes if "deadline" in str(cause) + (cause.detail if cause else "")] == []


def test_when_both_deadlines_pass_the_pods_own_tells() -> None:
    late = pod(terminated(143, finished=7_201), reason="DeadlineExceeded")
    cause = run_status(job(failed("DeadlineExceeded")), [late], [], now()).cause
    assert cause is not None
    assert cause.summary == "The run exceeded its deadline of 2 h"


def test_a_refused_retry_is_said_while_the_run_goes_on() -> None:
    status = run_status(
        job(backoff_limit=1, failed=1), [pod(terminated(1))], [event("FailedCreate", QUOTA, seconds=90)], now()
    )
    assert (status.state, status.cause.code if status.cause else None) == (State.RUNNING, "QuotaExceeded")
