"""A pipeline whose runs say nothing themselves, and the OpenMetadata server to which a reporter tells their ends."""

from __future__ import annotations

from typing import Any

from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.site import Site
from tests.cluster.support.space import until

Document = dict[str, Any]


class Told:
    """A pipeline whose runs say nothing themselves, and the OpenMetadata server to which they are reported."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.program = site.program
        self.settings: Document = {}

    def configure(self, **settings: Any) -> None:
        """Have the reporter, and the runs, work with these settings, beside the quick ones."""
        self.settings = settings
        server = {"metadataApiEndpoint": self.site.server.url, "serverToken": self.site.bearer}
        self.program.configure(**server, **settings)

    def deploy(self, *steps: Document, **fields: Any) -> str:
        """Deploy a pipeline, here and on the server; return its fully qualified name."""
        self.configure(**self.settings)
        entity = pipeline(*steps, **fields)
        self.site.seed(services=[service()], pipelines=[entity])
        self.program.deploy(entity, service())
        return str(entity["fullyQualifiedName"])

    def once(self, code: int | None = 0) -> Document:
        """Make a pass."""
        found: Document = self.program("reconcile", "--once", "-o", "json", code=code).json
        return found

    def end_of(self, fqn: str, run: str, *, total_timeout: float = 90) -> Document:
        """Make passes until the server has the end of a run, and it is confirmed; return its row."""
        ended = ("success", "failed", "partialSuccess", "stopped")

        def look() -> Document | None:
            report = self.once(code=None)
            done = [item for item in report["runs"] if item["runId"] == run and item["action"] == "confirmed"]
            row = self.site.server.api.statuses.rows.of_run(fqn, run)
            return dict(row) if done and row and row["pipelineState"] in ended else None

        row = until(look, f"the end of run {run} is reported", total_timeout)
        assert row is not None
        return row

    def run(self, *words: str) -> str:
        """Start a run, and return its id."""
        return str(self.program("run", "nightly", *words, "-o", "json").json["runId"])


def said(row: Document) -> str:
    """Return what the reporter's step says."""
    steps = [step for step in row.get("status", ()) if step["name"] == "Pod Diagnostics"]
    return str(steps[-1]["failures"][0]["error"]) if steps else ""
