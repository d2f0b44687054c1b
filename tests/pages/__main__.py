"""Counts the command lines of the pages by what becomes of them: `python -m tests.pages`."""

from __future__ import annotations

from collections import Counter

from tests.pages.blocks import PAGES
from tests.pages.commands import commands, in_text
from tests.pages.fates import Fate, fate


def main() -> None:
    """Print a line for each page that has command lines, and the sums."""
    together = Counter[Fate]()
    for page in PAGES:
        found = Counter(fate(command) for command in commands(page))
        found[Fate.PARSED] += sum(1 for command in in_text(page) if command.ours)
        if found.total():
            print(f"{page:48}", _shown(found))
        together += found
    print(f"{'together':48}", _shown(together))


def _shown(found: Counter[Fate]) -> str:
    return "  ".join(f"{name} {found[name]:3}" for name in (Fate.EXECUTED, Fate.PARSED, Fate.EXEMPT))


if __name__ == "__main__":
    main()
