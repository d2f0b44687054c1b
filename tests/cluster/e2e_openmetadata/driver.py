"""What a person does at an OpenMetadata server, and what that shows: all through the server's own API."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote

from tests.cluster.support.serving import Service
from tests.cluster.support.space import Space, until
from tests.openmetadata_contract.servers import PIPELINES, SERVICES, WORKFLOWS, Answer, Document, Server

TASK = "ingestion_task"
RUN_ID = "app.kubernetes.io/run-id"


class Driver:
    """A server whose pipeline service is ours.

    Attributes:
        server: The server.
        space: The namespace of the runs.
        reached: Whether pods reach the server, and so can tell it of their runs.
    """

    def __init__(self, server: Server, space: Space, service: Service | None, *, reached: bool) -> None:
        self.server = server
        self.space = space
        self._service = service
        self.reached = reached

    @property
    def service(self) -> Service:
        """The pipeline service, where it is a process of this machine."""
        assert self._service is not None, "it is a pod"
        return self._service

    def create(self, *steps: Document, report: bool = False, name: str = "", **fields: Any) -> Clicked:
        """Make a pipeline whose runs do these steps; it is not deployed."""
        create = self.server.create_pipeline(name or f"p-{uuid.uuid4().hex[:8]}")
        create["sourceConfig"]["config"]["standin"] = {"steps": list(steps), "report": report}
        answer = self.server.call("POST", PIPELINES, {**create, **fields})
        assert answer.status == 201, answer
        return Clicked(self, answer.body)

    def deployed(self, *steps: Document, **fields: Any) -> Clicked:
        """Make a pipeline, and deploy it."""
        found = self.create(*steps, **fields)
        found.deploy()
        return found

    def health(self) -> Answer:
        """Ask the server how its pipeline service is."""
        return self.server.call("GET", f"{PIPELINES}/status")


class Clicked:
    """A pipeline, and the buttons of its page."""

    def __init__(self, driver: Driver, entity: Document) -> None:
        self._driver = driver
        self._server = driver.server
        self._space = driver.space
        self.id = str(entity["id"])
        self.name = str(entity["name"])
        self.fqn = str(entity["fullyQualifiedName"])
        self.path = f"{PIPELINES}/{self.id}"
        self._rows = f"{PIPELINES}/{quote(self.fqn, safe='')}/pipelineStatus"

    # Buttons.

    def press(self, button: str) -> Answer:
        return self._server.call("POST", f"{PIPELINES}/{button}/{self.id}")

    def deploy(self) -> None:
        answer = self.press("deploy")
        assert (answer.status, answer.body.get("code")) == (200, 200), answer

    def trigger(self) -> str:
        """Start a run, and return its id, which the server's answer does not say: it is the newest Job's."""
        before = {job["metadata"]["uid"] for job in self.jobs()}
        answer = self.press("trigger")
        assert (answer.status, answer.body.get("code")) == (200, 200), answer
        (job,) = [job for job in self.jobs() if job["metadata"]["uid"] not in before]
        return str(job["metadata"]["labels"][RUN_ID])

    def edit(self, *operations: Document) -> Answer:
        return self._server.patch(self.path, *operations)

    def schedule(self, cron: str) -> None:
        answer = self.edit({"op": "replace", "path": "/airflowConfig/scheduleInterval", "value": cron})
        assert answer.status == 200, answer

    def delete(self, *, hard: bool = False) -> None:
        answer = self._server.call("DELETE", f"{self.path}?hardDelete={str(hard).lower()}")
        assert answer.status == 200, answer

    def restore(self) -> None:
        answer = self._server.call("PUT", f"{PIPELINES}/restore", {"id": self.id})
        assert answer.status == 200, answer

    def log(self) -> str:
        """Return the log of the last run, page by page, as the page of logs shows it; nothing if there is none."""
        text: str = ""
        after: str = ""
        while True:
            answer = self._server.call("GET", f"{PIPELINES}/logs/{self.id}/last" + (after and f"?after={after}"))
            if answer.status != 200:
                return text
            text += answer.body.get(TASK, "")
            if not answer.body.get("after"):
                return text
            after = answer.body["after"]

    # What is shown.

    def entity(self) -> Document:
        found = self._server.call("GET", f"{self.path}?include=all")
        assert found.status == 200, found
        body: Document = found.body
        return body

    def row(self, run_id: str) -> Document:
        """Return the row of a run as the server has it; an empty one if it has none."""
        answer = self._server.call("GET", f"{self._rows}/{run_id}")
        assert answer.status in (200, 204), answer
        return answer.body or {}

    def state(self, run_id: str) -> str:
        return str(self.row(run_id).get("pipelineState", ""))

    def reaches(self, run_id: str, state: str) -> Document:
        """Wait until the server says that a run is in a state, and return its row."""
        until(lambda: self.state(run_id) == state, f"the run is {state} at the server")
        return self.row(run_id)

    def rows(self) -> list[Document]:
        """List rows, with what the pipeline service says of runs that are queued."""
        answer = self._server.call("GET", f"{self._rows}?startTs=0&endTs=99999999999999")
        assert answer.status == 200, answer
        found: list[Document] = answer.body["data"]
        return found

    # In the cluster.

    def cronjobs(self) -> list[Document]:
        return [item for item in self._space.list("cronjobs") if _is_of(item, self.fqn)]

    def cronjob(self) -> Document:
        (found,) = self.cronjobs()
        return found

    def jobs(self) -> list[Document]:
        return [item for item in self._space.list("jobs") if _is_of(item, self.fqn)]

    def active(self) -> list[Document]:
        return [job for job in self.jobs() if not job["status"].get("conditions")]

    def runs(self, run_id: str) -> None:
        """Wait until the pod of a run runs."""
        until(lambda: self._phase(run_id) == "Running", "the pod runs", 180)

    def ends(self, run_id: str) -> None:
        """Wait until the Job of a run has ended."""
        until(lambda: run_id not in {job["metadata"]["labels"][RUN_ID] for job in self.active()}, "the Job has ended")

    def _phase(self, run_id: str) -> str:
        pods = self._space.list("pods", f"{RUN_ID}={run_id}")
        return str(pods[-1]["status"].get("phase", "")) if pods else ""


def _is_of(item: Document, fqn: str) -> bool:
    return fqn in (item["metadata"].get("annotations") or {}).values()


def service_path(server: Server) -> str:
    return f"{SERVICES}/{server.service['id']}"


def workflow_path(identity: str) -> str:
    return f"{WORKFLOWS}/{identity}"
