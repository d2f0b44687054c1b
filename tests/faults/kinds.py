"""Runs of a load: mostly good ones, and some of each bad kind."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from tests.faults.scenarios import LONG, MISSING_IMAGE, WORKS

Document = dict[str, Any]


class Blow(Enum):
    """What is done to a run while it works."""

    NONE = auto()
    POD_DELETED = auto()
    JOB_DELETED = auto()


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of runs, which share a pipeline.

    Attributes:
        name: Of the pipeline.
        steps: What the stand-in of the ingestion does.
        state: The one terminal state that OpenMetadata has to have in the end.
        report: Whether the runs report themselves.
    """

    name: str
    steps: tuple[Document, ...]
    state: str = "failed"
    report: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    blow: Blow = Blow.NONE

    @property
    def fqn(self) -> str:
        """The fully qualified name of the pipeline."""
        return f"pg_prod.{self.name}"


SUCCEEDS = Kind("succeeds", (WORKS,), state="success")
FAILS = Kind("fails", (WORKS, {"fail": "no such table"}))
EXITS = Kind("exits", (WORKS, {"exit": 1}), report=False)
CONTRADICTS = Kind("contradicts", (WORKS, {"exit": 1}))
SILENT = Kind("silent", (WORKS,), state="success", report=False)
OUT_OF_MEMORY = Kind("out-of-memory", (WORKS, {"eatMemoryMiB": 400}))
NO_IMAGE = Kind(
    "no-image", (WORKS,), report=False, settings={"ingestionImage": MISSING_IMAGE, "startTimeoutSeconds": 30}
)
POD_DELETED = Kind("pod-deleted", (WORKS, LONG), blow=Blow.POD_DELETED)
JOB_DELETED = Kind("job-deleted", (WORKS, LONG), blow=Blow.JOB_DELETED)

ONE_IN_TEN: Mapping[Kind, int] = {
    SUCCEEDS: 90,
    FAILS: 2,
    EXITS: 1,
    CONTRADICTS: 2,
    SILENT: 1,
    OUT_OF_MEMORY: 1,
    NO_IMAGE: 1,
    POD_DELETED: 1,
    JOB_DELETED: 1,
}
"""Of a hundred runs; a tenth of them with a fault."""

MOSTLY_BAD: Mapping[Kind, int] = {
    SUCCEEDS: 30,
    FAILS: 10,
    EXITS: 20,
    CONTRADICTS: 20,
    SILENT: 10,
    OUT_OF_MEMORY: 5,
    POD_DELETED: 5,
}
"""Of a hundred runs: for reporters that are to have much to write."""


def drawn(shares: Mapping[Kind, int], count: int, seed: int) -> Sequence[Kind]:
    """Return so many kinds by their shares, mixed, always in the same order for a seed."""
    hundred = [kind for kind, share in shares.items() for _ in range(share)]
    generator = random.Random(seed)
    found: list[Kind] = []
    while len(found) < count:
        found += generator.sample(hundred, len(hundred))
    return found[:count]
