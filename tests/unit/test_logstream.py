"""A log that is taken up again after broken connections is the log, whole and once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from k8s_pipeline_client.runs.logstream import Resumable

LINES = st.lists(st.tuples(st.integers(0, 5), st.binary(max_size=12).map(lambda text: text.replace(b"\n", b" "))))


def _log(lines: list[tuple[int, bytes]]) -> list[tuple[bytes, bytes]]:
    return [
        (b"2026-11-21T15:20:0%d.000000000Z" % second, text + b"\n")
        for second, text in sorted(lines, key=lambda x: x[0])
    ]


def _chunks(data: bytes, cuts: list[int]) -> list[bytes]:
    chunks, rest = [], data
    for cut in cuts:
        chunks.append(rest[: cut + 1])
        rest = rest[cut + 1 :]
    return [*chunks, rest]


@given(LINES, st.lists(st.tuples(st.integers(0, 300), st.lists(st.integers(0, 40), max_size=5)), max_size=4))
def test_whatever_breaks_where_every_byte_comes_once(
    lines: list[tuple[int, bytes]], breaks: list[tuple[int, list[int]]]
) -> None:
    log = _log(lines)
    stream, got = Resumable(), b""
    for length, cuts in [*breaks, (10**6, [3, 7])]:
        # The server's answer: from the second of `since` on, since the API knows no finer one.
        since = (stream.since or "")[:19].encode()
        answer = b"".join(stamp + b" " + text for stamp, text in log if stamp[:19] >= since)
        got += b"".join(stream.feed(_chunks(answer[:length], cuts)))
    assert got == b"".join(text for _, text in log)


def test_timestamps_are_kept_when_asked_for() -> None:
    data = b"2026-11-21T15:20:01.000000000Z one\n2026-11-21T15:20:01.000000000Z \n"
    assert b"".join(Resumable(keep_stamps=True).feed([data[:5], data[5:]])) == data


def test_a_line_without_an_end_is_not_collected() -> None:
    stream = Resumable()
    pieces = stream.feed([b"2026-11-21T15:20:01.000000000Z ", *([b"x" * 1000] * 50)])
    assert [len(piece) for piece in pieces] == [1000] * 50


def test_what_the_kubelet_says_in_place_of_a_log_is_passed_on_whole() -> None:
    words = b"unable to retrieve container logs for containerd://0123"
    stream = Resumable()
    assert b"".join(stream.feed([words])) == words
    assert stream.since is None
    line = b"2026-11-21T15:20:01.000000000Z one\n"
    assert b"".join(stream.feed([line])) == b"one\n"
    assert b"".join(stream.feed([line + words])) == words
    assert stream.since == "2026-11-21T15:20:01.000000000Z"
