"""What was measured, as a section of Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.figures import Figure, Unit
from tests.bench.scale import Scale

BEGIN, END = "<!-- begin: make bench -->", "<!-- end: make bench -->"


@dataclass(frozen=True)
class Report:
    """A run of the benchmark.

    Attributes:
        about: Machine, versions and date, in a sentence.
        left_out: What there was no time for.
        failed: What could not be measured, and why.
    """

    about: str
    scale: Scale
    figures: Sequence[Figure]
    left_out: Sequence[str] = ()
    failed: Sequence[str] = ()

    def markdown(self) -> str:
        """Return the section, with its markers."""
        lines = [BEGIN, "", "## Beside bare loops and kubectl", "", self.about, "", _HOW.format(self.scale), ""]
        lines += [f"Left out, for the time was over: {'; '.join(self.left_out)}.", ""] if self.left_out else []
        for row in dict.fromkeys(figure.row for figure in self.figures):
            lines += [*self._table(row), ""]
        return "\n".join([*lines, END])

    def _table(self, row: str) -> list[str]:
        cells: dict[str, dict[int, Figure]] = {}
        for figure in self.figures:
            if figure.row == row:
                cells.setdefault(figure.what, {})[figure.size] = figure
        sizes = sorted({*self.scale.sizes, *(size for found in cells.values() for size in found)})
        first, last = sizes[0], sizes[-1]
        head = [row, *(f"at {size:,}" for size in sizes)]
        body = [[what, *(_cell(found.get(size)) for size in sizes)] for what, found in cells.items()]
        if last > first:
            head.append(f"growth, for {last / first:,.0f}x the pipelines")
            for line, found in zip(body, cells.values(), strict=True):
                line.append(_growth(found.get(first), found.get(last)))
        return [_line(head), _line(["---"] * len(head)), *map(_line, body)]


_HOW = (
    "All contenders took turns in one run: up to {0.rounds} rounds of what takes seconds, {0.samples} of what takes "
    "milliseconds; the values are medians, the ratios medians of each round's. The namespace had as many pipelines as "
    "the column says, each with a run that has ended. The bare loops are plain threads with connections of "
    "`http.client` that stay open; kubectl, and `k8s-pipeline` where it is named, were processes of their own; so was "
    "the service, with its reporter, which had nothing to report. "
    "Percent are of the rate, and x of the time, of the contender that has neither; in the last column x is the value "
    "at the largest size beside that at the smallest."
)


def put_into(page: str, section: str) -> str:
    """Return a page with the section in place of the earlier one; at its end if there was none.

    Raises:
        ValueError: The page has one marker without the other.
    """
    if (BEGIN in page) != (END in page):
        raise ValueError(f"the page has only one of the markers {BEGIN} and {END}")
    if BEGIN not in page:
        return f"{page.rstrip()}\n\n{section}\n"
    before, _, rest = page.partition(BEGIN)
    return before + section + rest.partition(END)[2]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    value = written(figure.value, figure.unit)
    if figure.ratio is None:
        return value
    beside = written(figure.ratio, Unit.SHARE if figure.unit is Unit.RATE else Unit.TIMES)
    return f"{value} ({beside})"


def written(value: float, unit: Unit) -> str:
    """Return a value as people write it."""
    match unit:
        case Unit.SECONDS:
            return f"{value * 1000:,.1f} ms" if value < 1 else f"{value:,.1f} s"
        case Unit.RATE:
            return f"{value:,.0f}/s"
        case Unit.BYTES:
            return f"{value / 1e6:,.2f} MB"
        case Unit.SHARE:
            return f"{value:.0%}"
        case Unit.TIMES:
            return f"{value:,.2f}x"
        case Unit.COUNT:
            return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _growth(first: Figure | None, last: Figure | None) -> str:
    """Return how a value has grown from the first size to the last; ratios say it themselves."""
    if first is None or last is None or first.unit in (Unit.SHARE, Unit.TIMES):
        return ""
    if not first.value:
        return "none" if not last.value else "from none"
    return f"{last.value / first.value:,.2f}x"
