"""Logs of containers, line by line with the time of each."""

from __future__ import annotations

from datetime import datetime

Line = tuple[datetime, bytes]


class Logs:
    """What pods have written, by pod and container."""

    def __init__(self) -> None:
        self.message: bytes | None = None
        self._lines: dict[tuple[str, str], list[Line]] = {}

    def add(self, pod: str, container: str, log: bytes, at: datetime) -> None:
        """Add to a log."""
        self._lines.setdefault((pod, container), []).extend((at, line) for line in log.splitlines(keepends=True))

    def clear(self, pod: str, container: str) -> None:
        """Restart a log."""
        self._lines[pod, container] = []

    def read(
        self, pod: str, container: str, *, tail_lines: int | None, since: datetime | None, timestamps: bool
    ) -> bytes | None:
        """Return a log; None if the container has not begun one."""
        if self.message is not None:
            return self.message
        lines = self._lines.get((pod, container))
        if lines is None:
            return None
        kept = [line for line in lines if since is None or line[0] >= since]
        kept = kept if tail_lines is None else kept[max(0, len(kept) - tail_lines) :]
        return b"".join((_stamp(at) if timestamps else b"") + line for at, line in kept)


def _stamp(at: datetime) -> bytes:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond * 1000:09d}Z ".encode()
