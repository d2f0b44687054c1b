"""`python -m tests.bench [--sizes "100 1000 3000"] [--rows "service log"] [--page docs/reference/figures.md]`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from tests.bench.report import put_into
from tests.bench.rows import ROWS, Row, chosen
from tests.bench.run import run
from tests.bench.scale import FULL_SIZES, Scale
from tests.cluster.local.errors import ClusterError
from tests.cluster.support.access import connect
from tests.images.errors import ImageBuildError

PAGE = Path(__file__).parents[2] / "docs/reference/figures.md"


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the section, and write it into the page; return an exit code."""
    options = _parser().parse_args(arguments)
    scale = Scale.of(options.sizes, minutes=options.minutes)
    page = options.page or (PAGE if scale.is_full and len(options.rows) == len(ROWS) else None)
    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - begun:6.1f}s] {text}", file=sys.stderr, flush=True)

    say(f"at {', '.join(map(str, scale.sizes))} pipelines; nothing new is begun after {scale.minutes:.0f} minutes")
    try:
        with tempfile.TemporaryDirectory(prefix="k8s-pipeline-bench-") as folder:
            report = run(connect(), Path(folder), scale, say, options.rows)
    except (ClusterError, ImageBuildError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    print(report.markdown())
    for text in report.failed:
        print(f"error: {text}", file=sys.stderr)
    if page is not None and not report.failed:
        page.write_text(put_into(page.read_text(), report.markdown()))
        say(f"written to {page}")
    return 1 if report.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure beside bare loops and kubectl.")
    sizes = os.environ.get("BENCH_SIZES") or " ".join(map(str, FULL_SIZES))
    parser.add_argument(
        "--sizes",
        type=_sizes,
        default=sizes,
        help="how many pipelines there are; growing [BENCH_SIZES, or %(default)s]",
    )
    parser.add_argument(
        "--rows",
        type=_rows,
        default=os.environ.get("BENCH_ROWS", ""),
        help="rows in whose names one of these words occurs, and no others [BENCH_ROWS, or all]",
    )
    parser.add_argument(
        "--minutes", type=float, default=Scale.minutes, help="begin nothing new after that [%(default)s]"
    )
    parser.add_argument(
        "--page", type=Path, help=f"where to write the section [{PAGE.name}, for all sizes and rows only]"
    )
    return parser


def _sizes(text: str) -> tuple[int, ...]:
    found = tuple(sorted({int(word) for word in text.replace(",", " ").split()}))
    if not found or found[0] < 1:
        raise ValueError(text)
    return found


def _rows(text: str) -> Mapping[str, Row]:
    try:
        return chosen(text.split())
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    sys.exit(main())
