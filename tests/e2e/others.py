"""What has no row of a run in OpenMetadata: what is refused before anything is written, and tests of connections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.cluster.support.program import Result
from tests.e2e.case import Case, Seen
from tests.e2e.stage import Stage, how_ended, how_it_stands

_WRITTEN = ("cronjobs", "jobs", "pods", "secrets", "configmaps")


@dataclass(frozen=True)
class Refusal(Case):
    """What the program refuses: then there is nothing of it, neither in the cluster nor in OpenMetadata.

    Attributes:
        attempt: Tries it.
        says: Texts that the error has.
    """

    attempt: Callable[[Stage, str], Result]
    says: tuple[str, ...]

    def played(self, stage: Stage) -> Seen:
        stage.server.know(self.name)
        before = _names(stage)
        result = self.attempt(stage, self.name)
        assert result.code == 2, result
        assert result.out == ""
        for text in self.says:
            assert text in result.err
        assert _names(stage) <= before, "nothing was written"
        said = result.err.strip().splitlines()[-1].removeprefix("error: ")
        return Seen(self.name, stage.server.version, "nothing: it is refused", "", "", said)


@dataclass(frozen=True)
class ConnectionTest(Case):
    """The test of a connection, whose result is in its workflow: that has run well, whatever it has found.

    Attributes:
        password: For the database.
        status: Of the result.
    """

    password: str
    status: str

    def played(self, stage: Stage) -> Seen:
        stage.server.know(self.name)
        workflow = stage.server.connection_test(self.name, stage.database(self.password))
        document = {**workflow, "openMetadataServerConnection": stage.connection()}
        stage.configure(backoffLimit=0)
        path = stage.program.file(f"{self.name}.json", document)
        run = str(stage.program("run", "-f", path, "-o", "json").json["runId"])
        stage.until_ended(run)
        found = stage.server.tested(self.name, workflow["id"])
        job, response = stage.job(run), found["response"]
        failed = [step for step in response["steps"] if not step["passed"]]
        seen = Seen(
            name=self.name,
            server=stage.server.version,
            kubernetes=how_it_stands(job, stage.pod(run)),
            run=response["status"],
            state=response["status"],
            cause=str(failed[0].get("errorLog") or failed[0].get("message")),
        )
        assert (found["status"], response["status"]) == ("Successful", self.status), found
        assert how_ended(job) == "Complete"
        assert self.password not in str(response)
        return seen


def _names(stage: Stage) -> set[tuple[str, str]]:
    return {(kind, item["metadata"]["name"]) for kind in _WRITTEN for item in stage.space.list(kind)}
