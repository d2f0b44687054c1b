"""A namespace with a shop, a recording OpenMetadata server, and a reporter that is a process of its own."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.cluster.support.program import Program, Result
from tests.cluster.support.shop import READER_PASSWORD, TOKEN, Shop
from tests.cluster.support.space import until
from tests.images.recording import documents
from tests.openmetadata import token

Document = dict[str, Any]

REPORTER = "reporter-bot"
"""Whose token the reporter has: so the server knows its requests from those of the runs."""
RUN_ID = "app.kubernetes.io/run-id"
SLOW = 420.0
"""Seconds that a run may take on a machine that has more to do."""
ENDED = frozenset({"success", "failed", "partialSuccess", "stopped"})
SETTINGS: Mapping[str, Any] = {
    "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"cpu": "2", "memory": "1Gi"}},
    "terminationGracePeriodSeconds": 5,
}


@dataclass(frozen=True)
class Report:
    """A status that the server accepted.

    Attributes:
        by_us: Whether the reporter sent it, rather than the run.
        at: Seconds since the epoch.
    """

    state: str
    by_us: bool
    at: float


class Stage:
    """Where runs of the published ingestion package come to their ends."""

    def __init__(self, program: Program, shop: Shop) -> None:
        """Take the program, with the ingestion's image and a folder of its own, and the shop."""
        self.program = program
        self.space = program.space
        self.shop = shop

    def configure(self, **settings: Any) -> None:
        """Have the next runs be made with these settings."""
        self.program.configure(**{**SETTINGS, **settings})

    def know(self, name: str) -> str:
        """Have the server know a pipeline, and a service of its own, whose entities no other run has made."""
        service = service_of(name)
        config = self._database(self.shop.database, READER_PASSWORD)
        found = {
            "services/databaseServices": [documents.database_service(service, config)],
            "services/ingestionPipelines": [documents.ingestion_pipeline(service, name)],
        }
        self._request("POST", "_seed", {"entities": found})
        return fqn_of(name)

    def fault(self, **rule: Any) -> None:
        """Have the server fail."""
        self._request("POST", "_faults", rule)

    def heal(self) -> None:
        """Have the server do as it should."""
        self._request("DELETE", "_faults")

    def accept(self, token: str = TOKEN) -> None:
        """Have the server accept only this token of the runs' bot."""
        self._request("POST", "_tokens", {"bot": "ingestion-bot", "accepted": [token]})

    def workflow(
        self,
        name: str,
        *,
        password: str = READER_PASSWORD,
        database: str = "",
        server: str = "",
        **source: Any,
    ) -> Document:
        """A workflow document as `metadata ingest -c` takes it."""
        connection = self._database(database or self.shop.database, password)
        return {
            "name": name,
            "source": {
                "type": "postgres",
                "serviceName": service_of(name),
                "serviceConnection": connection,
                "sourceConfig": {
                    "config": {"type": "DatabaseMetadata", "schemaFilterPattern": {"includes": ["^public$"]}, **source}
                },
            },
            "sink": {"type": "metadata-rest", "config": {}},
            "workflowConfig": {
                "loggerLevel": "INFO",
                "openMetadataServerConfig": {
                    "clusterName": "openmetadata",
                    "hostPort": server or self.shop.server,
                    "authProvider": "openmetadata",
                    "securityConfig": {"jwtToken": TOKEN},
                },
            },
            "ingestionPipelineFQN": fqn_of(name),
        }

    def run(self, document: Document) -> str:
        """Start a run of a workflow document; return its id."""
        path = self.program.file(f"{document['name']}.yaml", document)
        return str(self.program("run", "-f", path, "-o", "json").json["runId"])

    def refused(self, document: Document) -> Result:
        """Try to run a document that cannot be run."""
        return self.program("run", "-f", self.program.file(f"{document['name']}.yaml", document), code=None)

    def job(self, run: str) -> Document | None:
        """Return the Job of a run; None if it is gone."""
        return next((job for job in self.space.list("jobs") if run_of(job) == run), None)

    def pod(self, run: str) -> Document | None:
        """Return the newest pod of a run; None if there is none."""
        found = [pod for pod in self.space.list("pods") if run_of(pod) == run]
        return found[-1] if found else None

    def reports(self, fqn: str, run: str) -> list[Report]:
        """Return what the server accepted about a run, in order."""
        found = self.shop.recorded(f"requests?method=PUT&path={fqn}/pipelineStatus")["requests"]
        return [
            Report(item["body"]["pipelineState"], item["auth"].get("subject") == REPORTER, item["time"])
            for item in found
            if item["status"] < 300 and item["body"].get("runId") == run
        ]

    def row(self, fqn: str, run: str) -> Document | None:
        """Return the row in force of a run."""
        rows: Sequence[Document] = self.shop.recorded("rows").get(fqn, ())
        mine = [row for row in rows if row["runId"] == run]
        assert len(mine) < 2, "one row of a run"
        return mine[0] if mine else None

    def until_told(self, fqn: str, run: str, state: str = "running") -> None:
        """Wait until the run itself has told a state."""
        until(
            lambda: any(report.state == state and not report.by_us for report in self.reports(fqn, run)),
            f"the run tells that it is {state}",
            SLOW,
        )

    def until_ended(self, run: str) -> None:
        """Wait until the Job of a run has a condition that ends it."""
        until(lambda: how_ended(self.job(run)), "the Job ends", SLOW)

    def until_reported(self, fqn: str, run: str, total_timeout: float = SLOW) -> Document:
        """Wait until the reporter is done with a run; return its row."""

        def look() -> Document | None:
            job = self.job(run)
            if job is not None and job["metadata"]["labels"].get("k8s-pipeline/reported") != "final":
                return None
            row = self.row(fqn, run)
            return row if row is not None and row["pipelineState"] in ENDED else None

        found = until(look, "the end of the run is reported", total_timeout)
        assert found is not None
        return found

    def _database(self, address: str, password: str) -> Document:
        return documents.postgres_connection(address, username="om_reader", password=password, database="shop")

    def entities(self, name: str) -> list[Document]:
        """The entities to deploy a pipeline: itself, and its service."""
        service = service_of(name)
        of_it = {"fullyQualifiedName": fqn_of(name), "service": {"type": "databaseService", "name": service}}
        names = {"name": service, "fullyQualifiedName": service}
        return [{**self.shop.pipeline(name), **of_it}, {**self.shop.service(), **names}]

    def _request(self, method: str, path: str, body: Any = None) -> None:
        self.shop.told(method, path, body)


@contextmanager
def reporting(program: Program, server: str) -> Iterator[None]:
    """Have a reporter report to a server, with a token of its own, during a block."""
    program.configure(metadataApiEndpoint=server, serverToken=token(REPORTER))
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
def stage_in(program: Program, reporter: Program, shop: Shop) -> Iterator[Stage]:
    """Return a stage on which a reporter works."""
    with reporting(reporter, shop.server):
        yield Stage(program, shop)


def service_of(name: str) -> str:
    """Return the service of a pipeline."""
    return f"shop_{name}"


def fqn_of(name: str) -> str:
    """Return the fully qualified name of a pipeline."""
    return f"{service_of(name)}.{name}"


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
