"""The termination message: what a run leaves behind for whoever looks at its pod."""

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
"""What Kubernetes takes of a termination message."""


class Report:
    """Facts about an attempt, written to the termination message as they become known.

    Attributes:
        facts: All that has been noted.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._began = time.monotonic()
        self._pid = os.getpid()
        # Reentrant: SIGTERM may come in the middle of a note, and notes its own.
        self._writing = threading.RLock()
        self.facts: dict[str, Any] = {"startedAt": utc()}

    @property
    def is_of_this_process(self) -> bool:
        """Whether this is not a child that the program forked, and that ends as its parent would."""
        return os.getpid() == self._pid

    def note(self, **facts: object) -> None:
        """Rewrite the message with more facts, duration and peak memory; an empty fact is left out."""
        if not self.is_of_this_process:
            return
        with self._writing:
            for name, fact in facts.items():
                if fact != "":
                    # kubectl describe and others show it as it is.
                    self.facts[name] = visible(fact) if isinstance(fact, str) else fact
            self.facts["durationSeconds"] = round(time.monotonic() - self._began, 1)
            self.facts["peakMemoryBytes"] = _peak_memory_bytes()
            self._write(self._fitting())

    def _fitting(self) -> bytes:
        """Return the message, the cause so short that it fits."""
        while True:
            data = json.dumps(self.facts, ensure_ascii=False).encode(errors="replace")
            if len(data) <= MAX_BYTES:
                return data
            cause = self.facts["cause"]
            self.facts["cause"] = cause[: len(cause) * 7 // 8] + "…"

    def _write(self, data: bytes) -> None:
        with suppress(OSError):  # outside a pod there is no such file, and none is made
            descriptor = os.open(self._path, os.O_WRONLY)
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                # Written over, then cut off: a reader never finds it empty.
                file.write(data)
                file.truncate()


def utc() -> str:
    """Return the time as RFC 3339 in UTC; of two such texts the later time is the greater one."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _peak_memory_bytes() -> int:
    kibibytes = max(getrusage(who).ru_maxrss for who in (RUSAGE_SELF, RUSAGE_CHILDREN))
    return kibibytes * 1024
