"""What came of it, as sections of a page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from tests.faults.kills import Killed
from tests.faults.load import Outcome
from tests.faults.verdict import Verdict

_HEAD = ("what happens", "what Kubernetes shows", "what OpenMetadata receives", "its row after", "it ends as")


def put_into(page: str, name: str, section: str) -> str:
    """Return a page with a section in place of the earlier one of the name.

    Raises:
        ValueError: The page has no such section.
    """
    begin, end = f"<!-- begin: make faults, {name} -->", f"<!-- end: make faults, {name} -->"
    if begin not in page or end not in page:
        raise ValueError(f"the page has no section {name}")
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n\n{section.strip()}\n\n{end}{rest.partition(end)[2]}"


def matrix(about: str, verdicts: Sequence[Verdict]) -> str:
    """Return the table of all rows."""
    return "\n".join([about, "", *_table(_HEAD, (verdict.cells() for verdict in verdicts))])


def kills(about: str, killed: Killed) -> str:
    """Return what came of reporters that were killed."""
    outcome = killed.outcome
    text = (
        f"{killed.kills} reporters were killed with SIGKILL while they ran, two at once, each at a random moment after "
        f"its start; meanwhile {outcome.count:,} runs came to their ends ({_kinds(outcome)}), in "
        f"{outcome.seconds / 60:.0f} minutes, at a load of up to {outcome.busiest:.0f}. In the end two reporters were "
        "left alone."
    )
    return "\n".join([about, "", text, "", *_counts(outcome)])


def load(about: str, outcome: Outcome) -> str:
    """Return what came of many runs."""
    text = (
        f"{outcome.count:,} runs in {outcome.seconds / 60:.1f} minutes ({_kinds(outcome)}); one reporter, a pass every "
        f"10 seconds. The machine's load was up to {outcome.busiest:.0f} meanwhile."
    )
    return "\n".join([about, "", text, "", *_counts(outcome), "", *_lags(outcome)])


def _kinds(outcome: Outcome) -> str:
    return ", ".join(f"{count:,} {name.replace('-', ' ')}" for name, count in outcome.kinds.items())


def _counts(outcome: Outcome) -> list[str]:
    wrong = len(set(outcome.wrong) - set(outcome.lost) - set(outcome.doubled))
    row = [f"{outcome.count:,}", str(len(outcome.lost)), str(len(outcome.doubled)), str(wrong), str(outcome.ours)]
    head = ("runs", "without an end", "with more than one row", "wrong", "ends that reporters wrote")
    return _table(head, [row])


def _lags(outcome: Outcome) -> list[str]:
    head = ("from the Job's end", "runs", "p50", "p90", "p99", "max")
    rows = {
        "to the terminal row, where the reporter wrote it": outcome.lags,
        "to the mark on the Job that the row was read back": outcome.confirmed,
    }
    return _table(head, ([what, str(len(seconds)), *_points(seconds)] for what, seconds in rows.items()))


def _points(seconds: Sequence[float]) -> list[str]:
    return [f"{percentile(seconds, share):.1f} s" for share in (0.5, 0.9, 0.99, 1.0)] if seconds else ["-"] * 4


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that so large a share of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
