"""Runs that failed in ways that are seldom seen: by lost nodes, with little left to tell, or in two ways at once."""

from __future__ import annotations

from typing import Any

from .build import (
    JOB,
    KILLED,
    Obj,
    complete,
    condition,
    event,
    failed,
    job,
    last_words,
    pod,
    running,
    terminated,
    waiting,
)
from .case import GONE, NO_NODE, QUOTA, Case


def _on(node: str, its: Obj) -> Obj:
    its["spec"]["nodeName"] = node
    return its


def _second(state: Obj | None, phase: str = "Failed", **more: Any) -> Obj:
    return pod(state, phase, uid="pod-2", name=f"{JOB}-b0b0b", created=100, **more)


def _asking(its: Obj, **spec: Any) -> Obj:
    its["spec"]["template"]["spec"] |= spec
    return its


def _without_deadline() -> Obj:
    its = job(failed("DeadlineExceeded"))
    del its["spec"]["activeDeadlineSeconds"]
    return its


_ENDING = [condition("FailureTarget", "DeadlineExceeded", "Job was active longer than specified deadline")]
_DRAINED = [condition("DisruptionTarget", "EvictionByEvictionAPI", "Eviction API: evicting", 50)]

GONE_PODS: list[tuple[str, str, list[tuple[str, str]]]] = [
    ("preempted", "Preempted", [("Started", ""), ("Preempted", "by pod x"), ("Killing", "Stopping container main")]),
    ("preempted by the kubelet", "Preempted", [("Preempting", "for a critical pod")]),
    ("a taint", "NodeLost", [("TaintManagerEviction", "Marking for deletion")]),
    ("a node that was not ready", "NodeLost", [("NodeNotReady", "Node is not ready")]),
    ("its own deadline in mid-run", "DeadlineExceeded", [("Started", ""), ("DeadlineExceeded", "Pod was active")]),
    ("its own deadline while it pulled", "ImagePull", [("Pulling", "Pulling image"), ("DeadlineExceeded", "Pod")]),
    ("deleted in mid-run", "PodDeleted", [("Started", ""), ("Killing", "Stopping container main")]),
    ("nothing but its start", "BackoffLimitExceeded", [("Started", "")]),
]
"""What their events say of pods that are gone."""


def _left(name: str, code: str, *told: tuple[str, str]) -> Case:
    events = [event(*one, about=GONE, seconds=second) for second, one in enumerate(told)]
    return Case(f"its pod is gone: {name}", code, events=events, job=job(failed(), failed=1))


