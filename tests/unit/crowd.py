"""A namespace with many pipelines, one of which is real: to see that what concerns one does not grow with them all."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from k8s_pipeline_client import Pipeline, Settings
from k8s_pipeline_client.client.kubernetes import K8sPipelineClient
from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.entities import IngestionPipeline, Service
from k8s_pipeline_client.domain.pipeline import from_entity
from tests.data import sample
from tests.fakes import FakeCluster
from tests.fakes.defaults import defaulted

SETTINGS = Settings(namespace="ns")
ENTITY = sample("pipelines/01_postgres_metadata_daily.json")
FAILED = {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}], "failed": 1}
_NAME_LABELS = (labels.FQN_HASH, labels.NAME_HASH, labels.DISPLAY_NAME_HASH, labels.SERVICE_AND_TYPE_HASH)


def pipeline(**changes: Any) -> Pipeline:
    """Return the pipeline that is real."""
    entity = IngestionPipeline.model_validate(ENTITY)
    return replace(from_entity(entity, Service.model_validate(sample("services/postgres.json")), "a test"), **changes)


class Crowd:
    """The namespace.

    Attributes:
        fake: The cluster.
        client: Works there.
        name: The resource name of the real pipeline.
    """

    def __init__(self, size: int) -> None:
        """Deploy the real pipeline, give it some failed runs, and put so many others beside it."""
        self.fake = FakeCluster("ns", collects=False)
        self.client = K8sPipelineClient(self.fake, SETTINGS)
        self.client.pipelines.deploy(pipeline())
        self.name = pipeline().resource_name
        self._template: Object = self.fake.get(Kind.CRONJOB, self.name)
        for number in range(12):
            self.run_of(self.name, number, uid=f"00000000-0000-4000-8000-{number:012}")
        for number in range(size):
            self._put_another(f"om-other-{number}")

    def fork(self) -> Crowd:
        """Return another one just like it."""
        found = copy.copy(self)
        found.fake = self.fake.fork()
        found.client = K8sPipelineClient(found.fake, SETTINGS)
        return found

    def run_of(self, name: str, number: int, *, uid: str = "", status: Object | None = None) -> Object:
        """Put a run of a pipeline there, with its pod and what happened to both; return its Job."""
        job = f"{name}-{number}"
        bears = {labels.PIPELINE: name, labels.INSTANCE: self._template["metadata"]["labels"][labels.INSTANCE]}
        spec = self._template["spec"]["jobTemplate"]["spec"] if uid else {"template": {"spec": {"containers": []}}}
        metadata = {
            "name": job,
            "labels": bears,
            "uid": uid or job,
            "creationTimestamp": f"2025-12-31T{number:02}:00:00Z",
        }
        found = self.fake.put(
            defaulted(
                {
                    "apiVersion": "batch/v1",
                    "kind": "Job",
                    "metadata": metadata,
                    "spec": spec,
                    "status": status or FAILED,
                }
            )
        )
        of_job = {**bears, labels.JOB_NAME: job, labels.CONTROLLER_UID: uid or job}
        about = {"kind": "Pod", "name": f"{job}-aaaaa", "uid": f"{job}-pod"}
        containers = [{"name": "main", "image": "an-image"}]
        self.fake.put(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": about["name"], "uid": about["uid"], "labels": of_job},
                "spec": {"containers": containers},
                "status": {"phase": "Failed"},
            }
        )
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{job}.event"},
            "involvedObject": about,
            "reason": "Failed",
        }
        self.fake.put(event)
        return found

    def _put_another(self, name: str) -> None:
        own = (
            self._template["metadata"]["labels"]
            | dict.fromkeys(_NAME_LABELS, f"of-{name}")
            | {labels.PIPELINE: name, labels.PIPELINE_ID: name}
        )
        spec = {"schedule": "0 0 * * *", "suspend": True}
        self.fake.put(
            {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name, "labels": own}, "spec": spec}
        )
        self.run_of(name, 1)
