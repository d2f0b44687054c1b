"""Runs that do not start, and why."""

from __future__ import annotations

from typing import Any

from .build import IMAGE, KILLED, Obj, condition, event, job, pod, terminated, waiting
from .case import NO_NODE, NOT_FOUND, QUOTA, Case


def scheduled(message: str, reason: str = "Unschedulable") -> list[Obj]:
    return [condition("PodScheduled", reason, message, status="False")]


def pending(state: Obj | None, **more: Obj | list[Obj]) -> list[Obj]:
    return [pod(state, "Pending", **more)]  # type: ignore[arg-type]


def _asking(**spec: Any) -> list[Obj]:
    """Pods of which no scheduler has said anything."""
    pods = pending(None)
    for item in pods:
        item["spec"] |= spec
        item["spec"].pop("nodeName", None)
    return pods


def _mounting(pods: list[Obj], *keys: tuple[str, str]) -> list[Obj]:
    """Have the pods mount keys of Secrets, each by itself."""
    sources = [{"secret": {"name": name, "items": [{"key": key, "path": key}]}} for name, key in keys]
    for item in pods:
        item["spec"]["volumes"] = [{"name": "k8s-pipeline", "projected": {"sources": sources}}]
    return pods


def _last_ended(pods: list[Obj], exit_code: int) -> list[Obj]:
    """Have the init containers of the pods be started again after an end."""
    for item in pods:
        for status in item["status"]["initContainerStatuses"]:
            status["lastState"] = terminated(exit_code)
    return pods


def active() -> Obj:
    return job(active=1, ready=0)


