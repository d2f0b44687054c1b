"""What a pass has done, for people and programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Action(StrEnum):
    """What a pass did about a run."""

    WAITED = "waited"
    """Nothing to report yet."""
    WRITTEN = "written"
    """Its row was written; a later pass reads it back."""
    CONFIRMED = "confirmed"
    """Its row was read to be right, and its Job marked: it costs nothing any more."""
    ENDED = "ended"
    """It could not start in time, and was ended."""
    UNREPORTED = "unreported"
    """There is nothing in OpenMetadata to report it to."""
    FAILED = "failed"
    """The pass could not do what it wanted to; the next one tries again."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a pass did about one run.

    Attributes:
        run_id: Its id.
        pipeline: The resource name of its pipeline; empty where that is not known.
        fqn: Under which it is reported; empty where nothing is.
        job: Its Job; empty for a run that was missed.
        state: As Kubernetes has it, or as it was written.
        action: What was done.
        cause: The code of its cause; empty where there is none.
        error: Why that failed; empty where it did not.
        error_code: The stable word for that.
        lag_seconds: How long after its end the row was written; None for all else.
    """

    run_id: str
    pipeline: str
    fqn: str
    job: str
    state: str
    action: Action
    cause: str = ""
    error: str = ""
    error_code: str = ""
    lag_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class PipelineReport:
    """What a pass found out about a pipeline that OpenMetadata has deleted.

    Attributes:
        pipeline: Its resource name.
        fqn: Its fully qualified name.
        standing: ``deleted`` (it can be restored, and is kept), ``removed`` (it was kept for long enough),
            ``expired`` (so was it, and comes from files), ``gone`` (for good), ``restored``, or ``failed``.
        error: Why nothing could be done; empty where it could.
    """

    pipeline: str
    fqn: str
    standing: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a pass has done.

    Attributes:
        runs: Every run that is not finally reported, and those that became so in this pass.
        pipelines: Those that OpenMetadata has deleted.
        warnings: What a person should know of the pass as a whole, each once.
        seconds: How long it took.
        again_after: In so many seconds there is something to do, whatever happens; None where nothing is known of that.
    """

    runs: tuple[RunReport, ...] = ()
    pipelines: tuple[PipelineReport, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    again_after: float | None = None

    @property
    def failures(self) -> list[RunReport]:
        """The runs of which something failed."""
        return [run for run in self.runs if run.action is Action.FAILED]

    @property
    def unexplained(self) -> list[RunReport]:
        """The failures that no warning tells: what a server says of all its runs is said once."""
        return [run for run in self.failures if run.error not in self.warnings]

    def followed_by(self, later: Report) -> Report:
        """Return what two passes have done: of each run the later one's word, but for what that one did not see."""
        runs = {run.run_id: run for run in self.runs} | {run.run_id: run for run in later.runs}
        pipelines = {item.pipeline: item for item in (*self.pipelines, *later.pipelines)}
        warnings = tuple(dict.fromkeys((*self.warnings, *later.warnings)))
        return Report(tuple(runs.values()), tuple(pipelines.values()), warnings, self.seconds + later.seconds)

    def as_dict(self) -> Mapping[str, Any]:
        """Return the camelCase, JSON-able shape; every key is always there, and null where nothing is known."""
        return {
            "runs": [_camel(asdict(run)) for run in self.runs],
            "pipelines": [_camel(asdict(pipeline)) for pipeline in self.pipelines],
            "warnings": list(self.warnings),
            "seconds": round(self.seconds, 3),
        }


def _camel(values: Mapping[str, Any]) -> dict[str, Any]:
    def named(key: str) -> str:
        first, *rest = key.split("_")
        return first + "".join(part.capitalize() for part in rest)

    plain = {key: str(value) if isinstance(value, StrEnum) else value for key, value in values.items()}
    return {named(key): None if value == "" else value for key, value in plain.items()}
