"""Pages of a log cost one read of it, whoever reads them and however it grows; what is kept is bounded, and goes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_pipeline_client.cluster.port import Cluster
from k8s_pipeline_client.errors import UnreachableError
from k8s_pipeline_client.runs.logpage import LogPage
from k8s_pipeline_client.runs.logs import read_log_page
from k8s_pipeline_client.runs.logstream import Resumable
from k8s_pipeline_client.runs.spool import LogSpool
from tests.unit.nodelog import JOB, NodeLog

FIRST = b"launcher: run x begins\n"


@pytest.fixture
def spools() -> Iterator[Callable[..., LogSpool]]:
    """Makes spools with pages of 10 characters, and closes them."""
    made: list[LogSpool] = []

    def make(**more: Any) -> LogSpool:
        made.append(LogSpool(**{"size": 10, **more}))
        return made[-1]

    yield make
    for spool in made:
        spool.close()


def page(node: NodeLog, spool: LogSpool, number: int) -> LogPage:
    return read_log_page(cast(Cluster, node), spool, JOB, number, _no_status)


def _no_status() -> Any:
    raise AssertionError("there is a log, so nobody need ask for the run's status")


def all_pages(node: NodeLog, spool: LogSpool) -> list[str]:
    """Read the pages one after the other, as OpenMetadata's page does."""
    pages = [page(node, spool, 0)]
    while len(pages) < pages[-1].total:
        pages.append(page(node, spool, len(pages)))
    return [found.text for found in pages]


def test_pages_in_order_cost_one_read(spools: Callable[..., LogSpool]) -> None:
    node, spool = NodeLog(), spools()
    node.write(FIRST, *(b"line %d\n" % number for number in range(100)))
    node.end()

    pages = all_pages(node, spool)

    assert len(pages) > 80
    assert "".join(pages) == FIRST.decode() + "".join(f"line {number}\n" for number in range(100))
    assert len(node.reads) == 1


def test_pages_of_a_log_that_grows_cost_one_read_of_each_byte(spools: Callable[..., LogSpool]) -> None:
    node, spool = NodeLog(), spools()
    written, number, got = 0, 0, ""
    node.write(FIRST, ticks=10)
    for _ in range(50):
        node.write(b"%07d\n" % written, b"%07d\n" % (written + 1), ticks=10)
        written += 2
        found = page(node, spool, number)
        while number + 1 < found.total:
            got += found.text
            number += 1
            found = page(node, spool, number)
    node.end()
    got += "".join(page(node, spool, rest).text for rest in range(number, page(node, spool, number).total))

    assert got == FIRST.decode() + "".join(f"{line:07}\n" for line in range(written))
    # A read that goes on begins with the second of the last line that is known: one line of 39 bytes.
    one_read = len(FIRST) + 31 + written * (8 + 31)
    assert node.sent <= one_read + len(node.reads) * 60


@given(
    st.lists(st.tuples(st.binary(max_size=9), st.integers(0, 12), st.booleans()), max_size=12),
    st.integers(1, 7),
    st.integers(1, 50),
)
def test_the_pages_are_the_log_however_it_grows_and_comes(
    steps: list[tuple[bytes, int, bool]], size: int, chunk: int
) -> None:
    node, written = NodeLog(announces=False, chunk=chunk), b""
    spool = LogSpool(size=size)
    full: dict[int, str] = {}
    for text, ticks, asks in steps:
        node.write(*text.splitlines(keepends=True), ticks=ticks)
        written += text
        for number, found in enumerate(_pages_so_far(node, spool) if asks else []):
            assert full.get(number, found) == found, "a page that was full has changed"
            if len(found) == size:
                full[number] = found
    node.end()

    pages = all_pages(node, spool)

    spool.close()
    assert "".join(pages) == written.decode(errors="replace")
    assert {len(text) for text in pages[:-1]} <= {size}
    assert all(pages[number] == text for number, text in full.items())


def _pages_so_far(node: NodeLog, spool: LogSpool) -> list[str]:
    return [page(node, spool, number).text for number in range(page(node, spool, 10**6).total)]


