"""A namespace with a shop, an OpenMetadata server, and a reporter that is a process of its own."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.cluster.support.program import Program
from tests.cluster.support.shop import READER_PASSWORD, Shop
from tests.cluster.support.space import until
from tests.e2e.servers import ENDED, OpenMetadata, Report
from tests.images.manifests import POSTGRES_DATABASE, POSTGRES_USER
from tests.images.recording import documents

Document = dict[str, Any]

RUN_ID = "app.kubernetes.io/run-id"
SLOW = 420.0
"""Seconds that a run may take on a machine that has more to do."""
SETTINGS: Mapping[str, Any] = {
    "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"cpu": "2", "memory": "1Gi"}},
    "terminationGracePeriodSeconds": 5,
}


class Stage:
    """Where runs of the published ingestion package come to their ends."""

    def __init__(self, program: Program, shop: Shop, server: OpenMetadata) -> None:
        """Take the program, with the ingestion's image and a folder of its own, the shop, and the server."""
        self.program = program
        self.space = program.space
        self.shop = shop
        self.server = server

    def configure(self, **settings: Any) -> None:
        """Have the next runs be made with these settings."""
        self.program.configure(**{**SETTINGS, **settings})

    def workflow(
        self,
        name: str,
        *,
        password: str = READER_PASSWORD,
        database: str = "",
        server: str = "",
        token: str = "",
        **source: Any,
    ) -> Document:
        """A workflow document as `metadata ingest -c` takes it."""
        connection = self.database(password, address=database)
        return {
            "name": name,
            "source": {
                "type": "postgres",
                "serviceName": self.server.service(name),
                "serviceConnection": connection,
                "sourceConfig": {
                    "config": {"type": "DatabaseMetadata", "schemaFilterPattern": {"includes": ["^public$"]}, **source}
                },
            },
            "sink": {"type": "metadata-rest", "config": {}},
            "workflowConfig": {
                "loggerLevel": "INFO",
                "openMetadataServerConfig": self.connection(server=server, token=token),
            },
            "ingestionPipelineFQN": self.server.fqn(name),
        }

    def run(self, document: Document) -> str:
        """Start a run of a workflow document; return its id."""
        path = self.program.file(f"{document['name']}.yaml", document)
        return str(self.program("run", "-f", path, "-o", "json").json["runId"])

    def job(self, run: str) -> Document | None:
        """Return the Job of a run; None if it is gone."""
        return next((job for job in self.space.list("jobs") if run_of(job) == run), None)

    def pod(self, run: str) -> Document | None:
        """Return the newest pod of a run; None if there is none."""
        found = [pod for pod in self.space.list("pods") if run_of(pod) == run]
        return found[-1] if found else None

    def until_told(self, name: str, run: str, state: str = "running") -> None:
        """Wait until the run itself has told a state."""
        until(
            lambda: any(report.state == state and not report.by_us for report in self.server.reports(name, run)),
            f"the run tells that it is {state}",
            SLOW,
        )

    def until_ended(self, run: str) -> None:
        """Wait until the Job of a run has a condition that ends it."""
        until(lambda: how_ended(self.job(run)), "the Job ends", SLOW)

    def until_reported(self, name: str, run: str, total_timeout: float = SLOW) -> Document:
        """Wait until the reporter is done with a run; return its row."""

        def look() -> Document | None:
            job = self.job(run)
            if job is not None and job["metadata"]["labels"].get("k8s-pipeline/reported") != "final":
                return None
            row = self.server.row(name, run)
            return row if row is not None and row["pipelineState"] in ENDED else None

        found = until(look, "the end of the run is reported", total_timeout)
        assert found is not None
        return found

    def entities(self, name: str) -> list[Document]:
        """The entities to deploy a pipeline: itself, and its service."""
        service = self.server.service(name)
        of_it = {"fullyQualifiedName": self.server.fqn(name), "service": {"type": "databaseService", "name": service}}
        told = {"openMetadataServerConnection": self.connection()}
        names = {"name": service, "fullyQualifiedName": service}
        return [{**self.shop.pipeline(name), **of_it, **told}, {**self.shop.service(), **names}]

    def database(self, password: str, *, address: str = "") -> Document:
        """The connection of a service to the shop's database, or to another one."""
        return documents.postgres_connection(
            address or self.shop.database, username=POSTGRES_USER, password=password, database=POSTGRES_DATABASE
        )

    def connection(self, *, server: str = "", token: str = "") -> Document:
        """The connection of a run to the server, or to another one."""
        return {
            "clusterName": "openmetadata",
            "hostPort": server or self.server.address,
            "authProvider": "openmetadata",
            "securityConfig": {"jwtToken": token or self.server.token},
        }


@contextmanager
def reporting(program: Program, server: OpenMetadata) -> Iterator[None]:
    """Have a reporter report to a server during a block."""
    program.configure(metadataApiEndpoint=server.address, serverToken=server.reporter_token)
    process = program.start("reconcile", "--interval", "2s")
    try:
        yield
        assert process.poll() is None, "the reporter goes on"
    finally:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
        if "Traceback" in said:
            raise AssertionError(said)


@contextmanager
def stage_in(program: Program, reporter: Program, shop: Shop, server: OpenMetadata) -> Iterator[Stage]:
    """Return a stage on which a reporter works; what was made at the server is removed after it."""
    with closing(server), reporting(reporter, server):
        yield Stage(program, shop, server)


def run_of(item: Document) -> str:
    """Return whose Job or pod something is: of one that has no label of ours the Job's UID is the run's id."""
    labels = item["metadata"].get("labels") or {}
    uid = item["metadata"]["uid"] if item["kind"] == "Job" else labels.get("controller-uid", "")
    return str(labels.get(RUN_ID) or uid)


def how_ended(job: Document | None) -> str:
    """Return the condition that has ended a Job, and why; empty while there is none."""
    conditions = ((job or {}).get("status") or {}).get("conditions") or ()
    for condition in conditions:
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            reason = condition.get("reason") if condition["type"] == "Failed" else ""
            return f"{condition['type']} {reason}".strip()
    return ""


def how_it_stands(job: Document | None, pod: Document | None) -> str:
    """Return what Kubernetes shows of a run, in a few words."""
    if job is None:
        return "the Job is gone"
    statuses = ((pod or {}).get("status") or {}).get("containerStatuses") or ()
    ends = [item["state"].get("terminated") for item in statuses if item["name"] == "main"]
    end = next((item for item in ends if item), None)
    code = f", exit code {end['exitCode']}{' ' + end['reason'] if end['reason'] == 'OOMKilled' else ''}" if end else ""
    return (how_ended(job) or "no condition") + code


def seconds_since_end(job: Document | None, reports: Sequence[Report]) -> float | None:
    """Return how long after the end of its Job the reporter told the end; None if either is not known."""
    conditions = ((job or {}).get("status") or {}).get("conditions") or ()
    ends = [item["lastTransitionTime"] for item in conditions if item["type"] in ("Complete", "Failed")]
    ours = [report.at for report in reports if report.by_us and report.state in ENDED]
    if not ends or not ours:
        return None
    at = datetime.fromisoformat(min(ends)).timestamp()
    return max(ours[0] - at, 0.0)


def folder_of(parent: Path, name: str) -> Path:
    """Make a folder for a program's files."""
    path = parent / name
    path.mkdir()
    return path
