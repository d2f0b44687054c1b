"""The program beside an OpenMetadata server: a stand-in that answers as the real one does."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Any

from tests.cluster.support.program import Program, Result
from tests.images.recording import RecordingServer
from tests.images.recording.wire import Request
from tests.openmetadata import service, token

PIPELINES = "services/ingestionPipelines"
DATABASES = "services/databaseServices"
LISTING = r"/ingestionPipelines$"
ENDPOINT = "http://openmetadata.invalid:8585/api"
SHOP = service("shop")


class Site:
    """The program, and the OpenMetadata server that it reads."""

    def __init__(self, program: Program, server: RecordingServer, folder: Path) -> None:
        self.program = program
        self.server = server
        self._token = folder / "token"
        self.bearer = token()
        self._token.write_text(self.bearer + "\n")
        program.configure(metadataApiEndpoint=ENDPOINT)

    def seed(self, **collections: Sequence[dict[str, Any]]) -> None:
        """Have the server have entities: of services, and of pipelines."""
        names = {"services": DATABASES, "pipelines": PIPELINES}
        self.server.control.seed({"entities": {names[key]: items for key, items in collections.items()}})

    def forget(self, entity: dict[str, Any]) -> None:
        """Have the server lose a pipeline."""
        self.server.api.entities.delete(PIPELINES, entity)

    def delete(self, entity: dict[str, Any]) -> None:
        """Have a pipeline be deleted as people do it: it can be restored."""
        path = (*PIPELINES.split("/"), entity["id"])
        request = Request("DELETE", path, authorization=f"Bearer {token('admin')}")
        assert self.server.api.answer(request).status < 300

    def seen_by(self, program: Program) -> Site:
        """Return the same server, beside a program that may do something else."""
        other = copy(self)
        other.program = program
        return other

    @property
    def place(self) -> list[str]:
        """The options that name the server."""
        return ["--server", self.server.url, "--server-token-file", str(self._token)]

    def __call__(self, *words: str, code: int | None = 0) -> Result:
        """Run a command against the server; whatever it says, it does not say the token."""
        result = self.program(*words, *self.place, code=code)
        assert self.bearer.split(".")[1] not in result.out + result.err
        return result

    def deploy(self, *words: str, code: int = 0) -> dict[str, dict[str, Any]]:
        """Deploy, and return what became of each, by fully qualified name."""
        found = self("deploy", "--from-server", *words, "-o", "json", code=code).json
        return {item["fqn"]: item for item in found}

    def standings(self) -> dict[str, tuple[str, ...]]:
        """Return standing, and then the reasons, by fully qualified name."""
        found = self("list", "--from-server", "-o", "json").json
        return {item["fqn"]: (item["standing"], *item["reasons"]) for item in found}
