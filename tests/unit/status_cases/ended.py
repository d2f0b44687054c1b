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
        "The container was killed for using more memory than its limit of 512Mi (OOMKilled, exit code 137)",
        [pod(terminated(137, "OOMKilled", last_words()))],
        hint="raise resources.limits.memory; last known peak 503 MiB",
    ),
    Case(
        "OOMKilled only in lastState",
        "OOMKilled",
        "limit of 512Mi",
        [pod(waiting("ContainerCreating"), last_state=terminated(137, "OOMKilled"))],
        hint="raise resources.limits.memory",
    ),
    Case(
        "a limit too small for the runtime itself",
        "OOMKilled",
        "OOMKilled, exit code 128",
        [pod(terminated(128, "StartError", "container init was OOM-killed (memory limit too low?)", started=None))],
        detail="memory limit too low?",
    ),
    Case(
        "137 without a reason",
        "SigKill",
        "SIGKILL (exit code 137): by memory, or it ignored SIGTERM past its grace",
        [pod(terminated(137, message=last_words()))],
        hint="last known peak 503 MiB",
    ),
    Case(
        "143 that nothing explains",
        "SigTerm",
        "Kubernetes knows of no deletion, drain or deadline of its pod",
        [pod(terminated(143, message=last_words("stopped by SIGTERM")))],
        job=job(failed("PodFailurePolicy"), failed=1),
        hint="or its node was shut down",
    ),
    Case(
        "the pod's deadline, SIGTERM obeyed: the Job says PodFailurePolicy",
        "DeadlineExceeded",
        "The run was ended at its deadline of 2 h",
        [pod(terminated(143, finished=7_201), reason="DeadlineExceeded", message=DEADLINE)],
        job=job(failed("PodFailurePolicy"), failed=1),
        detail=DEADLINE,
        hint="raise the pipeline's deadline",
    ),
    Case(
        "the pod's deadline, SIGTERM ignored",
        "DeadlineExceeded",
        "at its deadline of 2 h; it did not answer SIGTERM and was killed after its grace period of 30 s",
        [pod(terminated(137, finished=7_231), reason="DeadlineExceeded", message=DEADLINE)],
    ),
    Case(
        "the pod's deadline, in a program that ends with 0 on SIGTERM",
        "DeadlineExceeded",
        "deadline of 2 h",
        [pod(terminated(0, "Completed", finished=7_201), reason="DeadlineExceeded", message=DEADLINE)],
    ),
    Case(
        "the pod's deadline while it waited for its image: both are said",
        "ImagePull",
        f'deadline of 2 h before it had started: the image "{IMAGE}" cannot be pulled (ImagePullBackOff)',
        [pod(waiting("ContainerCreating"), reason="DeadlineExceeded", message=DEADLINE)],
        [
            event("Failed", f'Failed to pull image "{IMAGE}": {NOT_FOUND}', about="pod-1", seconds=20),
            event("Failed", "Error: ErrImagePull", about="pod-1", seconds=20),
            event("BackOff", f'Back-off pulling image "{IMAGE}"', about="pod-1", seconds=40),
        ],
        detail=NOT_FOUND,
        hint="imagePullSecrets",
    ),
    Case(
        "the pod's deadline before the start, and no event left",
        "DeadlineExceeded",
        "before it had started; what kept it from starting is not known any more",
        [pod(None, reason="DeadlineExceeded", message=DEADLINE)],
    ),
    Case(
        "the Job's net, pods gone",
        "DeadlineExceeded",
        "The run was ended at its Job's deadline of 2 h 15 min 30 s",
        events=[event("Started", "Started container main", about=GONE)],
        job=job(failed("DeadlineExceeded")),
    ),
    Case(
        "the Job's net, no pod ever: quota",
        "QuotaExceeded",
        'Job\'s deadline of 2 h 15 min 30 s before it had started: the ResourceQuota "small" of the namespace refuses',
        events=[event("FailedCreate", QUOTA), event("DeadlineExceeded", "Job was active longer", seconds=90)],
        job=job(failed("DeadlineExceeded")),
        detail=QUOTA,
    ),
    Case(
        "the Job's net after a retry",
        "DeadlineExceeded",
        ", its retries included; the last attempt: the ingestion ended with exit code 1",
        [pod(terminated(1))],
        job=job(failed("DeadlineExceeded"), backoff_limit=2, failed=1),
    ),
    Case(
        "killed",
        "Killed",
        "The run was ended at the request of anna at 2025-06-01T12:01:40Z",
        job=job(failed("DeadlineExceeded"), annotations=KILLED),
    ),
    Case(
        "killed before it had started",
        "Killed",
        "; it had not started: no node of the cluster takes the run's pod",
        events=[event("FailedScheduling", NO_NODE, about=GONE)],
        job=job(failed("DeadlineExceeded"), annotations=KILLED),
    ),
    Case(
        "killed by us because it did not start: the cause that was written down leads",
        "ImagePull",
        "The image cannot be pulled; the run was therefore ended at the request of k8s-pipeline",
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
        "exit code 1",
        [pod(terminated(1))],
        job=job(failed(), annotations=KILLED, failed=1),
    ),
    Case(
        "exit code with the launcher's cause",
        "ExitCode",
        "The ingestion ended with exit code 1: OperationalError: connection to server at 10.0.0.7 refused",
        [
            pod(
                terminated(
                    1, message=last_words("OperationalError: connection to server at 10.0.0.7 refused", exitCode=1)
                )
            )
        ],
        hint="see its log",
    ),
    Case(
        "exit code, an exception that says little, and an error in the log that says more",
        "ExitCode",
        "code 1: SourceConnectionException: CheckAccess; last error in its log: CheckAccess-FATAL: no such user",
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
        "The ingestion ended with exit code 1: Unable to reach the server",
        [pod(terminated(1, message=last_words("SystemExit: 1", lastError="Unable to reach the server", exitCode=1)))],
    ),
    Case("exit code without a message", "ExitCode", "The ingestion ended with exit code 1", [pod(terminated(1))]),
    Case(
        "exit code and a message that is not the launcher's",
        "ExitCode",
        "The ingestion ended with exit code 3",
        [pod(terminated(3, message="no space left"))],
        detail="no space left",
    ),
    Case(
        "a document that cannot be used",
        "ExitCode",
        "exit code 78: the document is no JSON object",
        [pod(terminated(78, message=last_words("the document is no JSON object", exitCode=78)))],
        hint="no retry helps",
    ),
    Case("a crash", "ExitCode", "exit code 139, SIGSEGV", [pod(terminated(139))]),
    Case(
        "no such command, by the runtime",
        "StartError",
        'Container "main" cannot be started (StartError)',
        [pod(terminated(128, "StartError", 'exec: "/bin/ash": no such file or directory', started=None))],
        detail='exec: "/bin/ash": no such file or directory',
        hint="check that the image has the command",
    ),
    Case("no such command, by a shell", "StartError", "was not found (exit code 127)", [pod(terminated(127))]),
    Case("no such right, by a shell", "StartError", "cannot be executed (exit code 126)", [pod(terminated(126))]),
    Case("128 of the program's own", "ExitCode", "exit code 128", [pod(terminated(128))]),
    Case(
        "evicted by the kubelet",
        "Evicted",
        "its node ran short of ephemeral-storage",
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
        "eviction API (a node drain, as a rule) (EvictionByEvictionAPI)",
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
        "preempted: its node was needed for a pod of higher priority",
        [pod(terminated(143), deleted=80, conditions=disrupted("PreemptionByScheduler"))],
    ),
    Case(
        "taint",
        "NodeLost",
        "NoExecute taint",
        [pod(terminated(137), deleted=80, conditions=disrupted("DeletionByTaintManager"))],
    ),
    Case(
        "shutdown of the node",
        "Evicted",
        "(TerminationByKubelet)",
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
        "its node is gone",
        [pod(terminated(137), conditions=disrupted("DeletionByPodGC", "PodGC: node no longer exists"))],
    ),
    Case("a disruption of a newer Kubernetes", "Evicted", "(Tidying)", [pod(None, conditions=disrupted("Tidying"))]),
    Case(
        "node that forgot the container",
        "NodeLost",
        'The node "node-1" does not know',
        [pod(terminated(137, "ContainerStatusUnknown", "The container could not be located", started=None))],
        detail="could not be located",
    ),
    Case(
        "node that does not answer",
        "NodeLost",
        'The node "node-1"',
        [pod(running(), "Unknown", reason="NodeLost")],
    ),
    Case(
        "not admitted by the kubelet",
        "NodeRefused",
        "did not take the run's pod (OutOfcpu)",
        [pod(None, reason="OutOfcpu", message="Pod was rejected: Node didn't have enough resource: cpu")],
        detail="Node didn't have enough resource: cpu",
    ),
    Case("pod deleted", "PodDeleted", "deleted (exit code 143)", [pod(terminated(143), deleted=80)]),
    Case(
        "an init container",
        "InitFailed",
        'Init container "wait-for-db" ended with exit code 2',
        [pod(waiting("PodInitializing"), inits={"wait-for-db": terminated(2)})],
    ),
    Case(
        "a sidecar that failed",
        "ExitCode",
        'Container "istio-proxy", which is not the run\'s own, ended with exit code 5',
        [pod(None, others={"istio-proxy": terminated(5)})],
    ),
    Case(
        "a sidecar out of memory",
        "OOMKilled",
        'Container "istio-proxy" was killed for using more memory than there was',
        [pod(None, others={"istio-proxy": terminated(137, "OOMKilled")})],
    ),
    Case(
        "main failed, and its sidecar took the pod to the deadline: main's own end tells",
        "ExitCode",
        "exit code 1",
        [
            pod(
                terminated(1, finished=60),
                reason="DeadlineExceeded",
                message=DEADLINE,
                others={"istio-proxy": terminated(137, finished=7_231)},
            )
        ],
    ),
    Case("nothing at all", "Unknown", "The run failed", job=job([condition("Failed")])),
    Case(
        "a pod with a message and no container",
        "Unknown",
        "no reason given",
        [pod(None, message="Odd")],
        detail="Odd",
    ),
    Case(
        "no retry left, pods gone, no event",
        "BackoffLimitExceeded",
        "no retry was left (backoffLimit 2); the pods that would tell why are gone",
        job=job(failed(), backoff_limit=2, failed=3),
        detail="Job has reached the specified backoff limit",
    ),
    Case(
        "no retry left, pods gone, evicted by an event",
        "Evicted",
        "The kubelet evicted the run's pod",
        events=[
            event("Started", "Started container main", about=GONE, seconds=3),
            event("Evicted", "The node was low on resource: memory.", about=GONE, seconds=30),
        ],
        detail="The node was low on resource: memory.",
    ),
    Case(
        "FailJob on 143, pods gone",
        "PodFailurePolicy",
        "for an exit code that no retry helps",
        job=job(failed("PodFailurePolicy"), failed=1),
        detail="failed with exit code 143 matching FailJob rule at index 1",
    ),
    Case(
        "a verdict of a newer Kubernetes",
        "Unknown",
        "The run failed (MoonPhase)",
        job=job(failed("MoonPhase", "it is waxing")),
        detail="it is waxing",
    ),
]

ATTEMPTS = [
    Case(
        "several attempts, each its own way: the newest leads",
        "OOMKilled",
        "3 attempts; the last: the container was killed for using more memory",
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
        "2 attempts, all the same: the ingestion ended with exit code 1",
        [pod(terminated(1)), pod(terminated(1), uid="pod-2", created=100)],
        job=job(failed(), backoff_limit=1, failed=2),
    ),
]
