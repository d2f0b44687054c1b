"""Runs that failed, and why."""

from __future__ import annotations

import json

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.status import Cause, CauseCode

from .build import IMAGE, KILLED, Obj, condition, event, failed, job, last_words, pod, running, terminated, waiting
from .case import GONE, NO_NODE, NOT_FOUND, QUOTA, Case

DEADLINE = "Pod was active on the node longer than the specified deadline"


def disrupted(reason: str, message: str = "", seconds: float = 50) -> list[Obj]:
    return [condition("DisruptionTarget", reason, message, seconds)]


ENDED = [
    Case(
        "OOMKilled with the peak that the launcher saw",
        "OOMKilled",
        [pod(terminated(137, "OOMKilled", last_words()))],
    ),
    Case(
        "OOMKilled only in lastState",
        "OOMKilled",
        [pod(waiting("ContainerCreating"), last_state=terminated(137, "OOMKilled"))],
    ),
    Case(
        "a limit too small for the runtime itself",
        "OOMKilled",
        [pod(terminated(128, "StartError", "container init was OOM-killed (memory limit too low?)", started=None))],
        detail="memory limit too low?",
    ),
    Case(
        "137 without a reason",
        "SigKill",
        [pod(terminated(137, message=last_words()))],
    ),
    Case(
        "143 that nothing explains",
        "SigTerm",
        [pod(terminated(143, message=last_words("stopped by SIGTERM")))],
        job=job(failed("PodFailurePolicy"), failed=1),
    ),
    Case(
        "suspended while it ran, and failed for the exit code of its pod",
        "Suspended",
        [pod(terminated(143), deleted=80)],
        job=job([*failed("PodFailurePolicy"), condition("Suspended")], failed=1, suspend=True),
        detail="exit code 143",
    ),
    Case(
        "suspended, failed for that, and resumed in vain; the pod is gone",
        "Suspended",
        job=job([*failed("PodFailurePolicy"), condition("Suspended")], failed=1),
    ),
    Case(
        "suspended while it ran, and failed for an exit code of its own",
        "ExitCode",
        [pod(terminated(78))],
        job=job(
            [*failed("PodFailurePolicy", "Container main failed with exit code 78 matching FailJob rule at index 1")],
            failed=1,
            suspend=True,
        ),
    ),
    Case(
        "the pod's deadline, SIGTERM obeyed: the Job says PodFailurePolicy",
        "DeadlineExceeded",
        [pod(terminated(143, finished=7_201), reason="DeadlineExceeded", message=DEADLINE)],
        job=job(failed("PodFailurePolicy"), failed=1),
        detail=DEADLINE,
    ),
    Case(
        "the pod's deadline, SIGTERM ignored",
        "DeadlineExceeded",
        [pod(terminated(137, finished=7_231), reason="DeadlineExceeded", message=DEADLINE)],
    ),
    Case(
        "the pod's deadline, in a program that ends with 0 on SIGTERM",
        "DeadlineExceeded",
        [pod(terminated(0, "Completed", finished=7_201), reason="DeadlineExceeded", message=DEADLINE)],
    ),
    Case(
        "the pod's deadline while it waited for its image: both are said",
        "ImagePull",
        [pod(waiting("ContainerCreating"), reason="DeadlineExceeded", message=DEADLINE)],
        [
            event("Failed", f'Failed to pull image "{IMAGE}": {NOT_FOUND}', about="pod-1", seconds=20),
            event("Failed", "Error: ErrImagePull", about="pod-1", seconds=20),
            event("BackOff", f'Back-off pulling image "{IMAGE}"', about="pod-1", seconds=40),
        ],
        detail=NOT_FOUND,
    ),
    Case(
        "the pod's deadline before the start, and no event left",
        "DeadlineExceeded",
        [pod(None, reason="DeadlineExceeded", message=DEADLINE)],
    ),
    Case(
        "the Job's net, pods gone",
        "DeadlineExceeded",
        events=[event("Started", "Started container main", about=GONE)],
        job=job(failed("DeadlineExceeded")),
    ),
    Case(
        "the Job's net, no pod ever: quota",
        "QuotaExceeded",
        events=[event("FailedCreate", QUOTA), event("DeadlineExceeded", "Job was active longer", seconds=90)],
        job=job(failed("DeadlineExceeded")),
        detail=QUOTA,
    ),
    Case(
        "the Job's net after a retry",
        "DeadlineExceeded",
        [pod(terminated(1))],
        job=job(failed("DeadlineExceeded"), backoff_limit=2, failed=1),
    ),
    Case(
        "killed",
        "Killed",
        job=job(failed("DeadlineExceeded"), annotations=KILLED),
    ),
    Case(
        "killed before it had started",
        "Killed",
        events=[event("FailedScheduling", NO_NODE, about=GONE)],
        job=job(failed("DeadlineExceeded"), annotations=KILLED),
    ),
    Case(
        "killed by us because it did not start: the cause that was written down leads",
        "ImagePull",
        job=job(
            failed("DeadlineExceeded"),
            annotations={
                "k8s-pipeline/killed-by": "k8s-pipeline",
                labels.KILLED_BECAUSE: json.dumps(Cause(CauseCode.IMAGE_PULL, "The image cannot be pulled").as_dict()),
            },
        ),
    ),
    Case(
        "asked to be killed when no retry was left",
        "ExitCode",
        [pod(terminated(1))],
        job=job(failed(), annotations=KILLED, failed=1),
    ),
    Case(
        "exit code with the launcher's cause",
        "ExitCode",
        [
            pod(
                terminated(
                    1, message=last_words("OperationalError: connection to server at 10.0.0.7 refused", exitCode=1)
                )
            )
        ],
    ),
    Case(
        "exit code, an exception that says little, and an error in the log that says more",
        "ExitCode",
        [
            pod(
                terminated(
                    1,
                    message=last_words(
                        "SourceConnectionException: CheckAccess",
                        lastError="CheckAccess-FATAL: no such user",
                        exitCode=1,
                    ),
                )
            )
        ],
    ),
    Case(
        "sys.exit after an error in the log",
        "ExitCode",
        [pod(terminated(1, message=last_words("SystemExit: 1", lastError="Unable to reach the server", exitCode=1)))],
    ),
    Case("exit code without a message", "ExitCode", [pod(terminated(1))]),
    Case(
        "exit code and a message that is not the launcher's",
        "ExitCode",
        [pod(terminated(3, message="no space left"))],
        detail="no space left",
    ),
    Case(
        "a document that cannot be used",
        "ExitCode",
        [pod(terminated(78, message=last_words("the document is no JSON object", exitCode=78)))],
    ),
    Case("a crash", "ExitCode", [pod(terminated(139))]),
    Case(
        "no such command, by the runtime",
        "StartError",
        [pod(terminated(128, "StartError", 'exec: "/bin/ash": no such file or directory', started=None))],
        detail='exec: "/bin/ash": no such file or directory',
    ),
    Case("no such command, by a shell", "StartError", [pod(terminated(127))]),
    Case("no such right, by a shell", "StartError", [pod(terminated(126))]),
    Case("128 of the program's own", "ExitCode", [pod(terminated(128))]),
    Case(
        "evicted by the kubelet",
        "Evicted",
        [
            pod(
                None,
                reason="Evicted",
                message="The node was low on resource: ephemeral-storage.",
            )
        ],
        detail="The node was low on resource: ephemeral-storage.",
    ),
    Case(
        "drained",
        "Evicted",
        [
            pod(
                terminated(143),
                deleted=80,
                conditions=disrupted("EvictionByEvictionAPI", "Eviction API: evicting"),
            )
        ],
        detail="Eviction API: evicting",
    ),
    Case(
        "preempted",
        "Preempted",
        [pod(terminated(143), deleted=80, conditions=disrupted("PreemptionByScheduler"))],
    ),
    Case(
        "taint",
        "NodeLost",
        [pod(terminated(137), deleted=80, conditions=disrupted("DeletionByTaintManager"))],
    ),
    Case(
        "shutdown of the node",
        "Evicted",
        [
            pod(
                terminated(143),
                conditions=disrupted("TerminationByKubelet"),
                reason="Terminated",
                message="Pod was terminated in response to imminent node shutdown.",
            )
        ],
        detail="imminent node shutdown",
    ),
    Case(
        "node gone",
        "NodeLost",
        [pod(terminated(137), conditions=disrupted("DeletionByPodGC", "PodGC: node no longer exists"))],
    ),
    Case("a disruption of a newer Kubernetes", "Evicted", [pod(None, conditions=disrupted("Tidying"))]),
    Case(
        "node that forgot the container",
        "NodeLost",
        [pod(terminated(137, "ContainerStatusUnknown", "The container could not be located", started=None))],
        detail="could not be located",
    ),
    Case(
        "node that does not answer",
        "NodeLost",
        [pod(running(), "Unknown", reason="NodeLost")],
    ),
    Case(
        "not admitted by the kubelet",
        "NodeRefused",
        [pod(None, reason="OutOfcpu", message="Pod was rejected: Node didn't have enough resource: cpu")],
        detail="Node didn't have enough resource: cpu",
    ),
    Case("pod deleted", "PodDeleted", [pod(terminated(143), deleted=80)]),
    Case(
        "an init container",
        "InitFailed",
        [pod(waiting("PodInitializing"), inits={"wait-for-db": terminated(2)})],
    ),
    Case(
        "a sidecar that failed",
        "ExitCode",
        [pod(None, others={"istio-proxy": terminated(5)})],
    ),
    Case(
        "a sidecar out of memory",
        "OOMKilled",
        [pod(None, others={"istio-proxy": terminated(137, "OOMKilled")})],
    ),
    Case(
        "main failed, and its sidecar took the pod to the deadline: main's own end tells",
        "ExitCode",
        [
            pod(
                terminated(1, finished=60),
                reason="DeadlineExceeded",
                message=DEADLINE,
                others={"istio-proxy": terminated(137, finished=7_231)},
            )
        ],
    ),
    Case("nothing at all", "Unknown", job=job([condition("Failed")])),
    Case(
        "a pod with a message and no container",
        "Unknown",
        [pod(None, message="Odd")],
        detail="Odd",
    ),
    Case(
        "no retry left, pods gone, no event",
        "BackoffLimitExceeded",
        job=job(failed(), backoff_limit=2, failed=3),
        detail="Job has reached the specified backoff limit",
    ),
    Case(
        "no retry left, pods gone, evicted by an event",
        "Evicted",
        events=[
            event("Started", "Started container main", about=GONE, seconds=3),
            event("Evicted", "The node was low on resource: memory.", about=GONE, seconds=30),
        ],
        detail="The node was low on resource: memory.",
    ),
    Case(
        "FailJob on 143, pods gone",
        "PodFailurePolicy",
        job=job(failed("PodFailurePolicy"), failed=1),
        detail="failed with exit code 143 matching FailJob rule at index 1",
    ),
    Case(
        "a verdict of a newer Kubernetes",
        "Unknown",
        job=job(failed("MoonPhase", "it is waxing")),
        detail="it is waxing",
    ),
]

ATTEMPTS = [
    Case(
        "several attempts, each its own way: the newest leads",
        "OOMKilled",
        [
            pod(terminated(137, "OOMKilled"), uid="pod-3", created=200),
            pod(terminated(1), uid="pod-1", created=0),
            pod(terminated(1), uid="pod-2", created=100),
        ],
        job=job(failed(), backoff_limit=2, failed=3),
    ),
    Case(
        "several attempts, all the same",
        "ExitCode",
        [pod(terminated(1)), pod(terminated(1), uid="pod-2", created=100)],
        job=job(failed(), backoff_limit=1, failed=2),
    ),
]