def test_a_page_in_the_middle_can_be_asked_for_first(spools: Callable[..., LogSpool]) -> None:
    node = NodeLog()
    node.write(FIRST, *(b"%09d\n" % number for number in range(20)))
    node.end()
    spool = spools()

    found = page(node, spool, 7)

    whole = FIRST.decode() + "".join(f"{number:09}\n" for number in range(20))
    assert found == LogPage(whole[70:80], -(-len(whole) // 10))
    assert (page(node, spool, 99).text, page(node, spool, -1).text) == ("", "")
    assert len(node.reads) == 1


def test_interleaved_readers_of_several_runs_do_not_disturb_each_other(spools: Callable[..., LogSpool]) -> None:
    spool, nodes = spools(), [NodeLog() for _ in range(3)]
    for index, node in enumerate(nodes):
        node.uid = f"pod-{index}"
        node.write(FIRST, *(b"%d: %06d\n" % (index, number) for number in range(30)))
        node.end()

    rounds = [[page(node, spool, number).text for node in nodes] for number in range(33)]

    for index in range(3):
        expected = FIRST.decode() + "".join(f"{index}: {number:06}\n" for number in range(30))
        assert "".join(texts[index] for texts in rounds) == expected
    assert [len(node.reads) for node in nodes] == [1, 1, 1]


def test_a_broken_connection_is_taken_up_where_it_broke(spools: Callable[..., LogSpool]) -> None:
    node, spool = NodeLog(), spools()
    node.write(FIRST, *(b"%09d\n" % number for number in range(100)), ticks=10)
    node.end()
    node.break_after = 1500
    with pytest.raises(UnreachableError):
        page(node, spool, 0)
    node.break_after = None

    assert "".join(all_pages(node, spool)) == FIRST.decode() + "".join(f"{number:09}\n" for number in range(100))
    assert [read is None for read in node.reads] == [True, False]


def test_threads_that_want_the_same_page_share_a_read(spools: Callable[..., LogSpool]) -> None:
    node, spool = NodeLog(), spools()
    node.write(FIRST, *(b"%09d\n" % number for number in range(50)))
    node.end()
    node.before_reading = lambda: time.sleep(0.05)  # long enough for the others to come

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: page(node, spool, number).text, [*range(8)] * 4))

    assert found[:8] == found[8:16] == found[16:24] == found[24:]
    assert len(node.reads) == 1


def test_a_slow_read_of_one_run_holds_up_nobody_else(spools: Callable[..., LogSpool]) -> None:
    spool, slow, quick = spools(), NodeLog(), NodeLog()
    slow.uid = "slow"
    go_on, is_reading = threading.Event(), threading.Event()

    def wait() -> None:
        is_reading.set()
        assert go_on.wait(20)

    slow.before_reading = wait
    for node in (slow, quick):
        node.write(FIRST)
        node.end()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(page, slow, spool, 0)
        assert is_reading.wait(20)
        assert page(quick, spool, 0).total == 3
        go_on.set()
        assert waiting.result(20).total == 3


def test_threads_under_a_tight_bound_get_the_right_pages_all_the_same(spools: Callable[..., LogSpool]) -> None:
    """Logs are dropped while others read them; what is answered is right, only not always from the spool."""
    spool, nodes = spools(max_bytes=1500, max_logs=3), [NodeLog() for _ in range(6)]
    for index, node in enumerate(nodes):
        node.uid = f"pod-{index}"
        node.write(FIRST, *(b"%d: %06d\n" % (index, number) for number in range(40 + index)))
        node.end()

    def read(index: int) -> str:
        return "".join(all_pages(nodes[index % 6], spool))

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(read, range(24)))

    for index, text in enumerate(found):
        which = index % 6
        assert text == FIRST.decode() + "".join(f"{which}: {number:06}\n" for number in range(40 + which))
    assert spool.bytes_on_disk <= 1500


def test_the_log_that_was_not_asked_for_longest_gives_way(spools: Callable[..., LogSpool]) -> None:
    spool, nodes = spools(max_bytes=1200), [NodeLog() for _ in range(3)]
    for index, node in enumerate(nodes):
        node.uid = f"pod-{index}"
        node.write(FIRST, *(b"%09d\n" % number for number in range(50)))
        node.end()
    page(nodes[0], spool, 0)
    page(nodes[1], spool, 0)
    page(nodes[0], spool, 1)

    page(nodes[2], spool, 0)

    assert spool.bytes_on_disk <= 1200
    assert (page(nodes[0], spool, 2).total, len(nodes[0].reads)) == (53, 1)
    assert (page(nodes[1], spool, 2).total, len(nodes[1].reads)) == (53, 2)


