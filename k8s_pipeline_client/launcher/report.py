"""The termination message of a run."""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import suppress
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any

from k8s_pipeline_client.launcher.visible import visible

MAX_BYTES = 4096
"""The maximum size of a termination message in Kubernetes."""


class Report:
    """Facts about an attempt, written to the termination message as they become known.

    Attributes:
        facts: All facts so far.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._began = time.monotonic()
        self._pid = os.getpid()
        # Reentrant: SIGTERM may interrupt a note, and notes facts itself.
        self._writing = threading.RLock()
        self.facts: dict[str, Any] = {"startedAt": utc()}

    @property
    def is_of_this_process(self) -> bool:
        """Whether this is the original process, not a forked child that exits like its parent."""
        return os.getpid() == self._pid

    def note(self, **facts: object) -> None:
        """Rewrite the message with more facts, duration and peak memory; empty facts are omitted."""
        if not self.is_of_this_process:
            return
        with self._writing:
            for name, fact in facts.items():
                if fact != "":
                    # kubectl describe and others print it unescaped.
                    self.facts[name] = visible(fact) if isinstance(fact, str) else fact
            self.facts["durationSeconds"] = round(time.monotonic() - self._began, 1)
            self.facts["peakMemoryBytes"] = _peak_memory_bytes()
            self._write(self._fitting())

    def _fitting(self) -> bytes:
        """Return the message, with the cause truncated to fit."""
        while True:
            data = json.dumps(self.facts, ensure_ascii=False).encode(errors="replace")
            if len(data) <= MAX_BYTES:
                return data
            cause = self.facts["cause"]
            self.facts["cause"] = cause[: len(cause) * 7 // 8] + "…"

    def _write(self, data: bytes) -> None:
        with suppress(OSError):  # outside a pod there is no such file, and none is created
            descriptor = os.open(self._path, os.O_WRONLY)
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                # Overwritten, then truncated: readers never find it empty.
                file.write(data)
                file.truncate()


def utc() -> str:
    """Return the time as RFC 3339 in UTC; such texts sort chronologically."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _peak_memory_bytes() -> int:
    kibibytes = max(getrusage(who).ru_maxrss for who in (RUSAGE_SELF, RUSAGE_CHILDREN))
    return kibibytes * 1024
