"""Where rows are played: a namespace, a stand-in of OpenMetadata, and a reporter as the documented Role's account."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from k8s_pipeline_client import K8sPipelineClient, create_client, load_settings
from tests.cluster.support.access import Access
from tests.cluster.support.program import QUICK
from tests.cluster.support.site import PIPELINES
from tests.cluster.support.space import Space
from tests.cluster.support.started import Started
from tests.faults.puts import Put, puts
from tests.images.recording import RecordingServer
from tests.images.recording.journal import token_digest
from tests.openmetadata import token

Document = dict[str, Any]

REPORTERS_BOT = "reporter-bot"
"""Not the runs' own: so it is seen who has written a row, and one may be refused without the other."""
INTERVAL = 5.0


@dataclass(frozen=True)
class Stage:
    """A place that is open.

    Attributes:
        server: Can be reached from pods.
        image: The stand-in of the ingestion.
        bearer: The reporter's token.
    """

    space: Space
    server: RecordingServer
    image: str
    folder: Path
    bearer: str
    reporters: list[Started] = field(default_factory=list)

    @property
    def access(self) -> Access:
        """The administrator's."""
        return self.space.access

    def seed(self, entity: Document) -> None:
        """Have OpenMetadata know a pipeline."""
        self.server.control.seed({"entities": {PIPELINES: [entity]}})

    def client(self, name: str, settings: Mapping[str, Any]) -> K8sPipelineClient:
        """Return a client as the Role's account, with the quick settings and these."""
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump({**QUICK, "ingestionImage": self.image, **settings}))
        loaded = load_settings([path], environ={}, namespace=self.space.namespace)
        found = create_client(loaded.settings, kubeconfig=self.space.kubeconfig)
        assert isinstance(found, K8sPipelineClient)
        return found

    def received(self) -> list[Put]:
        """Return all rows that were put so far, in order."""
        return puts(self.server.journal.since(), token_digest(self.bearer))

    def in_force(self, fqn: str) -> list[Document]:
        """Return the rows of a pipeline that OpenMetadata has now."""
        return self.server.api.statuses.rows.listed(fqn)

    def start_reporter(self, interval: float = INTERVAL) -> Started:
        """Start one: a process of its own."""
        words = ["--config", str(self.folder / "reporter.yaml"), "-n", self.space.namespace]
        words += ["--kubeconfig", str(self.space.kubeconfig), "reconcile", "--interval", f"{interval:g}s"]
        found = Started([*words, "--log-format", "json"], scratch=self.folder)
        self.reporters.append(found)
        return found

    def stop_reporters(self) -> list[str]:
        """End all that run, and return what each has said."""
        alive = [each for each in self.reporters if each.poll() is None]
        for each in alive:
            each.send_signal(signal.SIGTERM)
        said = [each.communicate(timeout=60)[0] for each in alive]
        self.reporters.clear()
        return said


@contextmanager
def opened(access: Access, folder: Path, image: str) -> Iterator[Stage]:
    """Make a place; namespace, server and reporters are gone after the block."""
    folder.mkdir(parents=True)
    with RecordingServer(address_of(access)) as server, Space.open(access, folder) as space:
        bearer = token(REPORTERS_BOT)
        settings = {**QUICK, "metadataApiEndpoint": server.url, "serverToken": bearer, "ingestionImage": image}
        (folder / "reporter.yaml").write_text(yaml.safe_dump(settings))
        stage = Stage(space, server, image, folder, bearer)
        try:
            yield stage
        finally:
            said = stage.stop_reporters()
            (folder / "reporters.log").write_text("\n".join(said))


def address_of(access: Access) -> str:
    """Return the address by which this machine talks to the API server; pods reach it there, as a rule."""
    server = urlsplit(yaml.safe_load(access.run("config", "view", "--minify"))["clusters"][0]["cluster"]["server"])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as route:
        route.connect((server.hostname, server.port or 443))  # nothing is sent: it only looks the route up
        address: str = route.getsockname()[0]
    return address
