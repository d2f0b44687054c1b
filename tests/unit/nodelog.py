"""A pod on a node that writes a log, and the one question that a cluster is asked about it: in memory, and counted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.errors import UnreachableError

JOB: dict[str, Any] = {"kind": "Job", "metadata": {"name": "om-x-1", "uid": "job-1", "annotations": {}}}


class NodeLog:
    """Plays the kubelet: gives the newest file of a container's log, line by line with timestamps.

    Attributes:
        reads: What was asked for: the ``since_time`` of every read.
        sent: How many bytes went over the wire.
        break_after: After how many bytes of an answer the connection breaks; never if None.
        before_reading: Called as a read begins.
    """

    namespace = "ns"

    def __init__(self, *, announces: bool = True, chunk: int = 100) -> None:
        self.reads: list[str | None] = []
        self.sent = 0
        self.break_after: int | None = None
        self.before_reading: Callable[[], None] = lambda: None
        self.args = ["--announce", "--config"] if announces else ["--config"]
        self.state: dict[str, Any] = {"running": {}}
        self.uid = "pod-1"
        self._chunk = chunk
        self._file: list[tuple[bytes, bytes]] = []
        self._tick = 0
        self._lock = threading.Lock()

    def write(self, *texts: bytes, ticks: int = 1) -> None:
        """Write each text with a timestamp of its own; one without a line break is gone on with by the next."""
        for text in texts:
            self._tick += ticks
            if self._file and not self._file[-1][1].endswith(b"\n"):
                stamp, begun = self._file.pop()
                self._file.append((stamp, begun + text))
            else:
                seconds, tenths = divmod(self._tick, 10)
                self._file.append((b"2026-11-21T%02d:%02d:%02d.%d00000000Z" % (*_clock(seconds), tenths), text))

    def rotate(self) -> None:
        """Begin a new file; the old ones are not given any more."""
        self._file.clear()

    def end(self, message: str = '{"startedAt": "x"}') -> None:
        self.state = {"terminated": {"exitCode": 0, "message": message, "startedAt": "2026-11-21T00:00:00Z"}}

    def pod(self) -> dict[str, Any]:
        status = {"containerStatuses": [{"name": "main", "state": self.state}]}
        metadata = {"name": "om-x-1-abc", "uid": self.uid, "creationTimestamp": "2026-11-21T00:00:00Z"}
        return {
            "kind": "Pod",
            "metadata": metadata,
            "spec": {"containers": [{"name": "main", "args": self.args}]},
            "status": status,
        }

    def list(self, kind: Kind, **_: str) -> list[dict[str, Any]]:
        assert kind is Kind.POD
        return [self.pod()] if self.state else []

    def get(self, kind: Kind, name: str) -> dict[str, Any]:
        if kind is Kind.JOB:
            is_over = "terminated" in self.state
            return JOB | {"status": {"conditions": [{"type": "Complete", "status": "True"}] if is_over else []}}
        return self.pod()

    def now(self) -> datetime:
        return datetime(2026, 11, 21, tzinfo=UTC)

    def read_log(
        self, pod: str, *, container: str, since_time: str | None = None, timestamps: bool = False, **_: object
    ) -> Iterator[bytes]:
        with self._lock:
            self.reads.append(since_time)
        self.before_reading()
        since = (since_time or "")[:19].encode()
        lines = [(stamp + b" " if timestamps else b"") + text for stamp, text in self._file if stamp[:19] >= since]
        answer = b"".join(lines)
        for start in range(0, len(answer), self._chunk):
            piece = answer[start : start + self._chunk]
            if self.break_after is not None and start + len(piece) > self.break_after:
                yield piece[: max(0, self.break_after - start)]
                raise UnreachableError("the connection broke")
            with self._lock:
                self.sent += len(piece)
            yield piece


def _clock(seconds: int) -> tuple[int, int, int]:
    return seconds // 3600, seconds // 60 % 60, seconds % 60
