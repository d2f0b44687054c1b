"""The service as the chart installs it, at the address where a server looks for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.cluster.support.forward import forwarded
from tests.cluster.support.helm import CHART, Helm
from tests.cluster.support.program import QUICK
from tests.cluster.support.serving import Place
from tests.cluster.support.space import Space

_RELEASE = "om"


@dataclass(frozen=True)
class Chart:
    """What is installed where.

    Attributes:
        folder: Where helm keeps what it keeps.
        image: That of this program.
        ingestion: That of the runs.
    """

    space: Space
    folder: Path
    image: str
    ingestion: str

    @contextmanager
    def installed(self, place: Place, *, openmetadata: str, version: str) -> Iterator[str]:
        """Yield the address that leads to a release, which is uninstalled at the end of the block."""
        login = {"username": place.username, "password": place.password}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "k8s-pipeline-login"}, "stringData": login}
        self.space.kubectl("apply", "-f", "-", given=yaml.safe_dump(secret))
        helm = Helm(self.folder, self.space.access)
        options = ["--namespace", self.space.namespace, "--wait", "--timeout=150s"]
        name, _, tag = self.image.rpartition(":")
        values = {
            "image": {"repository": name, "tag": tag},
            "settings": {**QUICK, "metadataApiEndpoint": openmetadata, "ingestionImage": self.ingestion},
            "service": {"openmetadataVersion": version},
        }
        helm("install", _RELEASE, str(CHART), *options, values=values)
        host = place.address.rpartition(":")[0]
        try:
            with forwarded(self.space, f"service/{_RELEASE}-k8s-pipeline", 8080, at=place.address) as port:
                yield f"{host}:{port}"
        finally:
            helm("uninstall", _RELEASE, *options)
