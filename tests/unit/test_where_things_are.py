"""In two hops from the README to the code: the table of design.md leads where it says, and leaves no author out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from k8s_pipeline_client.status import CauseCode
from tests.pages.blocks import PAGES, ROOT

PACKAGE = ROOT / "k8s_pipeline_client"
DESIGN = ROOT / "docs/explanation/design.md"
SECTION = DESIGN.read_text().partition("## Where things are\n")[2].partition("\n## ")[0]
ROWS = dict(
    (cells[0].strip("| "), cells[1])
    for line in SECTION.splitlines()
    if line.startswith("| ") and "](" in line and len(cells := line.rstrip("| ").split(" | ")) == 2
)


def named(cell: str) -> Iterator[Path]:
    """Yield the files and folders that a cell links to."""
    for target in re.findall(r"\]\(([^)]+)\)", cell):
        yield (DESIGN.parent / target).resolve()


def _named_by(path: str) -> Path:
    return next((found for found in (PACKAGE / path, ROOT / path) if found.exists()), PACKAGE / path)


def row(beginning: str) -> set[str]:
    """Return the files, below the package, of the row that is about something."""
    (cell,) = (cell for what, cell in ROWS.items() if what.startswith(beginning))
    return {str(path.relative_to(PACKAGE)) for path in named(cell)}


def defining(name: str) -> set[str]:
    """Return the files of the package that define a function, class or constant."""
    pattern = re.compile(rf"^(?:def |class )?{name}\b(?=[(:=]| =)", re.MULTILINE)
    return {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if pattern.search(path.read_text())}


def _makes_causes(path: Path) -> bool:
    calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call) and node.args)
    return any(isinstance(call.func, ast.Name) and call.func.id == "Cause" for call in calls)


def test_the_readme_leads_to_the_table() -> None:
    assert "(docs/explanation/design.md#where-things-are)" in (ROOT / "README.md").read_text()
    assert len(ROWS) > 15


@pytest.mark.parametrize("what", ROWS)
def test_all_that_a_row_names_is_there_and_one_click_away(what: str) -> None:
    found = list(named(ROWS[what]))
    assert found
    assert [str(path) for path in found if not path.exists()] == []
    paths = re.findall(r"`([\w./]+(?:/|\.py|file))`", ROWS[what])
    assert [str(path) for path in found] == [str(_named_by(path)) for path in paths], "in full, and linked"


@pytest.mark.parametrize("page", ["causes", "settings", "rights"])
def test_a_page_of_reference_leads_to_the_code_of_its_row(page: str) -> None:
    text = (ROOT / f"docs/reference/{page}.md").read_text()
    (line,) = re.findall(r"^In the code: .*", text, re.MULTILINE)
    linked = {(ROOT / "docs/reference" / target).resolve() for target in re.findall(r"\]\(([^)]+)\)", line)}
    (cell,) = (cell for what, cell in ROWS.items() if f"(../reference/{page}.md)" in what)
    assert linked
    assert linked <= set(named(cell)) | {DESIGN.parent / "design.md#where-things-are"}


CODES = {code.value: code for code in CauseCode}
CAUSES = [line for line in (ROOT / "docs/reference/causes.md").read_text().splitlines() if line.count(" | ") == 2]


def test_every_cause_says_where_its_text_is() -> None:
    said = {code for line in CAUSES for code in re.findall(r"`(\w+)`", line.split(" | ")[0])}
    assert said == set(CODES)


@pytest.mark.parametrize("line", [line for line in CAUSES if "](" in line])
def test_the_text_of_a_cause_is_where_its_row_says(line: str) -> None:
    codes, _, files = line.split(" | ")
    paths = [PACKAGE / path for path in re.findall(r"`([\w/]+\.py)`", files)]
    texts = "".join(path.read_text() for path in paths)
    for code in re.findall(r"`(\w+)`", codes):
        assert f"CauseCode.{CODES[code].name}" in texts


def test_every_package_has_a_row() -> None:
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    shown = {
        path.relative_to(PACKAGE).parts[0] for cell in ROWS.values() for path in named(cell) if PACKAGE in path.parents
    }
    assert packages - shown == set()


def test_where_the_order_of_writes_is_decided() -> None:
    assert defining("changes") & row("the order of a deploy's writes") == {"deploying/steps.py"}


def test_where_a_cause_gets_its_words() -> None:
    words = {str(path.relative_to(PACKAGE)) for path in (PACKAGE / "status").glob("*.py") if _makes_causes(path)}
    assert words - row("which cause a run has") - row("what the end of a log adds") == {"status/compute.py"}


def test_where_a_setting_is_read_and_named() -> None:
    assert defining("load_settings") | defining("Settings") | defining("VARIABLES") <= row("how a setting is read")


def test_where_the_verbs_of_a_role_come_from() -> None:
    assert defining("DOCUMENTED") | defining("needed_by") == row("the verbs of the Role") == {"cluster/access.py"}


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_links_to_is_there(page: str) -> None:
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", (ROOT / page).read_text()):
        target, _, anchor = link.partition("#")
        path = (ROOT / page).parent / target if target else ROOT / page
        if "://" in link:
            continue
        if not path.exists() or (anchor and anchor not in anchors(path)):
            lost.append(link)
    assert lost == []


def anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.*)", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
