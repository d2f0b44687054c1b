"""The command lines of the pages, and what of them is this program."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from tests.pages.blocks import SHELL, Block, blocks, spans

_PROGRAMS = (["k8s-pipeline"], ["kubectl", "ompipeline"])
_ENDS = re.compile(r"[|&;()]+$")
_REDIRECT = re.compile(r"[<>]+$")
_ASSIGNMENT = re.compile(r"\w+=")


@dataclass(frozen=True)
class Command:
    """A command line as a page has it.

    Attributes:
        page: The page.
        line: The line of its block.
        text: What is typed; several lines where it goes on after a backslash.
    """

    page: str
    line: int
    text: str

    @property
    def simple(self) -> list[list[str]]:
        """The words of each command in the line, without variables, redirections and comments."""
        lexer = shlex.shlex(self.text.replace("\\\n", " "), posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = _without_redirections(list(lexer))
        parts = [list(part) for is_end, part in groupby(words, lambda word: bool(_ENDS.match(word))) if not is_end]
        return [found for part in parts if (found := _without_assignments(part))]

    @property
    def ours(self) -> list[list[str]]:
        """The words that this program is given, by each of its calls in the line."""
        found = (_ours(words) for words in self.simple)
        return [words for words in found if words is not None]


def commands(page: str) -> Iterator[Command]:
    """Yield the command lines in the shell blocks of a page."""
    for block in blocks(page):
        if block.language in SHELL:
            yield from in_block(block)


def in_block(block: Block) -> Iterator[Command]:
    """Yield the command lines of one shell block; of a session those after a prompt alone."""
    held = ""
    for line in block.text.splitlines():
        if block.language == "console" and not held:
            if not line.startswith("$ "):
                continue
            line = line.removeprefix("$ ")
        if held or (line.strip() and not line.lstrip().startswith("#")):
            held += line
            if held.endswith("\\"):
                held += "\n"
                continue
            yield Command(block.page, block.line, held)
            held = ""


def in_text(page: str) -> Iterator[Command]:
    """Yield the command lines of this program that a page has in its text."""
    for span in spans(page):
        if re.match(r"(k8s-pipeline|kubectl ompipeline) -?[a-z]", span):
            yield Command(page, 0, span)


def _without_redirections(words: Sequence[str]) -> list[str]:
    kept = list[str]()
    skipped = False
    for word in words:
        if skipped or _REDIRECT.match(word):
            skipped = not skipped
        else:
            kept.append(word)
    return kept


def _without_assignments(words: list[str]) -> list[str]:
    while words and (_ASSIGNMENT.match(words[0]) or words[0] == "export"):
        words = words[1:]
    return words


def _ours(words: list[str]) -> list[str] | None:
    # xargs has it further on.
    places = range(len(words) if words[0] == "xargs" else 1)
    found = (words[at + len(program) :] for program in _PROGRAMS for at in places if _is_at(words, at, program))
    return next(found, None)


def _is_at(words: list[str], at: int, program: list[str]) -> bool:
    return words[at : at + len(program)] == program
