"""Runs that do not start because something that their pod names is not there, or not to be had."""

from __future__ import annotations

from typing import Any

from .build import Obj, condition, event, job, pod, waiting
from .case import NOT_FOUND, Case


def _active() -> Obj:
    return job(active=1, ready=0)


def _pending(state: Obj | None = None, **more: Any) -> list[Obj]:
    spec = more.pop("spec", {})
    found = pod(state or waiting("ContainerCreating"), "Pending", **more)
    found["spec"] |= spec
    return [found]


def _unscheduled(message: str, **spec: Any) -> list[Obj]:
    words = [condition("PodScheduled", "Unschedulable", message, status="False")]
    return [*_pending(conditions=words, spec=spec)]


def _claims(*names: str) -> list[Obj]:
    return [{"name": f"v{name}", "persistentVolumeClaim": {"claimName": name}} for name in names]


def _about_claim(name: str, message: str) -> Obj:
    about = {"kind": "PersistentVolumeClaim", "name": name, "namespace": "om", "uid": f"claim-{name}"}
    return event("ProvisioningFailed", message, involvedObject=about)


def _scheduler(name: str, message: str, *, events: Any = (), **spec: Any) -> Case:
    whole = f"0/3 nodes are available: {message}. preemption: 0/3 nodes are available: 3 Preemption is not helpful."
    pods = _unscheduled(whole, **spec)
    return Case(name, "Unschedulable", pods, list(events), job=_active())


def _mount(name: str, code: str, message: str, *, reason: str = "FailedMount") -> Case:
    events = [event(reason, message, about="pod-1")]
    return Case(name, code, _pending(), events, job=_active(), detail=message)


def _config(name: str, code: str, message: str) -> Case:
    pods = _pending(waiting("CreateContainerConfigError", message))
    return Case(name, code, pods, job=_active(), detail=message)


def _refused(name: str, code: str, message: str) -> Case:
    events = [event("FailedCreate", f'Error creating: pods "x" is forbidden: {message}')]
    return Case(name, code, events=events, job=job(), detail=message)


def _pull(name: str, answer: str, *events: Obj, **spec: Any) -> Case:
    state = waiting("ErrImagePull", answer)
    return Case(name, "ImagePull", _pending(state, spec=spec), list(events), job=_active())


_NO_SECRET = (
    "Unable to retrieve some image pull secrets (regcred, other); attempting to pull the image may not succeed."
)

_UNMOUNTED = "Unable to attach or mount volumes"
_OF_INIT = {"kind": "Pod", "name": "x", "uid": "pod-1", "fieldPath": "spec.initContainers{prepare}"}

