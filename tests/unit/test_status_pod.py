"""What is read of a pod: each field from its own place, which container is main, and whether it ended by itself."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from k8s_pipeline_client.status import main_container, run_status
from k8s_pipeline_client.status.asked import Asked
from k8s_pipeline_client.status.events import read_events
from k8s_pipeline_client.status.pod import (
    Condition,
    Container,
    End,
    LastWords,
    Pod,
    read_conditions,
    read_last_words,
    read_pod,
)

from .status_cases.build import Obj, at, condition, event, job, now, pod, running, terminated, waiting

WORDS = {
    "cause": "ValueError: x",
    "lastError": "no such table",
    "peakMemoryBytes": 77,
    "durationSeconds": 5.5,
    "exitCode": 1,
    "documentSha256": "abc",
    "skipped": "too late",
}


def whole() -> Obj:
    """A pod in which no two fields are alike."""
    end = {
        "exitCode": 3,
        "reason": "Error",
        "message": json.dumps(WORDS),
        "startedAt": at(11),
        "finishedAt": at(12),
    }
    return {
        "metadata": {
            "name": "the-pod",
            "uid": "the-uid",
            "creationTimestamp": at(1),
            "deletionTimestamp": at(9),
            "deletionGracePeriodSeconds": 31,
        },
        "spec": {
            "nodeName": "node-1",
            "activeDeadlineSeconds": 7200,
            "terminationGracePeriodSeconds": 32,
            "imagePullSecrets": [{"name": "regcred"}],
            "containers": [
                {"name": "proxy", "image": "a/proxy:1"},
                {"name": "main", "image": "the/image:1", "resources": {"limits": {"memory": "2Gi"}}},
            ],
            "initContainers": [{"name": "prepare", "image": "an/init:1"}],
            "volumes": [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": {}}}],
        },
        "status": {
            "phase": "Failed",
            "reason": "Evicted",
            "message": "low on memory",
            "startTime": at(2),
            "conditions": [condition("Ready", "PodFailed", "over", 8, "False")],
            "containerStatuses": [
                {"name": "main", "image": "sha256:1", "state": {"terminated": end}},
                {"name": "proxy", "image": "sha256:2", "state": {"running": {"startedAt": at(4)}}},
                {"name": "injected", "image": "an/agent:1", "state": waiting("ErrImagePull", "denied")},
            ],
            "initContainerStatuses": [{"name": "prepare", "state": terminated(0, "Completed", started=5, finished=6)}],
        },
    }


def test_every_field_of_a_pod_is_read_from_its_own_place() -> None:
    claim = {"kind": "PersistentVolumeClaim", "name": "the-pod-scratch", "uid": "claim"}
    events = read_events([event("Killing", "", about="the-uid"), event("Bound", "", involvedObject=claim)])
    assert read_pod(whole(), events) == Pod(
        name="the-pod",
        uid="the-uid",
        node="node-1",
        phase="Failed",
        reason="Evicted",
        message="low on memory",
        main=Container(
            "main",
            image="the/image:1",
            memory_limit="2Gi",
            end=End(3, "Error", json.dumps(WORDS), now(11), now(12)),
        ),
        others=(
            Container("proxy", image="a/proxy:1", running_since=now(4), is_running=True),
            Container("injected", image="an/agent:1", waiting_reason="ErrImagePull", waiting_message="denied"),
        ),
        inits=(Container("prepare", image="an/init:1", end=End(0, "Completed", "", now(5), now(6))),),
        conditions={"Ready": Condition("False", "PodFailed", "over", now(8))},
        deadline=timedelta(seconds=7200),
        grace=timedelta(seconds=32),
        created_at=now(1),
        started_at=now(2),
        deleted_by=now(9),
        deletion_grace=timedelta(seconds=31),
        last_words=LastWords("ValueError: x", "no such table", 77, 5.5, "abc", "too late"),
        events=events[:1],
        asked=Asked(image="the/image:1", claims=("the-pod-scratch",), pull_secrets=("regcred",)),
        claim_events=events[1:],
    )


def test_a_pod_that_says_nothing_has_a_container_main_of_which_nothing_is_known() -> None:
    assert read_pod({}, ()) == Pod("", "", "", "", "", "", main=Container("main"))


def test_conditions_are_found_by_type_and_one_without_a_type_does_no_harm() -> None:
    raw = {"status": {"conditions": [condition("Ready", "r", "m", 4), {}, "x"]}}
    assert read_conditions(raw) == {"Ready": Condition("True", "r", "m", now(4)), "": Condition("", "", "", None)}
    assert read_conditions({}) == {}


@pytest.mark.parametrize(
    ("message", "read"),
    [
        (WORDS, LastWords("ValueError: x", "no such table", 77, 5.5, "abc", "too late")),
        ({**WORDS, "durationSeconds": 3}, LastWords("ValueError: x", "no such table", 77, 3.0, "abc", "too late")),
        ({"durationSeconds": 5.5}, LastWords()),
        ({"documentSha256": "", "peakMemoryBytes": 1.5, "exitCode": None}, LastWords()),
        ([], None),
        ("text", None),
        (None, None),
    ],
    ids=["whole", "whole seconds", "not completed", "odd values", "a list", "a text", "null"],
)
def test_what_the_launcher_left_behind(message: object, read: LastWords | None) -> None:
    assert read_last_words(json.dumps(message)) == read


@pytest.mark.parametrize("message", ["", "{", "[" * 100_000], ids=["empty", "cut", "too deep"])
def test_a_message_that_is_not_the_launchers(message: str) -> None:
    assert read_last_words(message) is None


def named(*names: str, **states: Obj) -> Obj:
    """A pod with containers of these names in its spec, and states of some."""
    statuses = [{"name": name, "state": state} for name, state in states.items()]
    return {"spec": {"containers": [{"name": name} for name in names]}, "status": {"containerStatuses": statuses}}


@pytest.mark.parametrize(
    ("raw", "main", "others"),
    [
        (named("main", "proxy"), "main", ["proxy"]),
        (named("proxy", "main"), "main", ["proxy"]),
        (named("ingest"), "ingest", []),
        (named("ingest", "proxy"), "main", ["ingest", "proxy"]),
        (named(main=running(), proxy=running()), "main", ["proxy"]),
        ({}, "main", []),
    ],
    ids=["first", "second", "the only one, of another name", "none of that name", "in the status alone", "none"],
)
def test_which_container_is_main(raw: Obj, main: str, others: list[str]) -> None:
    read = read_pod(raw, ())
    assert (read.main.name, [other.name for other in read.others]) == (main, others)
    assert main_container(raw) == read.main


@pytest.mark.parametrize(
    ("states", "code", "is_running"),
    [
        ({"state": running(5), "lastState": terminated(3)}, None, True),
        ({"state": {"running": {}}, "lastState": terminated(3)}, None, True),
        ({"state": terminated(4), "lastState": terminated(3)}, 4, False),
        ({"state": waiting("CrashLoopBackOff"), "lastState": terminated(3)}, 3, False),
        ({"state": waiting("ContainerCreating"), "lastState": {}}, None, False),
        ({"state": terminated(137, "ContainerStatusUnknown")}, None, False),
    ],
    ids=["again", "since when is not known", "twice", "backing off", "not yet", "the node does not know"],
)
def test_the_end_of_a_container_is_its_newest_and_none_while_it_runs(
    states: Obj, code: int | None, is_running: bool
) -> None:
    main = main_container({"status": {"containerStatuses": [{"name": "main", **states}]}})
    assert (main.exit_code, main.is_running) == (code, is_running)


@pytest.mark.parametrize(
    ("state", "started", "has_run"),
    [
        (running(5), 5, True),
        (terminated(1, started=6), 6, True),
        (terminated(128, "StartError", started=None), None, False),
        (waiting("ContainerCreating"), None, False),
    ],
)
def test_when_a_container_started_if_it_ever_did(state: Obj, started: int | None, has_run: bool) -> None:
    main = main_container(named("main", main=state))
    assert (main.started_at, main.has_run) == (None if started is None else now(started), has_run)


def ended(finished: float | None = 60, started: float | None = 3, **facts: Any) -> Pod:
    """A pod whose main ended; ``facts`` are the pod's."""
    end = End(0, "", "", None if started is None else now(started), None if finished is None else now(finished))
    return Pod("p", "u", "n", "Failed", facts.pop("reason", ""), "", main=Container("main", end=end), **facts)


