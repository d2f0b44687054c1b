"""A pipeline like any other, whose pod, Job and CronJob are tried in dry runs. Pure."""

from __future__ import annotations

from k8s_pipeline_client.cluster.port import Object
from k8s_pipeline_client.domain.entities import Workflow
from k8s_pipeline_client.domain.pipeline import from_workflow
from k8s_pipeline_client.render.cronjob import cronjob
from k8s_pipeline_client.settings import OWN_VOLUME, Settings

NAME = "om-doctor"
OWN_VOLUMES = frozenset({OWN_VOLUME})
"""The volumes of every pod whose objects a deploy makes."""
_DOCUMENT = {
    "source": {"type": "postgres", "serviceName": "doctor", "sourceConfig": {"config": {"type": "DatabaseMetadata"}}},
    "workflowConfig": {
        "openMetadataServerConfig": {"hostPort": "http://openmetadata:8585/api", "authProvider": "no-auth"}
    },
}


def sample_cronjob(settings: Settings, name: str, zone: str) -> Object:
    """Return the CronJob of a pipeline that there is not, suspended.

    Raises:
        SettingsError: The settings' overlay changes a protected field.
    """
    workflow = Workflow.model_validate({**_DOCUMENT, "airflowConfig": {"scheduleInterval": "0 3 * * *"}})
    pipeline = from_workflow(workflow, "doctor")
    found = cronjob(pipeline, name, settings, pipeline.encoded())
    return {**found, "spec": {**found["spec"], "timeZone": zone, "suspend": True}}


def pod_of(item: Object, name: str) -> Object:
    """Return the pod that a run of a CronJob would have."""
    template = item["spec"]["jobTemplate"]["spec"]["template"]
    metadata = {**template["metadata"], "name": name, "namespace": item["metadata"]["namespace"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