def test_there_are_never_more_files_than_asked_for(spools: Callable[..., LogSpool]) -> None:
    spool = spools(max_logs=4)
    before = len(_open_files())
    for index in range(20):
        node = NodeLog()
        node.uid = f"pod-{index}"
        node.write(FIRST)
        node.end()
        page(node, spool, 0)
    assert len(_open_files()) - before == 4
    spool.close()
    assert len(_open_files()) == before


@pytest.mark.parametrize("bounds", [{"max_bytes": 100}, {"folder": Path("/no/such/folder")}, {"max_bytes": 0}])
def test_where_the_disk_takes_no_more_a_page_costs_a_read(
    spools: Callable[..., LogSpool], bounds: dict[str, Any]
) -> None:
    node, spool = NodeLog(), spools(**bounds)
    node.write(FIRST, *(b"%09d\n" % number for number in range(100)))
    node.end()

    assert "".join(all_pages(node, spool)) == FIRST.decode() + "".join(f"{number:09}\n" for number in range(100))
    assert spool.bytes_on_disk <= 100


def test_what_nobody_asks_for_is_dropped_and_can_be_read_again(spools: Callable[..., LogSpool]) -> None:
    now = 0.0
    node, other, spool = NodeLog(), NodeLog(), spools(max_idle=60.0, clock=lambda: now)
    other.uid = "other"
    for each in (node, other):
        each.write(FIRST)
        each.end()
        page(each, spool, 0)
    now = 59.0
    page(other, spool, 0)
    now = 60.0

    spool.drop_idle()

    assert spool.bytes_on_disk == len(FIRST)
    assert page(node, spool, 0).text == "launcher: "
    assert (len(node.reads), len(other.reads)) == (2, 1)


def test_it_is_dropped_though_nothing_is_asked_any_more(spools: Callable[..., LogSpool]) -> None:
    node, spool = NodeLog(), spools(max_idle=0.05)
    node.write(FIRST)
    page(node, spool, 0)
    end = time.monotonic() + 20
    while spool.bytes_on_disk:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_after_it_is_closed_nothing_is_kept(spools: Callable[..., LogSpool]) -> None:
    node, spool = NodeLog(), spools()
    node.write(FIRST)
    page(node, spool, 0)
    spool.close()
    spool.close()

    assert page(node, spool, 0).text == "launcher: "
    assert spool.bytes_on_disk == 0


def test_each_attempt_has_its_own_log(spools: Callable[..., LogSpool]) -> None:
    node, spool = NodeLog(), spools()
    node.write(FIRST, b"the first\n")
    node.end()
    all_pages(node, spool)
    node.rotate()
    node.uid = "pod-2"
    node.write(FIRST, b"the second\n")

    assert "".join(all_pages(node, spool)) == FIRST.decode() + "the second\n"


def test_an_interrupted_read_leaves_nothing_half_done(spools: Callable[..., LogSpool]) -> None:
    spool = spools()

    def interrupted(stream: Resumable) -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        spool.page("x", 0, interrupted, grows=False)

    assert spool.page("x", 0, lambda stream: iter([b"whole"]), grows=False).text == "whole"


def test_a_log_is_on_disk_under_no_name_and_gone_with_the_process(tmp_path: Path) -> None:
    program = f"""
        import os, signal, sys
        from pathlib import Path
        from k8s_pipeline_client.runs.spool import LogSpool
        spool = LogSpool(folder=Path({str(tmp_path)!r}))
        spool.page("x", 0, lambda stream: iter([b"secret"]), grows=False)
        print(spool.bytes_on_disk, os.listdir({str(tmp_path)!r}), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    ended = subprocess.run([sys.executable, "-c", dedent(program)], check=False, capture_output=True, text=True)
    assert (ended.stdout, ended.returncode) == ("6 []\n", -9)
    assert list(tmp_path.iterdir()) == []


def _open_files() -> list[str]:
    return os.listdir("/proc/self/fd")
