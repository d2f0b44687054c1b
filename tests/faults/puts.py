"""What the stand-in of OpenMetadata received of a run, and whether that is as it has to be. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.images.recording.journal import Recorded

Document = dict[str, Any]

TERMINAL = frozenset({"success", "failed", "partialSuccess", "stopped"})
RUN, REPORTER = "run", "reporter"
_STEP = "Pod Diagnostics"
_END_OF_PATH = "/pipelineStatus"


@dataclass(frozen=True)
class Put:
    """A row as it came.

    Attributes:
        at: When the request was there, in seconds since 1970.
        by: Who sent it.
        status: What was responded; 0 is nothing.
    """

    at: float
    by: str
    fqn: str
    status: int
    row: Mapping[str, Any]

    @property
    def state(self) -> str:
        """The row's state."""
        return str(self.row.get("pipelineState"))

    @property
    def is_accepted(self) -> bool:
        """Whether it is a row in the table now."""
        return 200 <= self.status < 300

    @property
    def is_end(self) -> bool:
        """Whether it says that the run has ended, and was accepted."""
        return self.is_accepted and self.state in TERMINAL


def puts(entries: Iterable[Recorded], reporters_token: str) -> list[Put]:
    """Return what was put, in order.

    Args:
        entries: The requests.
        reporters_token: The digest of the token by which reporters are known.
    """
    found = []
    for entry in entries:
        if entry.method == "PUT" and entry.path.endswith(_END_OF_PATH) and isinstance(entry.body, dict):
            by = REPORTER if entry.auth.get("tokenSha256") == reporters_token else RUN
            fqn = entry.path.removesuffix(_END_OF_PATH).rsplit("/", 1)[-1]
            found.append(Put(entry.time, by, fqn, entry.status, entry.body))
    return found


def said(row: Mapping[str, Any]) -> str:
    """Return what the reporter's step of a row says."""
    steps = [step for step in row.get("status", ()) if step["name"] == _STEP]
    return str(steps[-1]["failures"][0]["error"]) if steps else ""


def faults(
    received: Sequence[Put],
    in_force: Sequence[Mapping[str, Any]],
    *,
    state: str,
    says: str = "",
    before: Sequence[str] = (),
) -> list[str]:
    """Return what is wrong about what was received of one run; nothing, if it has one terminal status and that is true.

    Args:
        received: What was put of it.
        in_force: Its rows now.
        state: The one that it has to have.
        says: What the cause has to say.
        before: Terminal states that the reporter may have written before.
    """
    found = []
    if len(in_force) != 1:
        found.append(f"it has {len(in_force)} rows")
    found += [f"it is {row['pipelineState']}, not {state}" for row in in_force if row["pipelineState"] != state]
    found += [f"the cause says {said(row)!r}, not {says!r}" for row in in_force if says not in said(row)]
    ours = [put for put in received if put.by == REPORTER and put.is_accepted]
    wrong = {put.state for put in ours if put.is_end} - {state, *before}
    if wrong:
        found.append(f"the reporter has written {', '.join(sorted(wrong))}")
    if any(put.state == "running" for put in ours):
        found.append("the reporter has written running")
    ends = [number for number, put in enumerate(received) if put.is_end and put.by == REPORTER and put.state == state]
    if ends and any(put.is_accepted and put.state != state for put in received[ends[0] :]):
        found.append("after its end another state was written")
    return found


def end_of(received: Sequence[Put]) -> Put | None:
    """Return what made the row what it is in the end: the first of the terminal ones at the end that say the same."""
    accepted = [put for put in received if put.is_accepted]
    found = None
    for put in reversed(accepted):
        if not put.is_end or (found is not None and put.state != found.state):
            break
        found = put
    return found
