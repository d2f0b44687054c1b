"""A pipeline with runs on a cluster in memory, an OpenMetadata server in memory, and reporters between them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from k8s_pipeline_client import Pipeline, Settings
from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.objects import run_id
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.domain.schedule import Schedule
from k8s_pipeline_client.render import plan_one_shot
from k8s_pipeline_client.reporter import Report, Reporter
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.unit import scene

SETTINGS = Settings(namespace="ns", backoff_limit=0)
HOURLY = Schedule("0 * * * *", "UTC")


class World:
    """One pipeline, its runs, the server that it belongs to.

    Attributes:
        fake: The cluster.
        server: Knows the pipeline.
        pipeline: Deployed.
        settings: Of the reporters.
    """

    def __init__(self, settings: Settings = SETTINGS, **changes: Any) -> None:
        self.settings = settings
        self.fake = scene.cluster()
        self.server = FakeOpenMetadata()
        self.pipeline: Pipeline = scene.pipeline(**changes)
        scene.deploy(self.fake, self.pipeline, settings=settings)
        self.server.add_pipeline(entity(self.pipeline))
        self._numbers = 0

    @property
    def fqn(self) -> str:
        """The pipeline's fully qualified name."""
        return self.pipeline.fqn

    @property
    def name(self) -> str:
        """The pipeline's resource name."""
        return self.pipeline.resource_name

    def reporter(self, *, parallel: int = 1) -> Reporter:
        """Return a reporter that knows nothing of earlier ones."""
        return Reporter(self.fake, self.settings, lambda way: self.server, parallel=parallel)

    def passes(self, count: int = 1, *, seconds: float = 10) -> Report:
        """Have a new reporter make passes, time going by before each; return the last one's report."""
        reporter = self.reporter()
        for _ in range(count):
            self.fake.advance(seconds)
            report = reporter.reconcile()
        return report

    def run(self, *, identity: str = "", **metadata: Any) -> str:
        """Have a run be made, as the CronJob controller does, or with an id; return its Job's name."""
        self._numbers += 1
        job = scene.job(self.fake, self.name, self._numbers)
        added: Object = {"annotations": {labels.CRONJOB_SCHEDULED_AT: rfc3339(self.fake.clock)}}
        if identity:
            added = {"labels": {labels.APP_RUN_ID: identity, labels.RUN_ID_GIVEN: "true"}}
        self.fake.merge(Kind.JOB, job["metadata"]["name"], {"metadata": added | metadata})
        self.fake.set_status(Kind.JOB, job["metadata"]["name"], {"startTime": rfc3339(self.fake.clock), "active": 1})
        return str(job["metadata"]["name"])

    def one_shot(self, pipeline: Pipeline) -> str:
        """Have something run once; return its Job's name."""
        found = plan_one_shot(pipeline, self.settings, str(uuid.uuid4()))
        spec = {key: value for key, value in found.job["spec"].items() if key != "suspend"}
        self.fake.create(found.secret)
        self.fake.create({**found.job, "spec": spec})
        self.fake.set_status(Kind.JOB, found.name, {"startTime": rfc3339(self.fake.clock), "active": 1})
        return found.name

    def run_id(self, job: str) -> str:
        """Return a run's id."""
        return run_id(self.fake.get(Kind.JOB, job))

    def pod(self, job: str, **status: Any) -> str:
        """Have a pod of a run be there; without a status it is running."""
        owner = self.fake.get(Kind.JOB, job)
        template = owner["spec"]["template"]
        own = {"controller-uid": owner["metadata"]["uid"], "job-name": job}
        own |= {f"batch.kubernetes.io/{key}": value for key, value in own.items()}
        name = f"{job}-{len(self.fake.list(Kind.POD)):05d}"
        running = {"name": "main", "state": {"running": {"startedAt": rfc3339(self.fake.clock)}}}
        self.fake.put(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": name,
                    "namespace": "ns",
                    "labels": {**template["metadata"]["labels"], **own},
                    "ownerReferences": [
                        {"apiVersion": "batch/v1", "kind": "Job", "name": job, "uid": owner["metadata"]["uid"]}
                    ],
                },
                "spec": {**template["spec"], "nodeName": "node-1"},
                "status": {
                    "phase": "Running",
                    "startTime": rfc3339(self.fake.clock),
                    "containerStatuses": [running],
                    **status,
                },
            }
        )
        return name

    def waiting_pod(self, job: str, reason: str = "ImagePullBackOff", message: str = "Back-off pulling image") -> str:
        """Have a pod of a run be there that does not start."""
        waiting = {"name": "main", "state": {"waiting": {"reason": reason, "message": message}}}
        return self.pod(job, phase="Pending", containerStatuses=[waiting])

    def exit(self, job: str, pod: str, code: int = 0, reason: str = "") -> None:
        """Have container main of a pod end, and the Job with it."""
        now = rfc3339(self.fake.clock)
        end = {"exitCode": code, "reason": reason or ("Error" if code else "Completed"), "finishedAt": now}
        end["startedAt"] = rfc3339(self.fake.clock - timedelta(seconds=5))
        self.fake.set_status(
            Kind.POD,
            pod,
            {
                "phase": "Failed" if code else "Succeeded",
                "containerStatuses": [{"name": "main", "state": {"terminated": end, "running": None}}],
            },
        )
        self.finish(job, "" if code == 0 else "BackoffLimitExceeded")

    def finish(self, job: str, reason: str = "") -> None:
        """Have a Job be complete, or failed for a reason."""
        now = rfc3339(self.fake.clock)
        kind = "Failed" if reason else "Complete"
        condition = {"type": kind, "status": "True", "reason": reason, "message": "", "lastTransitionTime": now}
        counted = {"failed": 1} if reason else {"succeeded": 1, "completionTime": now}
        self.fake.set_status(Kind.JOB, job, {"active": 0, "conditions": [condition], **counted})

    def failed_run(self, code: int = 1) -> str:
        """Have a run be made and fail half a minute later; return its Job's name."""
        job = self.run()
        pod = self.pod(job)
        self.fake.add_log(pod, b"on my way\n")
        self.fake.advance(30)
        self.exit(job, pod, code)
        return job

    def event(self, about: Object, reason: str, message: str = "", kind: str = "Normal") -> None:
        """Have an event be there about an object."""
        metadata = about["metadata"]
        now = rfc3339(self.fake.clock)
        self.fake.put(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": f"{metadata['name']}.{uuid.uuid4().hex[:8]}", "namespace": "ns"},
                "involvedObject": {"kind": about["kind"], "name": metadata["name"], "uid": metadata["uid"]},
                "reason": reason,
                "message": message,
                "type": kind,
                "firstTimestamp": now,
                "lastTimestamp": now,
            }
        )

    def row(self, job: str) -> Document | None:
        """Return the row of a run."""
        return self.server.row(self.fqn, self.run_id(job))

    def state(self, job: str) -> str | None:
        """Return the state that OpenMetadata has of a run; None if it has none."""
        return state_of(self.row(job))

    def mark(self, job: str) -> str | None:
        """Return what the reporter has marked a Job with."""
        found = self.fake.get(Kind.JOB, job)["metadata"]["labels"].get(labels.REPORTED)
        return str(found) if found else None

    def remembered(self) -> set[str]:
        """Return the ids of the runs that are remembered to be open."""
        return {
            key.removeprefix(labels.OPEN_RUN)
            for item in self.fake.list(Kind.CONFIG_MAP)
            for key in item["metadata"].get("annotations") or {}
            if key.startswith(labels.OPEN_RUN)
        }

    def reported_by_itself(self, job: str, state: str, **fields: Any) -> None:
        """Have a run report itself."""
        now = int(self.fake.clock.timestamp() * 1000)
        row = {"runId": self.run_id(job), "pipelineState": state, "timestamp": now, "startDate": now, **fields}
        self.server.add_row(self.fqn, row)


def entity(pipeline: Pipeline) -> Document:
    """Return a pipeline as the server has it."""
    return {
        "id": pipeline.id,
        "name": pipeline.name,
        "fullyQualifiedName": pipeline.fqn,
        "pipelineType": pipeline.pipeline_type,
        "service": {"type": "databaseService", "name": pipeline.service, "fullyQualifiedName": pipeline.service},
        "deleted": False,
    }


def state_of(row: Document | None) -> str | None:
    """Return the state that a row has."""
    return None if row is None else str(row["pipelineState"])


def said(row: Document | None) -> str:
    """Return what the reporter's step of a row says; empty where there is none."""
    steps = [step for step in (row or {}).get("status") or () if step["name"] == "Pod Diagnostics"]
    return str(steps[-1]["failures"][0]["error"]) if steps else ""
