"""What the API server makes of an object beyond what it was given: defaults, and values that it leaves out.

As far as the objects go that the product writes and compares; ``tests/contract/test_defaults.py`` shows how far.
"""

from __future__ import annotations

import base64
from typing import Any

from k8s_pipeline_client.cluster.port import Kind, Object
from tests.fakes.quantities import canonical
from tests.fakes.schema import Field, root

_NO_ZEROS = {
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostPort",
    "initialDelaySeconds",
    "readOnly",
    "stdin",
    "stdinOnce",
    "tty",
}
"""Fields of a plain Go type that are left out where they are false or 0; those of a pointer type stay."""

_EMPTY_TEXTS = {"V1CronJobSpec.timeZone", "V1HostPathVolumeSource.type", "V1PodSpec.runtimeClassName"}
"""Texts of a pointer type: they stay where they are empty."""

_QUANTITIES = {"V1ResourceRequirements.limits", "V1ResourceRequirements.requests"}


_MODE: Object = {"defaultMode": 0o644}
_DEFAULTS: dict[str, Object] = {
    "V1CronJobSpec": {
        "concurrencyPolicy": "Allow",
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {},
        "successfulJobsHistoryLimit": 3,
        "suspend": False,
    },
    "V1JobTemplateSpec": {"metadata": {}, "spec": {}},
    "V1JobSpec": {"template": {}},
    "V1PodTemplateSpec": {"metadata": {}, "spec": {}},
    "V1PodSpec": {
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    },
    "V1Container": {
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    },
    "V1ContainerPort": {"protocol": "TCP"},
    "V1Probe": {"failureThreshold": 3, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1},
    "V1HTTPGetAction": {"path": "/", "scheme": "HTTP"},
    "V1ObjectFieldSelector": {"apiVersion": "v1"},
    "V1ResourceFieldSelector": {"divisor": "0"},
    "V1ConfigMapVolumeSource": _MODE,
    "V1DownwardAPIVolumeSource": _MODE,
    "V1ProjectedVolumeSource": _MODE,
    "V1SecretVolumeSource": _MODE,
    "V1HostPathVolumeSource": {"type": ""},
    "V1ServiceAccountTokenProjection": {"expirationSeconds": 3600},
    "V1PodFailurePolicyOnPodConditionsPattern": {"status": "True"},
    "V1Secret": {"type": "Opaque"},
}

_OF_JOBS: Object = {"backoffLimit": 6, "completionMode": "NonIndexed", "manualSelector": False, "suspend": False}
_WITH_STATUS = (Kind.CRONJOB, Kind.JOB, Kind.POD)


def defaulted(item: Object) -> Object:
    """Return an object as the API server returns it."""
    kind = Kind(item["kind"])
    made: Object = _defaulted({**item, "metadata": {}}, root(kind))
    metadata = {key: value for key, value in item["metadata"].items() if value not in ({}, [], "", None)}
    made = {"apiVersion": item["apiVersion"], "kind": item["kind"], **made, "metadata": metadata}
    if kind in _WITH_STATUS:
        made.setdefault("status", {})
    if kind is Kind.SECRET:
        _encode(made)
    if kind is Kind.JOB:
        _complete(made)
    return made


def _defaulted(value: Any, field: Field) -> Any:
    if field.is_list and isinstance(value, list):
        return [_defaulted(item, field.item) for item in value]
    if not isinstance(value, dict) or not (field.is_structure or field.is_map):
        return value
    if field.owner in _QUANTITIES:
        return {key: canonical(text) for key, text in value.items()}
    if field.is_map:
        return {key: _defaulted(item, field.item) for key, item in value.items()}
    own = {key: item for key, item in value.items() if (below := field.below(key)) and not _is_left_out(item, below)}
    own = {**{key: item for key, item in _DEFAULTS.get(field.type, {}).items() if key not in own}, **own}
    own = {key: _defaulted(item, below) for key, item in own.items() if (below := field.below(key))}
    if field.type in _SPECIAL:
        _SPECIAL[field.type](own)
    return own


def _is_left_out(value: Any, field: Field) -> bool:
    if value is None:
        return True
    if value == "":
        return field.type == "str" and field.owner not in _EMPTY_TEXTS and field.owner != ""
    if value in ({}, []):
        return field.is_list or field.is_map
    return value in (False, 0) and field.owner.partition(".")[2] in _NO_ZEROS


def _of_container(own: Object) -> None:
    image = str(own.get("image") or "")
    tag = image.rpartition("/")[2].partition("@")
    is_latest = not tag[1] and tag[0].partition(":")[2] in ("", "latest")
    own.setdefault("imagePullPolicy", "Always" if is_latest else "IfNotPresent")


def _of_pod(own: Object) -> None:
    if "serviceAccountName" in own:
        own["serviceAccount"] = own["serviceAccountName"]


def _of_volume(own: Object) -> None:
    if set(own) <= {"name"}:
        own["emptyDir"] = {}


def _of_empty_dir(own: Object) -> None:
    if "sizeLimit" in own:
        own["sizeLimit"] = canonical(own["sizeLimit"])


_SPECIAL = {
    "V1Container": _of_container,
    "V1PodSpec": _of_pod,
    "V1Volume": _of_volume,
    "V1EmptyDirVolumeSource": _of_empty_dir,
}


def _encode(secret: Object) -> None:
    plain = secret.pop("stringData", None) or {}
    if plain:
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in plain.items()}
        secret["data"] = {**secret.get("data", {}), **encoded}


def _complete(job: Object) -> None:
    spec = job.setdefault("spec", {"template": {}})
    defaults = dict(_OF_JOBS, podReplacementPolicy="Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed")
    if "completions" not in spec and "parallelism" not in spec:
        defaults["completions"] = 1
    if "backoffLimitPerIndex" in spec:
        defaults["backoffLimit"] = 2**31 - 1
    job["spec"] = {**defaults, "parallelism": 1, **spec}
    labels = (job["spec"]["template"].get("metadata") or {}).get("labels")
    if labels and not job["metadata"].get("labels"):
        job["metadata"]["labels"] = dict(labels)
