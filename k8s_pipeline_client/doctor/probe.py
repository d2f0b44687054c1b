"""Starts a short-lived pod that checks whether it reaches OpenMetadata, as a run's pod would."""

from __future__ import annotations

import json
import secrets

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object, Propagation
from k8s_pipeline_client.doctor.facts import Maybe, Probed, Unknown
from k8s_pipeline_client.doctor.sample import NAME, OWN_VOLUMES, sample_cronjob
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import MAIN_CONTAINER
from k8s_pipeline_client.errors import ApiError, PipelineError
from k8s_pipeline_client.openmetadata.server import api_address
from k8s_pipeline_client.polling import poll
from k8s_pipeline_client.settings import Settings

_PROGRAM = """\
import json, os, ssl, urllib.request
context = ssl._create_unverified_context() if os.environ["PROBE_VERIFY"] == "ignore" else ssl.create_default_context()
if os.environ["PROBE_CA"]:
    context = ssl.create_default_context(cadata=os.environ["PROBE_CA"])
try:
    with urllib.request.urlopen(os.environ["PROBE_URL"], timeout=10, context=context) as response:
        found = {"version": str(json.load(response)["version"])}
except KeyError:
    found = {"failure": "what responds is not OpenMetadata"}
except Exception as error:
    found = {"failure": f"{type(error).__name__}: {error}"[:300]}
with open("/dev/termination-log", "w") as file:
    json.dump(found, file)
"""
"""Python's own library only: that is what every ingestion image has."""
_DEADLINE = 60
_TTL = 60


def probe_job(settings: Settings, endpoint: str, certificates: str = "") -> Object:
    """Return the Job: a run's pod but for what it runs and the volumes that belong to a pipeline.

    Args:
        settings: The settings.
        endpoint: Where runs reach OpenMetadata.
        certificates: Those to trust, PEM; empty for the image's own.

    Raises:
        SettingsError: The settings' overlay changes a protected field.
        InputError: The address is invalid.
    """
    name = f"{NAME}-{secrets.token_hex(5)}"
    template = sample_cronjob(settings, name, "UTC")["spec"]["jobTemplate"]["spec"]["template"]
    spec = template["spec"]
    environment = {
        "PROBE_URL": f"{api_address(endpoint)}/v1/system/version",
        "PROBE_VERIFY": settings.verify_ssl,
        "PROBE_CA": certificates,
    }
    containers = [
        _looking(container, environment) if container["name"] == MAIN_CONTAINER else container
        for container in spec["containers"]
    ]
    volumes = [volume for volume in spec.get("volumes") or () if volume["name"] not in OWN_VOLUMES]
    kept = {
        key: value
        for key, value in (template["metadata"].get("labels") or {}).items()
        if not key.startswith((labels.PREFIX, "app.kubernetes.io/"))  # no list takes it for a run
    }
    pod = {**spec, "containers": containers, "volumes": volumes, "activeDeadlineSeconds": _DEADLINE}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": settings.namespace, "labels": {labels.APP_NAME: NAME}},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": 2 * _DEADLINE,
            "ttlSecondsAfterFinished": _TTL,  # should nobody be left to remove it
            "template": {
                "metadata": {"labels": kept | {labels.APP_NAME: NAME}, "annotations": settings.pod_annotations},
                "spec": pod,
            },
        },
    }


def _looking(container: Object, environment: dict[str, str]) -> Object:
    own = [item for item in container.get("env") or () if item["name"] in environment or "value" in item]
    mounts = [item for item in container.get("volumeMounts") or () if item["name"] not in OWN_VOLUMES]
    added = [{"name": name, "value": value} for name, value in environment.items()]
    return {
        **container,
        "command": ["python", "-c", _PROGRAM],
        "args": [],
        "env": [*own, *added],
        "volumeMounts": mounts,
    }


def send_probe(cluster: Cluster, job: Object, timeout: float) -> Maybe[Probed]:
    """Create the Job, wait until its pod has looked, and remove it.

    Args:
        cluster: The cluster.
        job: See `probe_job`.
        timeout: Seconds to wait.
    """
    name = job["metadata"]["name"]
    try:
        try:
            cluster.create(job)
            return _awaited(cluster, name, timeout)
        finally:
            cluster.delete(Kind.JOB, name, Propagation.BACKGROUND)
    except ApiError as error:
        if error.code == "AccessDenied":
            return Unknown("the account lacks the permissions to create, list or delete what a probe needs")
        return Probed(stuck=error.message)
    except PipelineError as error:
        return Unknown(error.message)


def _awaited(cluster: Cluster, name: str, timeout: float) -> Probed:
    said = "no pod was created"
    for _ in poll(timeout, first=0.5):
        for pod in cluster.list(Kind.POD, labels=f"job-name={name}"):
            found = _seen(pod)
            if isinstance(found, Probed):
                return found
            said = found
    return Probed(stuck=f"within {timeout:.0f} s: {said}")


def _seen(pod: Object) -> Probed | str:
    """Return what a pod has seen, or how far it has come."""
    status = pod.get("status") or {}
    for item in status.get("containerStatuses") or ():
        if item["name"] != MAIN_CONTAINER:
            continue
        state = item.get("state") or {}
        if ended := state.get("terminated"):
            return _read(str(ended.get("message") or ""), ended.get("exitCode"))
        if (waiting := state.get("waiting")) and waiting.get("reason") != "ContainerCreating":
            return " ".join(f"{waiting.get('reason')} {waiting.get('message') or ''}".split())[:300]
    if status.get("phase") == "Failed":
        return Probed(stuck=str(status.get("message") or status.get("reason") or "the pod failed"))
    unmet = [item for item in status.get("conditions") or () if item.get("status") == "False" and item.get("message")]
    return " ".join(str(unmet[0]["message"]).split())[:300] if unmet else "the pod has not started"


def _read(message: str, code: object) -> Probed:
    try:
        found = json.loads(message)
        return Probed(version=str(found.get("version") or ""), failure=str(found.get("failure") or ""))
    except (ValueError, AttributeError):
        return Probed(stuck=f"the image's Python ended with {code}")
