"""Tables on a real terminal: what is cut where it is narrow, and what never is."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_PROGRAM = (
    "import json, sys; from k8s_pipeline_client.cli.output import print_table; print_table(*json.load(sys.stdin))"
)

RUN = "df65864f-392c-4432-803f-f070c010c714"
LONG_CAUSE = "The ingestion ended with exit code 1: SourceConnectionException: " + "no route to host " * 20
LONG_NAME = "nightly metadata of the data warehouse in the European region, all schemas but the archive"
RUNS = (
    ["PIPELINE", "RUN", "TRIGGER", "CREATED", "TOOK", "STATE", "CAUSE"],
    [[LONG_NAME, RUN, "scheduled", "12m31s ago", "1h02m", "failed", LONG_CAUSE], ["b", RUN, "manual", "", "", "", ""]],
)
LIST = (
    ["NAME", "SERVICE", "TYPE", "SCHEDULE", "NEXT", "LAST", "CAUSE"],
    [[LONG_NAME, "pg_prod", "metadata", "30 2 * * *", "in 9h02m", "failed", LONG_CAUSE]],
)


def on_terminal(table: tuple[list[str], list[list[str]]], columns: int) -> list[str]:
    """Print a table on a terminal of this width, and return its lines as the program wrote them, without colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color"}
    environment.pop("COLUMNS", None)
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=theirs, env=environment
    ) as process:
        os.close(theirs)
        assert process.stdin
        process.stdin.write(json.dumps(table).encode())
        process.stdin.close()
        written = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the terminal's other side is closed
                break
            if not part:
                break
            written += part
    os.close(ours)
    assert process.returncode == 0
    return _ESCAPES.sub("", written.decode()).splitlines()


@pytest.mark.parametrize("columns", [80, 120, 200])
@pytest.mark.parametrize(
    ("table", "whole"),
    [(RUNS, [RUN, "12m31s ago", "1h02m", "failed"]), (LIST, ["metadata", "30 2 * * *", "in 9h02m", "failed"])],
    ids=["runs", "list"],
)
def test_ids_states_and_times_are_whole(
    table: tuple[list[str], list[list[str]]], whole: list[str], columns: int
) -> None:
    header, line, *_ = [line for line in on_terminal(table, columns) if line.strip(" ─━╇│-")]

    assert header.split() == table[0]
    for text in whole:
        assert text in line
    assert "…" in line


@pytest.mark.parametrize("columns", [120, 200])
@pytest.mark.parametrize("table", [RUNS, LIST], ids=["runs", "list"])
def test_lines_fit_the_terminal(table: tuple[list[str], list[list[str]]], columns: int) -> None:
    assert max(len(line) for line in on_terminal(table, columns)) <= columns


def test_the_cause_is_cut_before_the_name() -> None:
    line = next(line for line in on_terminal(LIST, 200) if "pg_prod" in line)

    assert LONG_NAME in line
    assert LONG_CAUSE not in line


def test_wide_letters_take_two_cells() -> None:
    table = (["NAME", "STATE"], [["数据仓库", "failed"], ["b", "failed"]])

    first, second = (line for line in on_terminal(table, 80) if "failed" in line)

    assert first.index("failed") + 4 == second.index("failed")


def in_a_pipe(headers: list[str], rows: list[list[str]]) -> list[str]:
    """Print a table into a pipe, and return its lines."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], input=json.dumps((headers, rows)), capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def starts(lines: list[str], headers: list[str], rows: list[list[str]], column: int) -> set[int]:
    """Return where a column begins in the lines of a table."""
    return {line.index(text[column]) for line, text in zip(lines, [headers, *rows], strict=True)}


def test_in_a_pipe_one_long_cell_does_not_fill_every_line() -> None:
    header, first, second = in_a_pipe(*RUNS)

    assert LONG_NAME in first
    assert LONG_CAUSE.rstrip() in first
    assert len(header) < 120
    assert len(second) < 120


@pytest.mark.parametrize("header", ["POD", "JOB", "OBJECT", "RESOURCE", "SECRET", "NAMESPACE"])
@pytest.mark.parametrize("length", [1, 40, 41, 51, 63, 71])
def test_in_a_pipe_names_of_objects_are_aligned_however_long_one_is(header: str, length: int) -> None:
    rows = [["y" * length, "failed", LONG_CAUSE], *(["x" * 30, "failed", ""] for _ in range(4))]

    lines = in_a_pipe([header, "STATE", "CAUSE"], rows)

    assert starts(lines, [header, "STATE"], rows, 1) == {max(length, 30) + 2}
    assert lines[1].endswith(LONG_CAUSE.rstrip())
    assert max(map(len, (lines[0], *lines[2:]))) < 100


@pytest.mark.parametrize("lengths", [(51, 52, 49), (63, 1, 1, 1), (80, 84, 79, 82), (100,)])
def test_in_a_pipe_a_column_is_aligned_to_what_is_usual_in_it(lengths: tuple[int, ...]) -> None:
    rows = [["n" * length, "failed"] for length in lengths]

    assert starts(in_a_pipe(["NAME", "STATE"], rows), ["NAME", "STATE"], rows, 1) == {max(lengths) + 2}


def test_in_a_pipe_what_is_not_usual_breaks_its_own_line_alone() -> None:
    rows = [["n" * 250, "failed"], *(["n" * length, "failed"] for length in (70, 72, 71, 68, 75, 74, 73))]

    header, first, *others = in_a_pipe(["FQN", "STATE"], rows)

    assert starts([header, *others], ["FQN", "STATE"], rows[1:], 1) == {77}
    assert first == "n" * 250 + "  failed"


def test_in_a_pipe_sentences_are_not_what_a_column_is_aligned_to() -> None:
    rows = [[LONG_CAUSE, "a"], [LONG_CAUSE, "b"], ["short", "c"]]

    *_, last = in_a_pipe(["CAUSE", "NAME"], rows)

    assert last == "short  c"


def test_a_table_without_rows_has_its_headers() -> None:
    assert in_a_pipe(["NAME", "STATE"], []) == ["NAME  STATE"]
