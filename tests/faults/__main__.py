"""`python -m tests.faults [--parts "matrix kills load"] [--rows "oom image"] [--kills 200] [--runs 1000]`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench.machine import described
from tests.cluster.local.errors import ClusterError
from tests.cluster.support.access import Access, connect
from tests.faults import page
from tests.faults.kills import kill_at_random
from tests.faults.matrix import play
from tests.faults.scenarios import ROWS
from tests.faults.thousand import play_load
from tests.images.errors import ImageBuildError

PAGE = Path(__file__).parents[2] / "docs/reference/faults.md"
PARTS = ("matrix", "kills", "load")
KILLS, RUNS = 200, 1_000

Say = Callable[[str], None]


def main(arguments: list[str] | None = None) -> int:
    """Play, print what came of it, and write what is whole into the page; return an exit code."""
    options = _parser().parse_args(arguments)
    begun = time.monotonic()

    def say(text: str) -> None:
        sys.stderr.write(f"[{time.monotonic() - begun:6.1f}s] {text}\n")  # in one piece: several threads speak

    folder = Path(tempfile.mkdtemp(prefix="k8s-pipeline-faults-"))
    say(f"what the reporters log is kept in {folder}")
    wrong: list[str] = []
    try:
        access = connect()
        for part in options.parts:
            section, found, is_whole = _play(part, options, access, folder / part, say)
            print(section)
            wrong += found
            if is_whole:
                PAGE.write_text(page.put_into(PAGE.read_text(), part, section))
                say(f"written to {PAGE}")
    except (ClusterError, ImageBuildError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for text in wrong:
        print(f"wrong: {text}", file=sys.stderr)
    return 1 if wrong else 0


def _play(
    part: str, options: argparse.Namespace, access: Access, folder: Path, say: Say
) -> tuple[str, Sequence[str], bool]:
    """Return a part's section, what is wrong, and whether it is as large as the page's."""
    about = described(access)
    if part == "kills":
        killed = kill_at_random(access, folder, kills=options.kills, runs=options.kills, seed=options.seed, say=say)
        return page.kills(about, killed), killed.outcome.faults, options.kills >= KILLS
    if part == "load":
        outcome = play_load(access, folder, runs=options.runs, at_once=options.at_once, seed=options.seed, say=say)
        return page.load(about, outcome), outcome.faults, options.runs >= RUNS
    rows = [row for row in ROWS if not options.rows or row.name in options.rows]
    rows = [row for row in rows if not (options.gentle and row.alone)]
    verdicts = play(rows, access, folder, say)
    wrong = [f"{verdict.scenario.name}: {text}" for verdict in verdicts for text in verdict.faults]
    return page.matrix(about, verdicts), wrong, rows == list(ROWS)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Faults, and how runs are reported.")
    environ = os.environ.get
    parser.add_argument(
        "--parts", type=_words, default=environ("FAULTS_PARTS") or " ".join(PARTS), help="[FAULTS_PARTS, or all]"
    )
    parser.add_argument(
        "--rows", type=_words, default=environ("FAULTS_ROWS", ""), help="of the matrix [FAULTS_ROWS, or all]"
    )
    parser.add_argument("--gentle", action="store_true", help="leave out the rows that disturb the whole cluster")
    parser.add_argument("--kills", type=int, default=int(environ("FAULTS_KILLS") or KILLS), help="[%(default)s]")
    parser.add_argument("--runs", type=int, default=int(environ("FAULTS_RUNS") or RUNS), help="[%(default)s]")
    parser.add_argument("--at-once", type=int, default=30, help="so many runs are active at most [%(default)s]")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of what is random [the time]")
    return parser


def _words(text: str) -> list[str]:
    return text.split()


if __name__ == "__main__":
    sys.exit(main())