NEEDS = [
    _scheduler(
        "claim that is not there",
        'persistentvolumeclaim "dbt" not found',
    ),
    _scheduler(
        "claim on its way out",
        'persistentvolumeclaim "dbt" is being deleted',
    ),
    _scheduler(
        "claim whose volume is gone",
        'persistentvolumeclaim "dbt" bound to non-existent persistentvolume "pv-7"',
    ),
    _scheduler(
        "one of two claims is not bound",
        "pod has unbound immediate PersistentVolumeClaims",
        volumes=_claims("a", "b"),
    ),
    _scheduler(
        "the claim's own events tell which it is",
        "pod has unbound immediate PersistentVolumeClaims",
        volumes=_claims("a", "b"),
        events=[_about_claim("b", "no persistent volumes available"), _about_claim("c", "another pod's")],
    ),
    _scheduler(
        "storage class of a claim",
        "pod has unbound immediate PersistentVolumeClaims",
        volumes=_claims("a"),
        events=[_about_claim("a", 'storageclass.storage.k8s.io "fast" not found')],
    ),
    _scheduler(
        "claim that waits for a node with a volume",
        "3 node(s) didn't find available persistent volumes to bind",
        volumes=_claims("a"),
    ),
    _scheduler(
        "nodeSelector",
        "3 node(s) didn't match Pod's node affinity/selector",
        nodeSelector={"disk": "ssd", "zone": "a"},
    ),
    _scheduler("taint", "3 node(s) had untolerated taint {gpu: yes}"),
    _scheduler("host port", "1 node(s) didn't have free ports for the requested pod ports"),
    _scheduler("size", "1 Insufficient memory, 2 Insufficient cpu"),
    _mount(
        "driver that the node lacks",
        "MountFailed",
        'MountVolume.SetUp failed for volume "ca" : kubernetes.io/csi: failed to get CSI client: driver '
        "name secrets-store.csi.k8s.io not found in the list of registered CSI drivers",
    ),
    _mount(
        "class of the secrets' provider",
        "ConfigMissing",
        'MountVolume.SetUp failed for volume "s" : rpc error: code = Unknown desc = failed to get secretproviderclass '
        'om/vault, error: SecretProviderClass.secrets-store.csi.x-k8s.io "vault" not found',
    ),
    _mount(
        "server of files",
        "MountFailed",
        'MountVolume.SetUp failed for volume "nfs" : mount failed: mount.nfs: access denied by server',
    ),
    _mount(
        "path of a server that is not found is no missing Secret",
        "MountFailed",
        'MountVolume.SetUp failed for volume "nfs" : mount failed: mount.nfs: Failed to resolve server: host not found',
    ),
    _mount(
        "disk in use elsewhere",
        "MountFailed",
        'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) other',
        reason="FailedAttachVolume",
    ),
    _config(
        "key of a ConfigMap in the environment",
        "ConfigMissing",
        "couldn't find key url in ConfigMap om/kube-root.crt",
    ),
    _config(
        "user without a number",
        "StartError",
        "container has runAsNonRoot and image has non-numeric user (airflow), cannot verify user is non-root",
    ),
    _config(
        "path below a volume",
        "StartError",
        'failed to prepare subPath for volumeMount "scratch" of container "main"',
    ),
    _refused(
        "PriorityClass",
        "AdmissionRefused",
        "no PriorityClass with name batch-low was found",
    ),
    _refused(
        "RuntimeClass",
        "AdmissionRefused",
        'pod rejected: RuntimeClass "gvisor" not found',
    ),
    _refused(
        "quota on what the run does not name",
        "QuotaExceeded",
        "failed quota: compute: must specify limits.ephemeral-storage for: main",
    ),
    _refused(
        "quota for a class of priority",
        "QuotaExceeded",
        "insufficient quota to match these scopes: [{PriorityClass In [high]}]",
    ),
    _refused(
        "namespace that goes",
        "AdmissionRefused",
        "unable to create new content in namespace om because it is being terminated",
    ),
    _refused(
        "webhook that speaks of quotas",
        "AdmissionRefused",
        'admission webhook "costs.example.com" denied the request: team a exceeded quota: 5 runs a day',
    ),
    _pull(
        "pull secrets that are not there",
        NOT_FOUND,
        event("FailedToRetrieveImagePullSecret", _NO_SECRET, about="pod-1"),
    ),
    _pull("a login is wanted", "401 Unauthorized"),
    _pull(
        "a login is refused",
        "403 Forbidden",
        imagePullSecrets=[{"name": "regcred"}],
    ),
    Case(
        "the kubelet's last word on volumes is not its most telling",
        "ConfigMissing",
        _pending(),
        [
            event(
                "FailedMount", 'MountVolume.SetUp failed for volume "ca" : configmap "corp-ca" not found', about="pod-1"
            ),
            event(
                "FailedMount",
                "Unable to attach or mount volumes: unmounted volumes=[ca]: timed out waiting for the condition",
                about="pod-1",
                seconds=120,
            ),
        ],
        job=_active(),
    ),
    Case(
        "volumes that do not come, and only that is said, since an init container had been started",
        "MountFailed",
        _pending(),
        [
            event("Started", "Started container prepare", about="pod-1", involvedObject=_OF_INIT),
            event("FailedMount", f"{_UNMOUNTED}: unmounted volumes=[ca]: one", about="pod-1", seconds=120),
            event("FailedMount", f"{_UNMOUNTED}: unmounted volumes=[ca]: two", about="pod-1", seconds=240),
        ],
        job=_active(),
        detail="two",
    ),
    Case(
        "native sidecar that does not come up, and of its ends no word",
        "InitFailed",
        _pending(waiting("PodInitializing"), inits={"proxy": waiting("CrashLoopBackOff", "back-off 40s")}),
        job=_active(),
        detail="back-off 40s",
    ),
]
