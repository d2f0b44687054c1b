"""Runs whose containers bear a reason that their exit code does not, and pods that broke limits of their own."""

from __future__ import annotations

from typing import Any

from .build import KILLED, Obj, condition, event, failed, job, last_words, pod, terminated, waiting
from .case import GONE, NO_NODE, Case

_LOST = "a process of the run was killed for memory (OOMKilled, limit 512Mi)"
_DEADLINE = "Pod was active on the node longer than the specified deadline"


def _limited(pod: Obj, name: str, limit: str) -> Obj:
    for container in (*pod["spec"]["containers"], *pod["spec"]["initContainers"]):
        if container["name"] == name:
            container["resources"] = {"limits": {"memory": limit}}
    return pod


def _evicted(name: str, message: str, **more: Any) -> Case:
    return Case(
        name,
        "Evicted",
        [pod(terminated(143), reason="Evicted", message=message, **more)],
        detail=message.strip(),
    )


WEIGHED = [
    Case(
        "a child out of memory, and main ends by itself",
        "ExitCode",
        [pod(terminated(1, "OOMKilled", last_words("OperationalError: no such user", exitCode=1)))],
    ),
    Case(
        "a child out of memory, and no word of main",
        "ExitCode",
        [pod(terminated(3, "OOMKilled"))],
    ),
    Case(
        "a child out of memory, and main waits for it until the deadline",
        "DeadlineExceeded",
        [pod(terminated(143, "OOMKilled", finished=7_201), reason="DeadlineExceeded", message=_DEADLINE)],
    ),
    Case(
        "a child out of memory, and main has to be killed at the deadline",
        "DeadlineExceeded",
        [pod(terminated(137, "OOMKilled", finished=7_231), reason="DeadlineExceeded", message=_DEADLINE)],
    ),
    Case(
        "a child out of memory, and SIGTERM from outside",
        "SigTerm",
        [pod(terminated(143, "OOMKilled"))],
    ),
    Case(
        "an init container out of memory",
        "OOMKilled",
        [
            _limited(
                pod(waiting("PodInitializing"), inits={"wait-for-db": terminated(137, "OOMKilled")}),
                "wait-for-db",
                "8Mi",
            )
        ],
    ),
    Case(
        "a child of an init container out of memory",
        "InitFailed",
        [pod(waiting("PodInitializing"), inits={"prepare": terminated(2, "OOMKilled")})],
    ),
    Case(
        "a child of a sidecar out of memory is not what failed main",
        "ExitCode",
        [pod(terminated(1), others={"istio-proxy": terminated(0, "OOMKilled")})],
    ),
    Case("Completed with a code", "ExitCode", [pod(terminated(4, "Completed"))]),
    Case("a start that failed, and yet it ran", "ExitCode", [pod(terminated(1, "ContainerCannotRun"))]),
    _evicted(
        "own emptyDir",
        'Usage of EmptyDir volume "scratch" exceeds the limit "2Mi". ',
    ),
    _evicted(
        "own limit of a container",
        'Container main exceeded its local ephemeral storage limit "5Mi". ',
    ),
    _evicted(
        "own limit of the pod",
        "Pod ephemeral local storage usage exceeds the total limit of containers 5Mi. ",
    ),
    _evicted(
        "memory of the node",
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 90Mi. Container main was using "
        "400Mi, request is 64Mi, has larger consumption of memory. ",
        conditions=[condition("DisruptionTarget", "TerminationByKubelet", "The node was low", 50)],
    ),
    _evicted("inodes of the node", "The node was low on resource: inodes. "),
    Case(
        "main failed long before its sidecar had the pod evicted",
        "ExitCode",
        [
            pod(
                terminated(1, finished=60),
                reason="Evicted",
                message='Usage of EmptyDir volume "logs" exceeds the limit "2Mi". ',
                others={"istio-proxy": terminated(143, finished=500)},
            )
        ],
    ),
    Case(
        "main and its sidecar were evicted together",
        "Evicted",
        [
            pod(
                terminated(143, finished=499),
                reason="Evicted",
                message='Usage of EmptyDir volume "logs" exceeds the limit "2Mi". ',
                others={"istio-proxy": terminated(143, finished=500)},
            )
        ],
    ),
    Case(
        "turned away by a node that is short of memory",
        "NodeRefused",
        [pod(None, reason="Evicted", message="The node had condition: [MemoryPressure]. ")],
    ),
    Case(
        "own emptyDir, and the pod is gone",
        "Evicted",
        events=[
            event("Started", "Started container main", about=GONE, seconds=3),
            event("Evicted", 'Usage of EmptyDir volume "scratch" exceeds the limit "2Mi". ', about=GONE, seconds=30),
        ],
    ),
    Case(
        "an init container at work until the pod's deadline",
        "InitFailed",
        [
            pod(
                waiting("PodInitializing"),
                inits={"wait-for-db": terminated(137)},
                reason="DeadlineExceeded",
                message=_DEADLINE,
            )
        ],
    ),
    Case(
        "an image that was being pulled until the Job's deadline",
        "ImagePull",
        events=[event("Pulling", 'Pulling image "x:1"', about=GONE)],
        job=job(failed("DeadlineExceeded")),
    ),
    Case(
        "killed while its image was being pulled",
        "Killed",
        events=[event("Pulling", 'Pulling image "x:1"', about=GONE)],
        job=job(failed("DeadlineExceeded", seconds=101), annotations=KILLED),
    ),
    Case(
        "killed while it was passed over by the scheduler, too",
        "Killed",
        events=[
            event("FailedScheduling", NO_NODE, about=GONE),
            event("FailedScheduling", f"skip schedule deleting pod: om/{GONE}", about=GONE, seconds=20),
        ],
        job=job(failed("DeadlineExceeded"), annotations=KILLED),
    ),
    Case(
        "killed, and the pod was quicker than the Job's status",
        "Killed",
        job=job(failed("PodFailurePolicy", seconds=102), annotations=KILLED, failed=1),
    ),
    Case(
        "asked to be killed when the document had proved unusable",
        "ExitCode",
        [pod(terminated(78))],
        job=job(
            failed("PodFailurePolicy", "Container main for pod om/x failed with exit code 78 matching FailJob", 99),
            annotations=KILLED,
            failed=1,
        ),
    ),
    Case(
        "asked to be killed when its Job's deadline had passed",
        "DeadlineExceeded",
        events=[event("Started", "Started container main", about=GONE)],
        job=job(
            failed("DeadlineExceeded", seconds=80),
            annotations={**KILLED, "k8s-pipeline/net-seconds": "8130"},
            deadline=1,
        ),
    ),
]

SUCCEEDED_BEFORE = pod(
    terminated(0, "Completed", finished=60),
    reason="Evicted",
    message='Usage of EmptyDir volume "logs" exceeds the limit "2Mi". ',
    others={"istio-proxy": terminated(143, finished=500)},
)
"""A pod whose main had done its work long before its sidecar had it evicted."""

SUCCEEDED_WITHOUT = pod(terminated(0, "OOMKilled", last_words(exitCode=0)), "Succeeded")
"""A pod whose main went on without the child that was killed."""

ENDED_BY_KILL = [pod(terminated(143), deleted=120), pod(terminated(137), deleted=120)]
"""Pods of a run that somebody asked to be ended: SIGTERM obeyed, and ignored."""
