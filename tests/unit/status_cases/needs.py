"""Runs that do not start because something that their pod names is not there, or not to be had."""

from __future__ import annotations

from typing import Any

from .build import IMAGE, Obj, condition, event, job, pod, waiting
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


def _scheduler(name: str, summary: str, message: str, *, hint: str = "", events: Any = (), **spec: Any) -> Case:
    whole = f"0/3 nodes are available: {message}. preemption: 0/3 nodes are available: 3 Preemption is not helpful."
    pods = _unscheduled(whole, **spec)
    return Case(name, "Unschedulable", summary, pods, list(events), job=_active(), hint=hint)


def _mount(name: str, code: str, summary: str, message: str, *, reason: str = "FailedMount", hint: str = "") -> Case:
    events = [event(reason, message, about="pod-1")]
    return Case(name, code, summary, _pending(), events, job=_active(), detail=message, hint=hint)


def _config(name: str, code: str, summary: str, message: str, *, hint: str = "") -> Case:
    pods = _pending(waiting("CreateContainerConfigError", message))
    return Case(name, code, summary, pods, job=_active(), detail=message, hint=hint)


def _refused(name: str, code: str, summary: str, message: str, *, hint: str = "") -> Case:
    events = [event("FailedCreate", f'Error creating: pods "x" is forbidden: {message}')]
    return Case(name, code, summary, events=events, job=job(), detail=message, hint=hint)


def _pull(name: str, summary: str, answer: str, *events: Obj, hint: str, **spec: Any) -> Case:
    state = waiting("ErrImagePull", answer)
    return Case(name, "ImagePull", summary, _pending(state, spec=spec), list(events), job=_active(), hint=hint)


_NO_SECRET = (
    "Unable to retrieve some image pull secrets (regcred, other); attempting to pull the image may not succeed."
)

