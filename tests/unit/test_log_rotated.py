"""Where Kubernetes has rotated a part of a log away, the log says so; and only there."""

from __future__ import annotations

from typing import Any, cast

import pytest

from k8s_pipeline_client.cluster.port import Cluster
from k8s_pipeline_client.launcher.beginning import first_line
from k8s_pipeline_client.runs.logs import LogOptions, follow_log, read_log, read_log_page
from k8s_pipeline_client.runs.rotated import GAP, ROTATED
from k8s_pipeline_client.runs.spool import LogSpool
from tests.unit.nodelog import JOB, NodeLog

FIRST = first_line({"pipelineRunId": "5f"}).encode() + b"\n"
TOLD = f"k8s-pipeline: {ROTATED}\n"


def log_of(node: NodeLog, spool: LogSpool | None = None) -> str:
    used = spool or LogSpool()
    text = read_log_page(cast(Cluster, node), used, JOB, 0, cast(Any, None)).text
    if spool is None:
        used.close()
    return text


def test_a_whole_log_says_nothing() -> None:
    node = NodeLog()
    node.write(FIRST, b"one\n")
    assert log_of(node) == FIRST.decode() + "one\n"
    node.end()
    assert log_of(node) == FIRST.decode() + "one\n"


@pytest.mark.parametrize("is_over", [False, True])
def test_a_log_without_its_beginning_says_so_first(is_over: bool) -> None:
    node = NodeLog()
    node.write(b"in the middle\n")
    if is_over:
        node.end()
    assert log_of(node) == TOLD + "in the middle\n"


def test_what_stands_before_the_first_line_is_not_taken_for_the_middle() -> None:
    node = NodeLog()
    node.write(b"ERROR: ld.so: object cannot be preloaded\n", FIRST, b"one\n")
    assert TOLD not in log_of(node)


def test_a_first_line_far_inside_is_none() -> None:
    """A program that shows another run's log must not make ours look whole."""
    node = NodeLog(chunk=10_000)
    node.write(*[b"x" * 99 + b"\n"] * 700, FIRST)
    assert log_of(node).startswith(TOLD)


def test_a_pod_from_before_there_was_a_first_line_lacks_none() -> None:
    node = NodeLog(announces=False)
    node.write(b"one\n")
    assert log_of(node) == "one\n"


def test_a_container_in_which_the_launcher_never_ran_lacks_nothing() -> None:
    node = NodeLog()
    node.write(b"SyntaxError: this Python is too old\n")
    node.end(message="")
    assert log_of(node) == "SyntaxError: this Python is too old\n"


def test_a_log_that_was_rotated_just_now_is_empty_and_says_why() -> None:
    node = NodeLog()
    node.end()
    assert log_of(node) == TOLD


def test_what_is_still_to_come_is_not_missing() -> None:
    node, spool = NodeLog(), LogSpool()
    assert log_of(node, spool) == ""
    node.write(FIRST)
    assert log_of(node, spool) == FIRST.decode()
    spool.close()


def test_what_was_rotated_away_after_it_was_read_is_kept() -> None:
    node, spool = NodeLog(), LogSpool()
    node.write(FIRST, b"one\n", ticks=10)
    log_of(node, spool)
    node.write(b"two\n", ticks=10)
    log_of(node, spool)
    node.rotate()
    node.write(b"three\n", ticks=10)

    # Nothing is missing here, but nobody can tell.
    assert log_of(node, spool) == FIRST.decode() + f"one\ntwo\nk8s-pipeline: {GAP}\nthree\n"
    spool.close()


def test_a_gap_after_half_a_line_begins_a_line_of_its_own() -> None:
    node, spool = NodeLog(), LogSpool()
    node.write(FIRST, b"half a li", ticks=10)
    log_of(node, spool)
    node.rotate()
    node.write(b"three\n", ticks=10)

    assert log_of(node, spool) == FIRST.decode() + f"half a li\nk8s-pipeline: {GAP}\nthree\n"
    spool.close()


def test_a_log_that_goes_on_has_no_gap() -> None:
    node, spool = NodeLog(), LogSpool()
    node.write(FIRST, ticks=10)
    for number in range(20):
        node.write(b"%d\n" % number, ticks=number % 3)
        assert "k8s-pipeline" not in log_of(node, spool)
    spool.close()


@pytest.mark.parametrize(
    ("options", "is_told"),
    [
        (LogOptions(), True),
        (LogOptions(timestamps=True), True),
        (LogOptions(tail_lines=1), False),
        (LogOptions(since_seconds=1), False),
    ],
)
def test_who_reads_the_whole_log_in_one_go_is_told_beside_it(options: LogOptions, is_told: bool) -> None:
    node, notes = NodeLog(), list[str]()
    node.write(b"in the middle\n")
    shown = b"".join(read_log(cast(Cluster, node), JOB, cast(Any, None), options, notes.append))
    assert shown.endswith(b"in the middle\n")
    assert b"k8s-pipeline" not in shown
    assert notes == [ROTATED] * is_told


def test_of_a_whole_log_with_timestamps_nothing_is_told() -> None:
    node, notes = NodeLog(), list[str]()
    node.write(FIRST, b"one\n")
    options = LogOptions(timestamps=True)
    shown = b"".join(read_log(cast(Cluster, node), JOB, cast(Any, None), options, notes.append))
    assert (shown.count(b"\n"), notes) == (2, [])


def test_who_follows_a_log_is_told_of_a_gap() -> None:
    node, notes, reads = NodeLog(), list[str](), iter(range(9))
    node.write(FIRST, ticks=10)

    def between() -> None:
        if next(reads) == 1:
            node.rotate()
            node.write(b"later\n", ticks=10)
            node.end()

    node.before_reading = between
    shown = b"".join(follow_log(cast(Cluster, node), JOB, LogOptions(), notes.append))

    assert shown == FIRST + b"later\n"
    assert notes == [GAP]
