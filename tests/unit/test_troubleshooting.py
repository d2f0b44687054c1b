"""Troubleshooting by symptom leaves out no cause and no error, and knows none that there is not."""

from __future__ import annotations

import re

from k8s_pipeline_client.status import CauseCode
from tests.pages.blocks import ROOT

PAGE = (ROOT / "docs/how-to/troubleshoot.md").read_text()
ERRORS = re.findall(r"^\| `([A-Z]\w+)` \|", (ROOT / "docs/reference/errors.md").read_text(), re.MULTILINE)
CODES = {str(code) for code in CauseCode} | set(ERRORS)


def in_cells() -> list[str]:
    """Return what looks like a code in the tables' cells that hold nothing but codes."""
    cells = [cell.strip() for line in PAGE.splitlines() if line.startswith("| ") for cell in line.split(" | ")]
    of_codes = [cell for cell in cells if re.fullmatch(r"\|? ?`[A-Z]\w+`(, `[A-Z]\w+`)*", cell)]
    return [code for cell in of_codes for code in re.findall(r"`(\w+)`", cell)]


def test_every_cause_has_a_row() -> None:
    assert [str(code) for code in CauseCode if str(code) not in in_cells()] == []


def test_every_error_has_a_row() -> None:
    assert len(ERRORS) > 80
    assert [code for code in ERRORS if code not in in_cells()] == []


def test_no_row_is_about_a_code_that_there_is_not() -> None:
    known = CODES | {
        "ImagePullBackOff",
        "CreateContainerConfigError",
        "VersionMismatchException",
    }  # Kubernetes', the log's
    assert [code for code in in_cells() if code not in known] == []
