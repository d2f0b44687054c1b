"""What runs tell about themselves, in order: the status rows that were accepted, log batches, attempts."""

import base64
import gzip
import threading
from collections.abc import Mapping
from typing import Any

Row = dict[str, Any]


class Runs:
    """Status rows by pipeline FQN and run id, as they came, and logs; what is in force of the rows is in `Rows`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._history: dict[str, dict[str, list[Row]]] = {}
        self._logs: dict[tuple[str, str], list[str]] = {}
        self._closed: set[tuple[str, str]] = set()
        self._attempts: dict[str, int] = {}

    def note_status(self, fqn: str, row: Mapping[str, Any]) -> None:
        with self._lock:
            self._history.setdefault(fqn, {}).setdefault(str(row.get("runId")), []).append(dict(row))

    def history(self) -> dict[str, dict[str, list[Row]]]:
        with self._lock:
            return {fqn: {run: list(rows) for run, rows in runs.items()} for fqn, runs in self._history.items()}

    def add_log(self, fqn: str, run_id: str, batch: Mapping[str, Any]) -> None:
        text = str(batch.get("logs", ""))
        if batch.get("compressed"):
            text = gzip.decompress(base64.b64decode(text)).decode()
        with self._lock:
            self._logs.setdefault((fqn, run_id), []).append(text)

    def close_log(self, fqn: str, run_id: str) -> None:
        with self._lock:
            self._closed.add((fqn, run_id))

    def closed(self) -> set[tuple[str, str]]:
        with self._lock:
            return set(self._closed)

    def log(self, fqn: str, run_id: str) -> str:
        with self._lock:
            return "\n".join(self._logs.get((fqn, run_id), []))

    def logs(self) -> list[dict[str, Any]]:
        with self._lock:
            return [
                {"fqn": fqn, "runId": run, "closed": (fqn, run) in self._closed, "logs": "\n".join(parts)}
                for (fqn, run), parts in self._logs.items()
            ]

    def next_attempt(self, run_id: str) -> int:
        """Counts the pods that served a run: they share no other state."""
        with self._lock:
            self._attempts[run_id] = self._attempts.get(run_id, 0) + 1
            return self._attempts[run_id]

    def clear(self) -> None:
        with self._lock:
            self._history.clear()
            self._logs.clear()
            self._closed.clear()
            self._attempts.clear()
