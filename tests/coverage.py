"""How many lines of each package the tests without a cluster reach, and whether that is enough: ``make coverage``."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import coverage

PACKAGE = Path(__file__).parents[1] / "k8s_pipeline_client"
# What computes, and asks nobody: there is no reason for a test to leave a line out. Of other packages those modules
# whose docstring says "Pure." are counted by themselves.
PURE = ("domain", "errors", "launcher", "render", "settings", "status")
PURE_LEAST, LEAST = 95, 85
_SHOWN = 8


@dataclass(frozen=True)
class Reached:
    """The lines of one package, or of its pure modules.

    Attributes:
        missed: The lines that no test reached, by module.
    """

    package: str
    is_pure: bool
    lines: int
    missed: Mapping[str, Sequence[int]]

    @property
    def title(self) -> str:
        """What the table calls it."""
        return f"{self.package}, pure" if self.is_pure and self.package not in PURE else self.package

    @property
    def least(self) -> int:
        """How many percent must be reached."""
        return PURE_LEAST if self.is_pure else LEAST

    @property
    def percent(self) -> float:
        """How many are."""
        return 100 * (1 - sum(map(len, self.missed.values())) / self.lines) if self.lines else 100.0

    @property
    def is_enough(self) -> bool:
        """Whether these are enough."""
        return self.percent >= self.least


def group_of(module: Path, text: str) -> tuple[str, bool]:
    """Return the package of a module of the product, and whether it is pure; modules beside the packages are one."""
    first = module.relative_to(PACKAGE).parts[0]
    package = first if "." not in first else "errors" if first == "errors.py" else "others"
    docstring = ast.get_docstring(ast.parse(text)) or ""
    return package, package in PURE or "Pure." in docstring or "Pure:" in docstring


def measured() -> list[Reached]:
    """Return what the last run has measured, by package."""
    data = coverage.Coverage()
    data.load()
    found: dict[tuple[str, bool], Reached] = {}
    for module in sorted(PACKAGE.rglob("*.py")):
        group = group_of(module, module.read_text(encoding="utf-8"))
        _, lines, _, missed, _ = data.analysis2(str(module))
        before = found.get(group, Reached(*group, 0, {}))
        missing = {**before.missed, str(module.relative_to(PACKAGE)): missed}
        found[group] = Reached(*group, before.lines + len(lines), missing)
    return [found[group] for group in sorted(found)]


def table(packages: Sequence[Reached]) -> str:
    """Return all packages with their gates, and of those that are below it the modules that miss most lines."""
    rows = [f"{'package':<18}{'lines':>6}{'reached':>10}{'gate':>6}"]
    for item in packages:
        verdict = "" if item.is_enough else "  too few"
        rows.append(f"{item.title:<18}{item.lines:>6}{item.percent:>9.1f}%{item.least:>5}%{verdict}")
        if not item.is_enough:
            worst = sorted(item.missed.items(), key=lambda found: -len(found[1]))
            rows += [f"  {name}: {len(missed)} lines not reached" for name, missed in worst[:_SHOWN] if missed]
    return "\n".join(rows)


def main() -> int:
    """Print the table; 1 where a package is below its gate."""
    packages = measured()
    print(table(packages))
    return 0 if all(item.is_enough for item in packages) else 1


if __name__ == "__main__":
    sys.exit(main())
