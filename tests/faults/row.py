"""A row of the matrix while it is played."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from k8s_pipeline_client import K8sPipelineClient
from tests.cluster.support import definitions
from tests.cluster.support.space import until
from tests.faults.puts import Put
from tests.faults.scenario import Scenario
from tests.faults.stage import Stage
from tests.faults.watch import Watch, now

Document = dict[str, Any]
T = TypeVar("T")


@dataclass
class Row:
    """A scenario at a place.

    Attributes:
        entity: Its pipeline.
        marked: From when on the time to the row is measured, where the scenario says so.
    """

    scenario: Scenario
    stage: Stage
    watch: Watch
    client: K8sPipelineClient
    entity: Document
    marked: float | None = None
    run_ids: list[str] = field(default_factory=list)

    @classmethod
    def deployed(cls, scenario: Scenario, stage: Stage, watch: Watch) -> Row:
        """Deploy its pipeline, here and at OpenMetadata."""
        entity = definitions.pipeline(
            *scenario.steps,
            name=scenario.name,
            server=stage.server.url,
            report=scenario.report,
            schedule=soon() if scenario.is_scheduled else None,
        )
        if scenario.final_state:
            entity["sourceConfig"]["config"]["standin"]["finalState"] = scenario.final_state
        entity["id"] = str(uuid.uuid5(uuid.NAMESPACE_URL, scenario.name))
        stage.seed(entity)
        client = stage.client(scenario.name, scenario.settings)
        row = cls(scenario, stage, watch, client, entity)
        client.deploy_pipeline(entity, definitions.service())
        return row

    @property
    def fqn(self) -> str:
        """The pipeline's fully qualified name."""
        return self.scenario.fqn

    def run(self) -> str:
        """Start a run, and return its id."""
        identity = str(self.client.run_pipeline(self.entity).run_id)
        self.run_ids.append(identity)
        return identity

    def mark(self) -> None:
        """Measure from here."""
        self.marked = now()

    def until(self, look: Callable[[], T], what: str) -> T:
        """Look until there is something, for as long as the scenario may take."""
        return until(look, f"{self.scenario.name}: {what}", self.scenario.within)

    def shows(self, text: str) -> None:
        """Wait until Kubernetes shows this of the run."""
        self.until(lambda: text in (self.watch.shown.get(self.fqn) or [""])[-1], f"Kubernetes shows {text!r}")

    def starts(self) -> None:
        """Wait until the program in the pod has reported that it runs."""
        self.until(lambda: [put for put in self.received() if put.state == "running"], "the run has reported")
        self.shows("pod Running")

    def received(self) -> list[Put]:
        """Return what was put of it so far."""
        return [put for put in self.stage.received() if put.fqn == self.fqn]

    def jobs(self) -> list[Document]:
        """Return its Jobs, oldest first."""
        found = self.stage.space.list("jobs", "k8s-pipeline/pipeline")
        return [job for job in found if job["metadata"]["annotations"]["k8s-pipeline/fqn"] == self.fqn]

    def job(self) -> Document:
        """Return its newest Job."""
        return self.jobs()[-1]

    def pod(self) -> Document:
        """Return the newest pod of the newest Job, which there is."""
        name = self.job()["metadata"]["name"]
        return self.until(lambda: self.stage.space.list("pods", f"job-name={name}"), "it has a pod")[-1]

    def evict(self) -> None:
        """Have the API evict its pod, as a drain does."""
        space, name = self.stage.space, self.pod()["metadata"]["name"]
        asked = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
        path = f"/api/v1/namespaces/{space.namespace}/pods/{name}/eviction"
        space.access.api.request("POST", path, body=asked)

    def patch(self, kind: str, name: str, change: object, *, how: str = "merge") -> None:
        """Change an object, as an administrator: by a merge patch, or a JSON patch."""
        self.stage.space.kubectl("patch", kind, name, f"--type={how}", "-p", json.dumps(change))

    def delete(self, kind: str, name: str, *words: str) -> None:
        """Delete an object, as an administrator."""
        self.stage.space.kubectl("delete", kind, name, "--wait=false", *words)


def soon() -> str:
    """Return a schedule that is due once, in the minute after the next."""
    due = datetime.now(UTC) + timedelta(minutes=2)
    return f"{due.minute} {due.hour} * * *"
