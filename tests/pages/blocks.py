"""The blocks of code of the pages, with their languages."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "manifests/README.md",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")),
)
SHELL = ("sh", "console")
LANGUAGES = (*SHELL, "yaml", "python", "text")

_FENCE = re.compile(r" *```(\w*)$")
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        page: The page, from the top of the repository.
        line: That of its first line, from 1.
        language: What the fence says; empty if nothing.
        text: What is in it, without the indentation of a list.
    """

    page: str
    line: int
    language: str
    text: str

    @property
    def file(self) -> str:
        """The file that it is, by the comment in its first line; empty if it says none."""
        found = re.match(r"# (\S+\.\w+)$", self.text.partition("\n")[0])
        return found[1] if found else ""


def blocks(page: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    language: str | None = None
    begun, held = 0, list[str]()
    for number, line in enumerate(_text(page).splitlines(), start=1):
        fence = _FENCE.match(line)
        if fence and language is None:
            language, begun, held = fence[1], number + 1, []
        elif fence and language is not None:
            yield Block(page, begun, language, textwrap.dedent("\n".join(held)) + "\n")
            language = None
        elif language is not None:
            held.append(line)
    assert language is None, f"{page}:{begun - 1}: this block has no end"


def spans(page: str) -> Iterator[str]:
    """Yield what a page has in backticks within its text; one may go on in the next line."""
    inside = False
    kept = list[str]()
    for line in _text(page).splitlines():
        if _FENCE.match(line):
            inside = not inside
            kept.append("")
        elif not inside:
            kept.append(line)
    for paragraph in "\n".join(kept).split("\n\n"):
        # In a table a bar within backticks is escaped.
        yield from (" ".join(found[1].split()) for found in _SPAN.finditer(paragraph.replace(r"\|", "|")))


def indented(page: str) -> Iterator[int]:
    """Yield the lines at which code begins without a fence, which nothing here would look at."""
    inside, before = False, ""
    for number, line in enumerate(_text(page).splitlines(), start=1):
        if _FENCE.match(line):
            inside = not inside
        elif not inside and not before and re.match(r" {4,}\S", line):
            yield number
        before = line


def _text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")