def beside(*seconds: float | None) -> tuple[Container, ...]:
    """Containers that ended then, or run."""
    return tuple(
        Container("other", is_running=True)
        if second is None
        else Container("other", end=End(0, "", "", None, now(second)))
        for second in seconds
    )


GRACE = timedelta(seconds=30)
DISRUPTED = {"DisruptionTarget": Condition("True", "EvictionByEvictionAPI", "", now(61))}
DEADLINE: Any = {"reason": "DeadlineExceeded", "started_at": now(0)}
BY_ITSELF = {
    "nothing happened to it": ended(),
    "before its deadline": ended(**DEADLINE, deadline=timedelta(seconds=61)),
    "of a deadline that was not reached": ended(started_at=now(0), deadline=timedelta(seconds=1)),
    "before it was deleted": ended(deleted_by=now(91), deletion_grace=GRACE),
    "before it was disrupted": ended(conditions=DISRUPTED),
    "before it was disrupted, which tells more exactly than its sidecars": ended(
        conditions=DISRUPTED, reason="Evicted", others=beside(50), grace=GRACE
    ),
    "of a disruption that did not come": ended(
        conditions={"DisruptionTarget": Condition("False", "", "", now(1))},
    ),
    "before the sidecar of an evicted pod had to end": ended(reason="Evicted", others=beside(91), grace=GRACE),
    "before the last of them had to": ended(reason="NodeLost", others=beside(40, 91, None), grace=GRACE),
    "before a native sidecar had to": ended(reason="Terminated", inits=beside(91), others=beside(40), grace=GRACE),
    "before the deadline and the deletion": ended(
        **DEADLINE, deadline=timedelta(seconds=70), deleted_by=now(100), deletion_grace=GRACE
    ),
}
STOPPED = {
    "at its deadline": ended(**DEADLINE, deadline=timedelta(seconds=60)),
    "at a deadline whose beginning is not known": ended(reason="DeadlineExceeded", deadline=timedelta(seconds=61)),
    "at a deadline that is not known": ended(**DEADLINE),
    "when it was deleted": ended(deleted_by=now(90), deletion_grace=GRACE),
    "when it was deleted, with a grace that is not known": ended(deleted_by=now(91)),
    "when it was disrupted": ended(61, conditions=DISRUPTED),
    "when it was disrupted, at a time that is not known": ended(
        conditions={"DisruptionTarget": Condition("True", "", "", None)}
    ),
    "when it was evicted": ended(reason="Evicted", others=beside(90), grace=GRACE),
    "with a grace that is not known": ended(reason="Evicted", others=beside(91)),
    "with sidecars that still run": ended(reason="Evicted", others=beside(None), grace=GRACE),
    "without sidecars that would tell": ended(reason="NodeLost", grace=GRACE),
    "by the shutdown of its node": ended(reason="Terminated", others=beside(90), grace=GRACE),
    "before the deadline, and after the deletion": ended(
        **DEADLINE, deadline=timedelta(seconds=70), deleted_by=now(80), deletion_grace=GRACE
    ),
    "and it never started": ended(started=None),
    "at a time that is not known": ended(None),
    "not at all": Pod("p", "u", "n", "Running", "", "", main=Container("main", is_running=True)),
}


