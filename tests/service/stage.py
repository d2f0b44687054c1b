"""A service on a port of this machine, with a cluster and an OpenMetadata in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from k8s_pipeline_client import Settings
from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.openmetadata.port import OpenMetadata
from k8s_pipeline_client.service import Metrics, ServiceConfig, create_app
from k8s_pipeline_client.service.auth import Credentials, fixed
from k8s_pipeline_client.service.run import uvicorn_config
from tests.fakes import FakeCluster, FakeOpenMetadata
from tests.openmetadata import pipeline, service, token
from tests.service.javaclient import Generation, JavaClient

USERNAME, PASSWORD = "admin", "a-password-of-tests"
SETTINGS = Settings(namespace="t-00000000")
SERVICE = service("pg_prod")
CONNECTION = {
    "hostPort": "http://openmetadata:8585/api",
    "authProvider": "openmetadata",
    "securityConfig": {"jwtToken": token()},
}
NIGHTLY = pipeline("nightly", SERVICE, openMetadataServerConnection=CONNECTION)


def of_service(name: str, of: Object = SERVICE, **fields: Any) -> Object:
    """Return another pipeline, as the server would post it."""
    return pipeline(name, of, openMetadataServerConnection=CONNECTION, **fields)


@dataclass
class Stage:
    """What a test sees.

    Attributes:
        port: Where the service listens.
        opened: Address and token of each time that OpenMetadata was asked.
    """

    cluster: FakeCluster
    openmetadata: FakeOpenMetadata
    port: int = 0
    opened: list[tuple[str, str]] = field(default_factory=list)

    def client(
        self, generation: Generation = Generation.NEW, *, path: str = "", password: str = PASSWORD
    ) -> JavaClient:
        """Return a client that has asked nothing yet."""
        return JavaClient(f"http://127.0.0.1:{self.port}{path}", USERNAME, password, generation)

    def open(self, address: str, token: str) -> AbstractContextManager[OpenMetadata]:
        """Stand for OpenMetadata."""
        self.opened.append((address, token))
        return self.openmetadata.with_token(token)

    def cronjob(self) -> Object:
        """The only one there is."""
        (found,) = self.cluster.list(Kind.CRONJOB)
        return found

    def jobs(self) -> list[Object]:
        """All there are, the newest last."""
        return sorted(self.cluster.list(Kind.JOB), key=lambda job: str(job["metadata"]["creationTimestamp"]))

    def give_pod(self, job: Object, log: bytes = b"", *, attempt: int = 1, exit_code: int | None = None) -> Object:
        """Have a Job's pod run, or end if there is an exit code."""
        stamp = self.cluster.clock.strftime("%Y-%m-%dT%H:%M:%SZ")
        state: Object = {"running": {"startedAt": stamp}}
        if exit_code is not None:
            state = {"terminated": {"exitCode": exit_code, "startedAt": stamp, "finishedAt": stamp}}
        template, name = job["spec"]["template"], f"{job['metadata']['name']}-{attempt}"
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
                    "ownerReferences": [
                        {
                            "apiVersion": "batch/v1",
                            "kind": "Job",
                            "name": job["metadata"]["name"],
                            "uid": job["metadata"]["uid"],
                            "controller": True,
                        }
                    ],
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
        stamp = self.cluster.clock.strftime("%Y-%m-%dT%H:%M:%SZ")
        kind = "Failed" if reason else "Complete"
        conditions = [{"type": kind, "status": "True", "reason": reason, "lastTransitionTime": stamp}]
        status: Object = {"startTime": stamp, "conditions": conditions}
        if not reason:
            status |= {"completionTime": stamp, "succeeded": 1}
        self.cluster.set_status(Kind.JOB, job["metadata"]["name"], status)


@contextmanager
def staged(settings: Settings = SETTINGS, *, credentials: Credentials | None = None, **config: Any) -> Iterator[Stage]:
    """Serve until the end of the block."""
    cluster = FakeCluster(settings.namespace)
    cluster.advance(20 * 24 * 3600)
    stage = Stage(cluster, FakeOpenMetadata())
    stage.openmetadata._api.entities.put("services/databaseServices", SERVICE)
    # A test that is not about the reporter counts requests, or has none come back.
    found = ServiceConfig(**{"host": "127.0.0.1", "port": 0, "reporter": False, "refresh": False, **config})
    login = credentials or Credentials(fixed([USERNAME], "user name"), fixed([PASSWORD], "password"))
    app = create_app(cluster, settings, login, found, metrics=Metrics(), open_server=stage.open)
    server = uvicorn.Server(uvicorn_config(app, found))
    thread = threading.Thread(target=server.run, name="uvicorn", daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    stage.port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield stage
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()
