"""Runs that did not start before their Job's deadline, of which only the events of their pods are left."""

from __future__ import annotations

from typing import Any

from .build import IMAGE, Obj, event, failed, job
from .case import GONE, NO_NODE, NOT_FOUND, Case

_INIT = "spec.initContainers{prepare}"
_MAIN = "spec.containers{main}"
_SIDECAR = "spec.containers{istio-proxy}"


def _left(name: str, code: str, *events: tuple[str, str, str], detail: str = "", **spec: Any) -> Case:
    """Events (reason, message, container) of a pod that is gone, and what its Job's template asked for."""
    its = job(failed("DeadlineExceeded"))
    its["spec"]["template"]["spec"] |= spec
    told = [
        event(
            reason,
            message,
            seconds=second,
            involvedObject={"kind": "Pod", "name": GONE, "uid": GONE, "fieldPath": container},
        )
        for second, (reason, message, container) in enumerate(events)
    ]
    return Case(name, code, events=told, job=its, detail=detail)


def _volumes(*keys: tuple[str, str]) -> list[Obj]:
    sources = [{"secret": {"name": name, "items": [{"key": key, "path": key}]}} for name, key in keys]
    return [{"name": "k8s-pipeline", "projected": {"sources": sources}}]


_CREDENTIALS = [{"name": "regcred"}]

TRACES = [
    _left(
        "an init container was at work",
        "InitFailed",
        ("Pulled", "Container image already present", _INIT),
        ("Created", "Created container prepare", _INIT),
        ("Started", "Started container prepare", _INIT),
    ),
    _left(
        "an init container was created, and not started",
        "DeadlineExceeded",
        ("Created", "Created container prepare", _INIT),
    ),
    _left(
        "an init container was done, and main created",
        "DeadlineExceeded",
        ("Started", "Started container prepare", _INIT),
        ("Pulled", "Container image already present", _MAIN),
        ("Created", "Created container main", _MAIN),
    ),
    _left(
        "an init container was done, and main's image being pulled",
        "ImagePull",
        ("Started", "Started container prepare", _INIT),
        ("Pulling", 'Pulling image "x:1"', _MAIN),
    ),
    _left(
        "only a sidecar had started",
        "DeadlineExceeded",
        ("Pulling", 'Pulling image "x:1"', _MAIN),
        ("Started", "Started container istio-proxy", _SIDECAR),
    ),
    _left(
        "a pull that took long, and was done",
        "DeadlineExceeded",
        ("Pulling", 'Pulling image "x:1"', _MAIN),
        ("Pulled", "Successfully pulled image", _MAIN),
    ),
    _left(
        "main was created, and its pull not said to be done",
        "DeadlineExceeded",
        ("Pulling", 'Pulling image "x:1"', _MAIN),
        ("Created", "Created container main", _MAIN),
    ),
    _left(
        "main had started",
        "DeadlineExceeded",
        ("Pulling", 'Pulling image "x:1"', _MAIN),
        ("Started", "Started container main", _MAIN),
    ),
    _left(
        "pull secrets that are not there",
        "ImagePull",
        ("FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets (regcred)", ""),
        ("BackOff", f'Back-off pulling image "{IMAGE}"', _MAIN),
        imagePullSecrets=_CREDENTIALS,
    ),
    _left(
        "pull secrets that are not there, and not named",
        "ImagePull",
        ("FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets", ""),
        ("BackOff", f'Back-off pulling image "{IMAGE}"', _MAIN),
    ),
    _left(
        "a login that is refused",
        "ImagePull",
        ("Failed", f'Failed to pull image "{IMAGE}": 403 Forbidden', _MAIN),
        ("Failed", "Error: ErrImagePull", _MAIN),
        imagePullSecrets=_CREDENTIALS,
        detail="403 Forbidden",
    ),
    _left(
        "a login that is refused, by its first event",
        "ImagePull",
        ("Failed", f'Failed to pull image "{IMAGE}": 401 Unauthorized', _MAIN),
        imagePullSecrets=_CREDENTIALS,
        detail="401 Unauthorized",
    ),
    _left(
        "a pull that failed before it backed off",
        "ImagePull",
        ("Failed", f'Failed to pull image "{IMAGE}": {NOT_FOUND}', _MAIN),
        ("BackOff", f'Back-off pulling image "{IMAGE}"', _MAIN),
        detail=NOT_FOUND,
    ),
    _left(
        "a login that is refused before it backed off",
        "ImagePull",
        ("Failed", f'Failed to pull image "{IMAGE}": 403 Forbidden', _MAIN),
        ("BackOff", f'Back-off pulling image "{IMAGE}"', _MAIN),
        imagePullSecrets=_CREDENTIALS,
        detail="403 Forbidden",
    ),
    _left(
        "an image that is never pulled",
        "ImagePull",
        ("ErrImageNeverPull", "not present with pull policy of Never", _MAIN),
        detail="not present",
    ),
    _left(
        "an image that cannot be inspected",
        "ImagePull",
        ("InspectFailed", "invalid reference format", _MAIN),
        detail="invalid reference format",
    ),
    _left(
        "a container that was restarted",
        "DeadlineExceeded",
        ("BackOff", "Back-off restarting failed container istio-proxy", _SIDECAR),
    ),
    _left(
        "a Secret of its environment",
        "ConfigMissing",
        ("Failed", 'Error: secret "db" not found', _MAIN),
        detail='secret "db" not found',
    ),
    _left(
        "a key in a volume",
        "ConfigMissing",
        ("FailedMount", 'failed for volume "k8s-pipeline" : references non-existent secret key: password', ""),
        volumes=_volumes(("db", "password"), ("other", "token")),
    ),
    _left(
        "a key in a volume that is not known",
        "ConfigMissing",
        ("FailedMount", 'failed for volume "k8s-pipeline" : references non-existent config key: url', ""),
    ),
    _left(
        "a mount that was about to work",
        "DeadlineExceeded",
        ("FailedMount", "failed to sync secret cache: timed out", ""),
    ),
    _left(
        "a mount whose message speaks of no cache",
        "MountFailed",
        ("FailedMount", "failed to sync with the server", ""),
    ),
    _left(
        "a sandbox that ran out of memory",
        "OOMKilled",
        ("FailedCreatePodSandBox", "container init was OOM-killed (memory limit too low?)", ""),
        detail="OOM-killed",
    ),
    _left(
        "a sandbox without a network",
        "StartError",
        ("FailedCreatePodSandBox", "no free IP", ""),
        detail="no free IP",
    ),
    _left(
        "no node with its labels",
        "Unschedulable",
        ("FailedScheduling", "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.", ""),
        nodeSelector={"disk": "ssd"},
    ),
    _left(
        "passed over by the scheduler, at last since it was being deleted",
        "Unschedulable",
        ("FailedScheduling", NO_NODE, ""),
        ("FailedScheduling", f"skip schedule deleting pod: om/{GONE}", ""),
        detail=NO_NODE,
    ),
    _left(
        "passed over by the scheduler since it was being deleted, and nothing else",
        "DeadlineExceeded",
        ("FailedScheduling", f"skip schedule deleting pod: om/{GONE}", ""),
    ),
    _left("events that say nothing", "DeadlineExceeded", ("Scheduled", "Successfully assigned", "")),
]
