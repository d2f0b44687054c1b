"""The page about reporting has the table by which it is decided."""

from __future__ import annotations

import os
import re
from pathlib import Path

from k8s_pipeline_client.reporter.outcome import Outcome, Row
from k8s_pipeline_client.reporter.table import ALL, FAILURES, FINISHED, NOT_KILLED, RULES, UNFINISHED

PAGE = Path(__file__).parents[2] / "docs/reference/reporting.md"
_BETWEEN = re.compile(r"(?<=UPDATE_GOLDEN=1 writes it -->\n).*(?=<!-- the table ends here -->)", re.DOTALL)


GROUPS = {
    ALL: "anything",
    UNFINISHED: "no row, or one that is not finished",
    FINISHED: "a finished row",
    FAILURES: "it failed, for any reason",
    NOT_KILLED: "it failed, for any reason but a kill",
}
"""What is meant by several outcomes or rows at once."""


def _words(values: tuple[Outcome, ...] | tuple[Row, ...]) -> str:
    return GROUPS.get(values) or "; or ".join(value.value for value in values)


def _table() -> str:
    lines = ["| the run in Kubernetes | the row in OpenMetadata | action | why |", "|---|---|---|---|"]
    for rule in RULES:
        lines.append(f"| {_words(rule.outcomes)} | {_words(rule.rows)} | {rule.action.value} | {rule.why} |")
    return "\n".join(lines) + "\n"


def test_the_page_has_the_table() -> None:
    text = PAGE.read_text()
    if os.environ.get("UPDATE_GOLDEN"):
        text = _BETWEEN.sub(lambda found: _table(), text)
        PAGE.write_text(text)
    assert _BETWEEN.findall(text) == [_table()]
