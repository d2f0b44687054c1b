"""The command `doctor` beside an OpenMetadata, and its words, which stand in the snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.support.messages import check_messages
from tests.cluster.support.program import Program, Result
from tests.cluster.support.site import Site
from tests.rights import DOCTOR

IMAGE = "docker.getcollate.io/openmetadata/ingestion-base:1.12.14"
Finding = dict[str, Any]


class Doctor:
    """Runs the command, as the Role's account, and remembers no finding whose words are not in the snapshot."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.space = site.program.space

    def configure(self, **settings: Any) -> None:
        values = {"metadataApiEndpoint": self.site.server.url, "ingestionImage": IMAGE, **settings}
        self.site.program.configure(**{key: value for key, value in values.items() if value is not None})

    def __call__(self, *words: str, code: int | None = None, program: Program | None = None) -> dict[str, Finding]:
        site = self.site if program is None else self.site.seen_by(program)
        return self._read(site("doctor", *words, "-o", "json", code=code))

    def alone(self, *words: str, code: int | None = None) -> dict[str, Finding]:
        """Run it with what its settings say of OpenMetadata, and nothing else."""
        return self._read(self.site.program("doctor", *words, "-o", "json", code=code))

    def _read(self, result: Result) -> dict[str, Finding]:
        found = result.json["findings"]
        # Nodes come and go with other tests, and our own images are named by their content.
        told = [item for item in found if item["level"] != "ok" and item["code"] not in ("NoNodeFits", "ProbeStuck")]
        told = [item for item in told if "k8s-pipeline.local/" not in item["message"]]
        check_messages("".join(f"error: {_line(item)}\n" for item in told))
        levels = ["ok", "unknown", "warning", "problem"]
        return {item["check"]: item for item in sorted(found, key=lambda item: levels.index(item["level"]))}


def _line(finding: Finding) -> str:
    return str(finding["message"]) + (f" — {finding['hint']}" if finding["hint"] else "")


@pytest.fixture
def doctor(site: Site) -> Doctor:
    """The command, with settings in which nothing is wrong."""
    doctor = Doctor(site)
    doctor.configure()
    return doctor


@pytest.fixture
def seeing(doctor: Doctor) -> Iterator[Doctor]:
    """The same, with rbac/doctor.yaml applied."""
    space = doctor.space
    text = DOCTOR.read_text().replace("openmetadata-pipelines", space.namespace)
    text = text.replace("k8s-pipeline-doctor", f"k8s-pipeline-doctor-{space.namespace}")
    space.kubectl("apply", "-f", "-", given=text)
    yield doctor
    space.kubectl("delete", "--wait=false", "-f", "-", given=text)


def levels(found: dict[str, Finding]) -> dict[str, str]:
    return {check: item["level"] for check, item in found.items()}
