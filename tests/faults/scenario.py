"""What a row of the fault matrix is: a run, what befalls it, and how OpenMetadata has to know it in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.faults.row import Row
    from tests.faults.stage import Stage

Document = dict[str, Any]
Act = Callable[["Row"], None]
Surroundings = Callable[["Stage"], AbstractContextManager[object]]

SHARED = "shared"


def nothing(_row: Row) -> None:
    """Leave the run to itself."""


def plain(_stage: Stage) -> AbstractContextManager[object]:
    """A namespace as it is."""
    return nullcontext()


def by_hand(row: Row) -> None:
    """Start the run as a person does."""
    row.run()


@dataclass(frozen=True)
class Scenario:
    """One row.

    Attributes:
        name: Of the row, and of its pipeline.
        what: What happens, for the page.
        steps: What the stand-in of the ingestion does.
        state: The one terminal state that OpenMetadata has to have in the end.
        says: What the cause has to say.
        report: Whether the run reports itself, as the real ingestion does.
        settings: Of its pipeline, beside the quick ones.
        start: Brings the run about.
        act: Does to it what happens.
        place: Rows of one place share namespace, OpenMetadata and reporter; a row whose surroundings would befall
            the others has one of its own.
        surroundings: What that place has.
        before: Terminal states that may come before the one in the end, where that is documented.
        since: From when the time is measured to the row, where it is not the end of the Job.
        within: Seconds for all of it.
        is_scheduled: Whether its schedule brings it about, within two minutes.
        final_state: What the run reports in the end, where it is not what it should.
        quick: Whether CI plays it, too.
        alone: Whether it disturbs everything else on the cluster.
    """

    name: str
    what: str
    steps: tuple[Document, ...]
    state: str = "failed"
    says: str = ""
    report: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    start: Act = by_hand
    act: Act = nothing
    place: str = SHARED
    surroundings: Surroundings = plain
    before: tuple[str, ...] = ()
    since: str = ""
    is_scheduled: bool = False
    final_state: str = ""
    within: float = 240.0
    quick: bool = False
    alone: bool = False

    @property
    def fqn(self) -> str:
        """The fully qualified name of its pipeline."""
        return f"pg_prod.{self.name}"
