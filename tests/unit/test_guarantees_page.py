"""The page of guarantees names for each of them what shows it, and that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cases import CASES
from tests.faults.scenarios import ROWS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/guarantees.md"


def _rows() -> Iterator[tuple[str, str]]:
    """What each row of the page's tables is about, and what it says that shows it."""
    for line in PAGE.read_text().partition("\n## At a real server\n")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("| ") else []
        if cells and cells[-1].strip(" |") != "shown by":
            yield cells[0], cells[-1].strip(" |")


ALL = list(_rows())


def test_the_page_has_rows() -> None:
    assert len(ALL) > 60


@pytest.mark.parametrize(("what", "shown_by"), ALL, ids=[what for what, _ in ALL])
def test_whatever_a_row_names_is_there(what: str, shown_by: str) -> None:
    named = shown_by.split(", ")
    assert named
    faults = {row.name for row in ROWS}
    for name in named:
        if found := re.fullmatch(r"faults `([\w-]+)`", name):
            assert found[1] in faults
            continue
        if found := re.fullmatch(r"e2e `(\w+)`", name):
            assert found[1] in {case.name for case in CASES}
            continue
        found = re.fullmatch(r"`([\w/]+)::(test_\w+)`", name)
        assert found, f"{what}: {name!r} names neither a test nor a row of the fault matrix nor a case"
        text = (ROOT / "tests" / f"{found[1]}.py").read_text()
        assert f"\ndef {found[2]}(" in text


def test_every_row_of_the_fault_matrix_is_named() -> None:
    text = PAGE.read_text()

    assert [row.name for row in ROWS if f"faults `{row.name}`" not in text] == []


def test_every_case_of_the_real_ingestion_is_named() -> None:
    text = PAGE.read_text()

    assert [case.name for case in CASES if f"e2e `{case.name}`" not in text] == []