RARE = [
    Case(
        "the node does not confirm that its container has terminated",
        "NodeLost",
        [pod(running(), "Running", deleted=1)],
        job=job(_ENDING, active=1),
        detail="Job was active longer",
    ),
    Case(
        "the node of the second of two attempts does not",
        "NodeLost",
        [
            _on("node-1", pod(terminated(1), deleted=1)),
            _on("node-2", _second(running(), "Running", deleted=1)),
        ],
        job=job(_ENDING, active=1, failed=1, backoff_limit=3),
    ),
    Case(
        "the Job has failed, and a pod is still there: its verdict tells",
        "BackoffLimitExceeded",
        [pod(running(), "Running", deleted=1)],
        job=job(failed(), failed=1),
    ),
    Case(
        "the Job has failed without a target, and a pod is still there",
        "BackoffLimitExceeded",
        [pod(running(), "Running", deleted=1)],
        job=job([condition("Failed", "BackoffLimitExceeded")], failed=1),
    ),
    Case(
        "the Job's deadline in mid-run, after the scheduler had had trouble",
        "DeadlineExceeded",
        [pod(running(), "Running", deleted=330)],
        [event("FailedScheduling", NO_NODE, about="pod-1")],
        job=job(failed("DeadlineExceeded")),
    ),
    Case(
        "the Job's deadline, and a pod that is over without a word",
        "DeadlineExceeded",
        [pod(None, "Failed")],
        [event("FailedScheduling", NO_NODE, about="pod-1")],
        job=job(failed("DeadlineExceeded")),
    ),
    Case(
        "the Job's deadline, and a pod whose image only its events tell of",
        "ImagePull",
        [pod(waiting("ContainerCreating"), "Pending", deleted=330)],
        [
            event("Failed", 'Failed to pull image "x:1": 403 Forbidden', about="pod-1", seconds=20),
            event("Failed", "Error: ErrImagePull", about="pod-1", seconds=20),
        ],
        job=_asking(job(failed("DeadlineExceeded")), imagePullSecrets=[{"name": "regcred"}]),
        detail="403 Forbidden",
    ),
    Case("the Job's deadline, of which only the end is known", "DeadlineExceeded", job=_without_deadline()),
    Case(
        "the pod's deadline, of which only the end is known",
        "DeadlineExceeded",
        [pod(terminated(143), reason="DeadlineExceeded", deadline=None)],
    ),
    Case(
        "a retry that came too late, after an attempt of which nothing is left",
        "Unknown",
        [_second(terminated(0, message=last_words(exitCode=0, skipped="the schedule has ended")), "Succeeded")],
        job=job(complete(), failed=1, backoff_limit=2),
    ),
    Case(
        "killed while a sidecar kept its pod",
        "Killed",
        [pod(terminated(143, finished=110), "Running", others={"istio-proxy": running()})],
        job=job(active=1, annotations=KILLED),
    ),
    Case(
        "two attempts with one exit code, each for its own reason",
        "SigTerm",
        [pod(terminated(143), deleted=80, conditions=_DRAINED), _second(terminated(143))],
        job=job(failed(), failed=2, backoff_limit=1),
    ),
    Case(
        "no pod was ever made, and the Job fails for no deadline",
        "QuotaExceeded",
        events=[event("FailedCreate", QUOTA)],
        job=job(failed("PodFailurePolicy")),
    ),
    Case(
        "a pod failed, and its successor was not to be made",
        "PodFailurePolicy",
        events=[event("FailedCreate", QUOTA)],
        job=job(failed("PodFailurePolicy"), failed=1),
    ),
    *(
        Case(
            f"{reason}, exit code {code}",
            "StartError",
            [pod(terminated(code, reason, "no such file"))],
            detail="no such",
        )
        for reason, code in (("StartError", 128), ("ContainerCannotRun", 127), ("ContainerCannotRun", 126))
    ),
    Case("StartError, and an exit code of a signal", "ExitCode", [pod(terminated(129, "StartError", "no such file"))]),
    Case("128 of a container that never ran", "StartError", [pod(terminated(128, "", "no such file", started=None))]),
    Case("127 of a container that never ran", "StartError", [pod(terminated(127, "", "no such file", started=None))]),
    Case(
        "an init container that says why",
        "InitFailed",
        [pod(waiting("PodInitializing"), inits={"wait-for-db": terminated(2, message="no database")})],
        detail="no database",
    ),
    Case("deleted, and of main no word", "PodDeleted", [pod(running(), deleted=80, message="gone")], detail="gone"),
    Case(
        "143 long before its pod was to be gone",
        "SigTerm",
        [pod(terminated(143), deleted=120, message="by its owner")],
        detail="by its owner",
    ),
    Case("143, and its pod has a message", "SigTerm", [pod(terminated(143), message="odd")], detail="odd"),
    Case("137, and its pod has a message", "SigKill", [pod(terminated(137), message="odd")], detail="odd"),
    Case("an exit code that is no signal's", "ExitCode", [pod(terminated(250))]),
    Case("an exit code whose message has two lines", "ExitCode", [pod(terminated(1, message=last_words("a\nb")))]),
    Case(
        "a sidecar that failed and says why",
        "ExitCode",
        [pod(None, others={"done": terminated(0), "istio-proxy": terminated(5, message="no mesh")})],
        detail="no mesh",
    ),
    Case("a pod that failed for a reason of its own", "Unknown", [pod(terminated(0), reason="Odd")]),
    Case("a pod of which neither is said", "Unknown", [pod(terminated(0), reason="", message="odd")], detail="odd"),
    Case(
        "an exception that quotes the last error of its log",
        "ExitCode",
        [pod(terminated(1, message=last_words("ValueError: no table", lastError="no table", exitCode=1)))],
    ),
    Case("an exit code of which the launcher says nothing", "ExitCode", [pod(terminated(1, message=last_words()))]),
    Case(
        "a pod that failed for a reason of its own, after a child that was killed for memory",
        "Unknown",
        [pod(terminated(0, "OOMKilled"), reason="Odd")],
    ),
    Case("out of memory, with no exit code", "OOMKilled", [pod({"terminated": {"reason": "OOMKilled"}})]),
    Case(
        "a disruption that only the pod explains",
        "Evicted",
        [pod(None, conditions=[condition("DisruptionTarget")], message="tidied away")],
        detail="tidied away",
    ),
    *(_left(name, code, *told) for name, code, told in GONE_PODS),
]