WAITS = [
    Case(
        "image pull, backing off",
        "ImagePull",
        pending(waiting("ImagePullBackOff", f'Back-off pulling image "{IMAGE}": ErrImagePull: {NOT_FOUND}')),
        job=active(),
        detail=NOT_FOUND,
    ),
    Case(
        "image pull, older kubelet: the answer is in an event",
        "ImagePull",
        pending(waiting("ImagePullBackOff", f'Back-off pulling image "{IMAGE}"')),
        [event("Failed", f'Failed to pull image "{IMAGE}": {NOT_FOUND}', about="pod-1")],
        job=active(),
        detail=NOT_FOUND,
    ),
    Case(
        "image pull of a sidecar",
        "ImagePull",
        pending(waiting("ContainerCreating"), others={"istio-proxy": waiting("ErrImagePull", "denied")}),
        job=active(),
        detail="denied",
    ),
    Case(
        "image never pulled",
        "ImagePull",
        pending(waiting("ErrImageNeverPull", f'Container image "{IMAGE}" is not present with pull policy of Never')),
        job=active(),
    ),
    Case(
        "image name",
        "ImagePull",
        pending(waiting("InvalidImageName", 'Failed to apply default image tag "UPPER": invalid reference format')),
        job=active(),
    ),
    Case(
        "Secret in the environment",
        "ConfigMissing",
        pending(waiting("CreateContainerConfigError", 'secret "db-password" not found')),
        job=active(),
        detail='secret "db-password" not found',
    ),
    Case(
        "key in a Secret",
        "ConfigMissing",
        pending(waiting("CreateContainerConfigError", "couldn't find key password in Secret om/db")),
        job=active(),
    ),
    Case(
        "root image under runAsNonRoot has the same reason",
        "StartError",
        pending(
            waiting("CreateContainerConfigError", "container has runAsNonRoot and image will run as root (pod: …)")
        ),
        job=active(),
        detail="runAsNonRoot",
    ),
    Case(
        "native sidecar that does not come up",
        "InitFailed",
        _last_ended(
            pending(
                waiting("PodInitializing"),
                inits={"proxy": waiting("CrashLoopBackOff", "back-off 40s restarting proxy")},
            ),
            3,
        ),
        job=active(),
        detail="back-off 40s",
    ),
    Case(
        "container cannot be created",
        "StartError",
        pending(waiting("CreateContainerError", "context deadline exceeded")),
        job=active(),
    ),
    Case(
        "command not found, while the kubelet still waits",
        "StartError",
        pending(waiting("RunContainerError", "exec: no such file or directory")),
        job=active(),
    ),
    Case(
        "Secret in a volume",
        "ConfigMissing",
        pending(waiting("ContainerCreating")),
        [
            event(
                "FailedMount",
                'MountVolume.SetUp failed for volume "config" : secret "om-x" not found',
                about="pod-1",
            )
        ],
        job=active(),
        detail='secret "om-x" not found',
    ),
    Case(
        "key of a Secret in a volume",
        "ConfigMissing",
        _mounting(pending(waiting("ContainerCreating")), ("om-x", "workflow.json"), ("om-token-x", "jwtToken")),
        [
            event(
                "FailedMount",
                'MountVolume.SetUp failed for volume "k8s-pipeline" : references non-existent secret key: jwtToken',
                about="pod-1",
            )
        ],
        job=active(),
        detail="references non-existent secret key: jwtToken",
    ),
    Case(
        "a volume that does not mount for another reason",
        "MountFailed",
        pending(waiting("ContainerCreating")),
        [event("FailedAttachVolume", "Multi-Attach error for volume", about="pod-1")],
        job=active(),
    ),
    Case(
        "network of the node",
        "StartError",
        pending(waiting("ContainerCreating")),
        [event("FailedCreatePodSandBox", "plugin type bridge failed: no free IP", about="pod-1")],
        job=active(),
    ),
    Case(
        "unschedulable",
        "Unschedulable",
        pending(None, conditions=scheduled(NO_NODE)),
        job=active(),
        detail=NO_NODE,
    ),
    Case(
        "a scheduler that is not there",
        "Unschedulable",
        _asking(schedulerName="volcano"),
        job=active(),
    ),
    Case(
        "a ResourceClaim that is not there",
        "Unschedulable",
        _asking(
            schedulerName="default-scheduler",
            resourceClaims=[
                {"name": "a", "resourceClaimName": "gpu"},
                {"name": "b", "resourceClaimTemplateName": "nic"},
            ],
        ),
        job=active(),
    ),
    Case(
        "scheduling gates",
        "Held",
        pending(None, conditions=scheduled("Scheduling is blocked due to non-empty gates", "SchedulingGated")),
        job=active(),
    ),
    Case(
        "quota",
        "QuotaExceeded",
        events=[event("FailedCreate", QUOTA)],
        job=job(),
        detail=QUOTA,
    ),
    Case(
        "Pod Security",
        "AdmissionRefused",
        events=[
            event(
                "FailedCreate",
                'Error creating: pods "x" is forbidden: violates PodSecurity "restricted:latest": seccompProfile '
                '(pod or container "main" must set securityContext.seccompProfile.type to "RuntimeDefault")',
            )
        ],
        job=job(),
        detail="seccompProfile.type",
    ),
    *(
        Case(
            f"LimitRange: {message}",
            "AdmissionRefused",
            events=[event("FailedCreate", f'Error creating: pods "x" is forbidden: {message}')],
            job=job(),
            detail=message,
        )
        for message in (
            "maximum memory usage per Container is 1Gi, but limit is 2Gi",
            "[minimum cpu usage per Container is 1, but request is 100m, maximum memory usage per Pod is 1Gi, but "
            "limit is 2Gi]",
            "memory max limit to request ratio per Container is 2, but provided ratio is 8.000000",
        )
    ),
    Case(
        "admission policy",
        "AdmissionRefused",
        events=[
            event(
                "FailedCreate",
                "Error creating: pods \"x\" is forbidden: ValidatingAdmissionPolicy 'owners' with binding 'owners' "
                "denied request: label team is missing",
            )
        ],
        job=job(),
        detail="label team is missing",
    ),
    Case(
        "webhook that is away",
        "AdmissionRefused",
        events=[
            event(
                "FailedCreate",
                'Error creating: Internal error occurred: failed calling webhook "inject.istio.io": failed to call '
                'webhook: Post "https://istiod.istio-system.svc:443/inject?timeout=10s": connection refused',
            )
        ],
        job=job(),
        detail="inject.istio.io",
    ),
    Case(
        "webhook",
        "AdmissionRefused",
        events=[
            event("FailedCreate", 'Error creating: admission webhook "validate.kyverno.svc" denied the request: no')
        ],
        job=job(),
    ),
    Case(
        "ServiceAccount",
        "AdmissionRefused",
        events=[
            event(
                "FailedCreate",
                'Error creating: pods "x" is forbidden: error looking up service account om/ingestion: '
                'serviceaccount "ingestion" not found',
            )
        ],
        job=job(),
        detail='serviceaccount "ingestion" not found',
    ),
    Case(
        "any other refusal",
        "AdmissionRefused",
        events=[event("FailedCreate", "Error creating: the server is currently unable to handle the request")],
        job=job(),
    ),
    Case(
        "suspended",
        "Held",
        job=job([condition("Suspended", "JobSuspended", "Job suspended")], suspend=True),
        detail="Job suspended",
    ),
    Case(
        "held by Kueue",
        "Held",
        job=job(suspend=True, labels={"kueue.x-k8s.io/queue-name": "team-a"}),
    ),
    Case("being killed", "Killed", job=job(annotations=KILLED)),
]
