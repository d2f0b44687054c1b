"""`python -m tests.faults [matrix] [kills] [load] [--rows "oom image"] [--runs 1000] [--kills 200]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.cluster.support.access import connect
from tests.faults.matrix import play
from tests.faults.scenarios import ROWS


def main(arguments: list[str] | None = None) -> int:
    """Play, print what came of it, and write it into the page; return an exit code."""
    options = _parser().parse_args(arguments)
    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - begun:6.1f}s] {text}", file=sys.stderr, flush=True)

    wanted = options.rows.split()
    rows = [row for row in ROWS if (row.name in wanted if wanted else not (options.gentle and row.alone))]
    folder = Path(tempfile.mkdtemp(prefix="k8s-pipeline-faults-"))
    say(f"files are in {folder}")
    verdicts = play(rows, connect(), folder, say)
    for verdict in verdicts:
        print("| " + " | ".join(verdict.cells()) + " |")
    return 1 if any(verdict.faults for verdict in verdicts) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--rows", default="")
    parser.add_argument("--gentle", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
