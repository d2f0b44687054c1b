"""The program in this process, on a cluster in memory whose Jobs a test runs by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8s_pipeline_client.cluster.port import Kind, Object
from tests.cluster.support.program import Result, call
from tests.cluster.support.schema import check_output
from tests.fakes import FakeCluster, Request
from tests.openmetadata import pipeline, service, token

NAME = "nightly"
SERVICE = service("pg_prod")
NIGHTLY = pipeline(
    NAME,
    SERVICE,
    openMetadataServerConnection={
        "hostPort": "http://openmetadata:8585/api",
        "authProvider": "openmetadata",
        "securityConfig": {"jwtToken": token()},
    },
)


class Console:
    """Runs commands.

    Attributes:
        cluster: What they find.
    """

    def __init__(self, folder: Path, cluster: FakeCluster) -> None:
        self._settings = folder / "settings.yaml"
        self._folder = folder
        self.cluster = cluster
        self.configure()

    def configure(self, **settings: Any) -> None:
        """Rewrite the settings."""
        self._settings.write_text(yaml.safe_dump({"namespace": self.cluster.namespace, **settings}))

    def move(self, name: str) -> None:
        """Have the settings in a folder of this name."""
        self._settings = self._folder / name / "settings.yaml"
        self._settings.parent.mkdir()
        self.configure()

    def __call__(self, *words: str, code: int = 0, given: str | None = None) -> Result:
        """Run a command, and check its exit code, and its output by the schema."""
        result = call(["--config", str(self._settings), *words], given=given)
        assert result.code == code, f"{words}: exit code {result.code}\n{result.out}\n{result.err}"
        if code == 0:
            check_output(words, result.out)
        return result

    def file(self, name: str, *documents: Object) -> str:
        """Write documents into a file, and return its path."""
        path = Path(self.path(name))
        path.write_text("---\n".join(f"{json.dumps(document)}\n" for document in documents))
        return str(path)

    def path(self, name: str) -> str:
        """Return the path of a file."""
        return str(self._folder / name)

    def deploy(self, *words: str) -> str:
        """Deploy a pipeline, and return its resource name."""
        found = self("deploy", "-f", self.nightly(), "-o", "json", *words).json
        return str(found[0]["resourceName"])

    def nightly(self, **changes: Any) -> str:
        """Write its definition, with changes, and return the file's path."""
        return self.file("nightly.yaml", {**NIGHTLY, **changes}, SERVICE)

    def cronjob(self) -> Object:
        """The only one there is."""
        (found,) = self.cluster.list(Kind.CRONJOB)
        return found

    def jobs(self) -> list[Object]:
        """All of them."""
        return self.cluster.list(Kind.JOB)

    def kills_end_jobs(self) -> None:
        """Have a deadline that is over end the Job and its pods, as the Job controller does."""

        def act(request: Request) -> None:
            if (request.verb, request.kind) != ("patch", Kind.JOB):
                return
            for job in self.jobs():
                if job["spec"].get("activeDeadlineSeconds") != 1 or (job.get("status") or {}).get("conditions"):
                    continue
                for pod in self.cluster.list(Kind.POD):
                    self.cluster.set_status(Kind.POD, pod["metadata"]["name"], {"phase": "Failed"})
                self.end(self.cluster.get(Kind.JOB, job["metadata"]["name"]), reason="DeadlineExceeded")

        self.cluster.after(act)

    def started(self) -> Object:
        """Start a run, and return its Job."""
        name = self("run", NAME, "-o", "name").out.strip().removeprefix("job.batch/")
        return self.cluster.get(Kind.JOB, name)

    def give_pod(self, job: Object, log: bytes = b"", *, attempt: int = 1, exit_code: int | None = None) -> Object:
        """Have a Job's pod run, or end if there is an exit code."""
        stamp = self._now()
        state: Object = {"running": {"startedAt": stamp}}
        if exit_code is not None:
            state = {"terminated": {"exitCode": exit_code, "reason": "Error", "startedAt": stamp, "finishedAt": stamp}}
        template, name = job["spec"]["template"], f"{job['metadata']['name']}-{attempt}"
        owner = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "name": job["metadata"]["name"],
            "uid": job["metadata"]["uid"],
        }
        labels = {**template["metadata"]["labels"], "batch.kubernetes.io/job-name": job["metadata"]["name"]}
        pod = self.cluster.put(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": name,
                    "namespace": self.cluster.namespace,
                    "labels": labels,
                    "creationTimestamp": stamp,
                    "ownerReferences": [{**owner, "controller": True}],
                },
                "spec": {**template["spec"], "nodeName": "node-1"},
                "status": {
                    "phase": "Running" if exit_code is None else "Failed" if exit_code else "Succeeded",
                    "startTime": stamp,
                    "containerStatuses": [{"name": "main", "state": state, "lastState": {}, "restartCount": 0}],
                },
            }
        )
        if log:
            self.cluster.add_log(name, log)
        return pod

    def end(self, job: Object, *, reason: str = "") -> None:
        """Have a Job fail for a reason, or else succeed."""
        kind, stamp = ("Failed", self._now()) if reason else ("Complete", self._now())
        conditions = [{"type": kind, "status": "True", "reason": reason, "lastTransitionTime": stamp}]
        status: Object = {"startTime": stamp, "conditions": conditions}
        if not reason:
            status |= {"completionTime": stamp, "succeeded": 1}
        self.cluster.set_status(Kind.JOB, job["metadata"]["name"], status)

    def _now(self) -> str:
        return self.cluster.clock.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    """A console on an empty namespace."""
    cluster = FakeCluster("t-00000000")  # as namespaces of tests are called in messages
    monkeypatch.setattr("k8s_pipeline_client.client.pipelines.connect", lambda *_, **__: cluster)
    return Console(tmp_path, cluster)