NEEDS = [
    _scheduler(
        "claim that is not there",
        'The PersistentVolumeClaim "dbt" of the run\'s pod is not there',
        'persistentvolumeclaim "dbt" not found',
        hint='create the PersistentVolumeClaim "dbt"',
    ),
    _scheduler(
        "claim on its way out",
        'The PersistentVolumeClaim "dbt" of the run\'s pod is being deleted',
        'persistentvolumeclaim "dbt" is being deleted',
    ),
    _scheduler(
        "claim whose volume is gone",
        'is bound to non-existent persistentvolume "pv-7"',
        'persistentvolumeclaim "dbt" bound to non-existent persistentvolume "pv-7"',
    ),
    _scheduler(
        "one of two claims is not bound",
        'The PersistentVolumeClaim "a" or "b" of the run\'s pod is not bound',
        "pod has unbound immediate PersistentVolumeClaims",
        volumes=_claims("a", "b"),
        hint="kubectl describe pvc a b",
    ),
    _scheduler(
        "the claim's own events tell which it is",
        'The PersistentVolumeClaim "b" of the run\'s pod is not bound',
        "pod has unbound immediate PersistentVolumeClaims",
        volumes=_claims("a", "b"),
        events=[_about_claim("b", "no persistent volumes available"), _about_claim("c", "another pod's")],
    ),
    _scheduler(
        "storage class of a claim",
        'The StorageClass "fast" of the PersistentVolumeClaim "a" of the run\'s pod is not there',
        "pod has unbound immediate PersistentVolumeClaims",
        volumes=_claims("a"),
        events=[_about_claim("a", 'storageclass.storage.k8s.io "fast" not found')],
    ),
    _scheduler(
        "claim that waits for a node with a volume",
        'The PersistentVolumeClaim "a" of the run\'s pod is not bound',
        "3 node(s) didn't find available persistent volumes to bind",
        volumes=_claims("a"),
    ),
    _scheduler(
        "nodeSelector",
        "its nodeSelector is disk=ssd, zone=a",
        "3 node(s) didn't match Pod's node affinity/selector",
        nodeSelector={"disk": "ssd", "zone": "a"},
        hint="change nodeSelector or affinity",
    ),
    _scheduler("taint", "No node", "3 node(s) had untolerated taint {gpu: yes}", hint="tolerations for {gpu: yes}"),
    _scheduler("host port", "No node", "1 node(s) didn't have free ports for the requested pod ports", hint="hostPort"),
    _scheduler("size", "No node", "1 Insufficient memory, 2 Insufficient cpu", hint="the requests (cpu, memory)"),
    _mount(
        "driver that the node lacks",
        "MountFailed",
        'Volume "ca" of the run\'s pod cannot be mounted: the node has no CSI driver "secrets-store.csi.k8s.io"',
        'MountVolume.SetUp failed for volume "ca" : kubernetes.io/csi: failed to get CSI client: driver '
        "name secrets-store.csi.k8s.io not found in the list of registered CSI drivers",
    ),
    _mount(
        "class of the secrets' provider",
        "ConfigMissing",
        'Volume "s" of the run\'s pod needs the SecretProviderClass "vault", which is not there',
        'MountVolume.SetUp failed for volume "s" : rpc error: code = Unknown desc = failed to get secretproviderclass '
        'om/vault, error: SecretProviderClass.secrets-store.csi.x-k8s.io "vault" not found',
    ),
    _mount(
        "server of files",
        "MountFailed",
        'Volume "nfs" of the run\'s pod cannot be mounted',
        'MountVolume.SetUp failed for volume "nfs" : mount failed: mount.nfs: access denied by server',
        hint="does not export this path",
    ),
    _mount(
        "path of a server that is not found is no missing Secret",
        "MountFailed",
        'Volume "nfs" of the run\'s pod cannot be mounted',
        'MountVolume.SetUp failed for volume "nfs" : mount failed: mount.nfs: Failed to resolve server: host not found',
    ),
    _mount(
        "disk in use elsewhere",
        "MountFailed",
        'Volume "pvc-1" of the run\'s pod cannot be mounted',
        'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) other',
        reason="FailedAttachVolume",
        hint="in use on another node",
    ),
    _config(
        "key of a ConfigMap in the environment",
        "ConfigMissing",
        'needs the key "url" of the ConfigMap "kube-root.crt", which is not there',
        "couldn't find key url in ConfigMap om/kube-root.crt",
    ),
    _config(
        "user without a number",
        "StartError",
        "runAsNonRoot is true",
        "container has runAsNonRoot and image has non-numeric user (airflow), cannot verify user is non-root",
        hint="set runAsUser",
    ),
    _refused(
        "PriorityClass",
        "AdmissionRefused",
        'The PriorityClass "batch-low" of the run\'s pod is not there',
        "no PriorityClass with name batch-low was found",
        hint="priorityClassName",
    ),
    _refused(
        "RuntimeClass",
        "AdmissionRefused",
        'The RuntimeClass "gvisor" of the run\'s pod is not there',
        'pod rejected: RuntimeClass "gvisor" not found',
        hint="runtimeClassName",
    ),
    _refused(
        "quota on what the run does not name",
        "QuotaExceeded",
        'The ResourceQuota "compute" of the namespace',
        "failed quota: compute: must specify limits.ephemeral-storage for: main",
        hint="give the run the requests and limits",
    ),
    _refused(
        "quota for a class of priority",
        "QuotaExceeded",
        "A ResourceQuota of the namespace",
        "insufficient quota to match these scopes: [{PriorityClass In [high]}]",
        hint="have a ResourceQuota made",
    ),
    _refused(
        "namespace that goes",
        "AdmissionRefused",
        "The run's namespace is being deleted",
        "unable to create new content in namespace om because it is being terminated",
    ),
    _refused(
        "webhook that speaks of quotas",
        "AdmissionRefused",
        'The admission webhook "costs.example.com" refuses',
        'admission webhook "costs.example.com" denied the request: team a exceeded quota: 5 runs a day',
    ),
    _pull(
        "pull secrets that are not there",
        '(ErrImagePull), and its pull secret "regcred" or "other" is not there',
        NOT_FOUND,
        event("FailedToRetrieveImagePullSecret", _NO_SECRET, about="pod-1"),
        hint='create the Secret "regcred" or "other"',
    ),
    _pull("a login is wanted", f'"{IMAGE}" cannot be pulled', "401 Unauthorized", hint="the registry wants a login"),
    _pull(
        "a login is refused",
        f'"{IMAGE}" cannot be pulled',
        "403 Forbidden",
        imagePullSecrets=[{"name": "regcred"}],
        hint='refuses the login of the pull secret "regcred"',
    ),
    Case(
        "the kubelet's last word on volumes is not its most telling",
        "ConfigMissing",
        'Volume "ca" of the run\'s pod needs the ConfigMap "corp-ca"',
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
]
