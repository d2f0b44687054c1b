"""A log stream that can be resumed after a broken connection: lines are identified by the node's timestamps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_LONGEST_STAMP = 64
_SLICE = 4096


class Resumable:
    """Passes a log on in chunks, and keeps the position.

    Every line has to begin with its timestamp and a space, as with ``timestamps=true``; others are passed on
    unchanged, such as ``unable to retrieve container logs for containerd://…``. When a connection breaks, request the
    log since `since` and feed the response: lines that have been passed on are skipped. Memory does not grow with the
    length of the log or its lines.

    Attributes:
        has_gap: Whether the current response began after the end of the previous one: the node may have rotated away
            the lines in between. Known once the first chunk is yielded.
    """

    def __init__(self, *, keep_stamps: bool = False) -> None:
        """Take whether to pass on the timestamps."""
        self._keep = keep_stamps
        self._stamp = b""  # of the current line
        self._index = 0  # the number of earlier lines with that timestamp
        self._length = 0  # the number of its bytes that have been passed on
        self._complete = True
        self.has_gap = False

    @property
    def since(self) -> str | None:
        """The timestamp to resume from; None before the first line."""
        return self._stamp.decode("ascii", "replace") or None

    @property
    def is_in_line(self) -> bool:
        """Whether the last line is incomplete."""
        return not self._complete and self._length > 0

    def feed(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the new part of a log that starts at, or before, `since`."""
        known = (self._stamp, self._index, self._length, self._complete)
        stamp, index, length, head, in_line = b"", -1, 0, b"", False
        self.has_gap = False
        for rest in _slices(chunks):
            while rest:
                if not in_line:
                    head, rest = _head(head + rest)
                    if head and not head.endswith(b" ") and len(head) < _LONGEST_STAMP:
                        break  # the timestamp continues in the next chunk
                    if not _is_stamp(head):  # a message of the kubelet instead of a line
                        head, rest = stamp + b" ", head + rest
                    if not stamp:  # the first line of this response: it should be a known one
                        self.has_gap = bool(known[0]) and head[:-1] > known[0]
                    index = index + 1 if head[:-1] == stamp else 0
                    stamp, length, in_line = head[:-1], 0, True
                    if self._is_new(known, stamp, index):
                        self._stamp, self._index, self._length, self._complete = stamp, index, 0, False
                        if self._keep and len(head) > 1:
                            yield head
                    head = b""
                    continue
                line, newline, rest = rest.partition(b"\n")
                piece = line + newline
                skipped = self._to_skip(known, stamp, index, length)
                length += len(piece)
                fresh = piece[skipped:] if skipped < len(piece) else b""
                if fresh:
                    self._length, self._complete = length, bool(newline)
                    yield fresh
                in_line = not newline

    @staticmethod
    def _is_new(known: tuple[bytes, int, int, bool], stamp: bytes, index: int) -> bool:
        return (stamp, index) > known[:2] or not known[0]

    @staticmethod
    def _to_skip(known: tuple[bytes, int, int, bool], stamp: bytes, index: int, length: int) -> int:
        """Return how many of the next bytes of a line have been passed on over an earlier connection."""
        if not known[0] or (stamp, index) > known[:2]:
            return 0
        if (stamp, index) < known[:2] or known[3]:
            return 2**62
        return max(0, known[2] - length)


def _slices(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Split large chunks: the rest of a chunk is copied with every line."""
    for chunk in chunks:
        for start in range(0, len(chunk), _SLICE):
            yield chunk[start : start + _SLICE]


def _head(data: bytes) -> tuple[bytes, bytes]:
    """Split a line into its timestamp, with the space, and the rest."""
    end = data.find(b" ", 0, _LONGEST_STAMP)
    return (data[: end + 1], data[end + 1 :]) if end >= 0 else (data[:_LONGEST_STAMP], data[_LONGEST_STAMP:])


def _is_stamp(head: bytes) -> bool:
    return head[:4].isdigit() and head[4:5] == b"-" and head.endswith(b" ")