@pytest.mark.parametrize("name", BY_ITSELF)
def test_main_ended_by_itself(name: str) -> None:
    assert BY_ITSELF[name].main_ended_by_itself


@pytest.mark.parametrize("name", STOPPED)
def test_main_was_stopped(name: str) -> None:
    assert not STOPPED[name].main_ended_by_itself


@pytest.mark.parametrize(
    ("phase", "state", "has_started"),
    [
        ("Succeeded", None, True),
        ("Succeeded", waiting("ContainerCreating"), True),
        ("Running", None, True),
        ("Running", waiting("ContainerCreating"), False),
        ("Running", terminated(128, "StartError", started=None), False),
        ("Running", terminated(1), True),
        ("Pending", running(), True),
        ("Pending", None, False),
        ("Failed", None, False),
        ("Unknown", None, False),
    ],
)
def test_whether_main_has_started(phase: str, state: Obj | None, has_started: bool) -> None:
    assert read_pod(pod(state, phase), ()).has_started is has_started


@pytest.mark.parametrize(
    ("phase", "is_over"),
    [("Succeeded", True), ("Failed", True), ("Running", False), ("Pending", False), ("Unknown", False), ("", False)],
)
def test_in_which_phases_a_pod_is_over(phase: str, is_over: bool) -> None:
    assert read_pod(pod(None, phase), ()).is_over is is_over


@pytest.mark.parametrize(
    ("more", "has_sidecars"),
    [({}, False), ({"others": {"proxy": running()}}, True), ({"inits": {"proxy": running()}}, True)],
)
def test_native_sidecars_are_sidecars_too(more: Any, has_sidecars: bool) -> None:
    assert read_pod(pod(running(), "Running", **more), ()).has_sidecars is has_sidecars


def test_a_container_with_its_last_end_and_a_new_start_is_running() -> None:
    again = pod(running(70), "Running", last_state=terminated(1))
    (attempt,) = run_status(job(active=1), [again], [], now()).attempts
    assert (attempt.state, attempt.exit_code, attempt.started_at) == ("running", None, now(70))
