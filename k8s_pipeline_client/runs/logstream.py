"""A log that can be taken up again where a connection broke: lines are told apart by the node's timestamps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_LONGEST_STAMP = 64
_SLICE = 4096


class Resumable:
    """Passes a log on, piece by piece, and knows how far it has come.

    Every line has to begin with its timestamp and a space, as Kubernetes gives it with ``timestamps=true``; one without
    is passed on as it is, such as ``unable to retrieve container logs for containerd://…``. When a
    connection breaks, ask for the log since `since` and feed the answer: what has been passed on already is left out.
    Memory does not grow with the length of log or lines.

    Attributes:
        has_gap: Whether the answer that is being fed began after the end of the one before: the node may have rotated
            away what lay between. Known once the first piece is yielded.
    """

    def __init__(self, *, keep_stamps: bool = False) -> None:
        """Take whether the timestamps are to be passed on."""
        self._keep = keep_stamps
        self._stamp = b""  # of the line that was begun last
        self._index = 0  # how many lines with that stamp have come before it
        self._length = 0  # how much of that line has been passed on
        self._complete = True
        self.has_gap = False

    @property
    def since(self) -> str | None:
        """The timestamp from which on the log is needed again; None if nothing has come yet."""
        return self._stamp.decode("ascii", "replace") or None

    @property
    def is_in_line(self) -> bool:
        """Whether the line that was passed on last has no end yet."""
        return not self._complete and self._length > 0

    def feed(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield what is new in a log that starts at, or before, `since`."""
        known = (self._stamp, self._index, self._length, self._complete)
        stamp, index, length, head, in_line = b"", -1, 0, b"", False
        self.has_gap = False
        for rest in _slices(chunks):
            while rest:
                if not in_line:
                    head, rest = _head(head + rest)
                    if head and not head.endswith(b" ") and len(head) < _LONGEST_STAMP:
                        break  # the timestamp goes on in the next chunk
                    if not _is_stamp(head):  # the kubelet's own words in place of a line
                        head, rest = stamp + b" ", head + rest
                    if not stamp:  # the first line of this answer: it should be one that we know
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
        """Return how many of the next bytes of a line have been passed on in an earlier connection."""
        if not known[0] or (stamp, index) > known[:2]:
            return 0
        if (stamp, index) < known[:2] or known[3]:
            return 2**62
        return max(0, known[2] - length)


def _slices(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut large chunks: what is left of one is copied with every line that is taken off it."""
    for chunk in chunks:
        for start in range(0, len(chunk), _SLICE):
            yield chunk[start : start + _SLICE]


def _head(data: bytes) -> tuple[bytes, bytes]:
    """Split a line's timestamp, with the space after it, from what follows."""
    end = data.find(b" ", 0, _LONGEST_STAMP)
    return (data[: end + 1], data[end + 1 :]) if end >= 0 else (data[:_LONGEST_STAMP], data[_LONGEST_STAMP:])


def _is_stamp(head: bytes) -> bool:
    return head[:4].isdigit() and head[4:5] == b"-" and head.endswith(b" ")
