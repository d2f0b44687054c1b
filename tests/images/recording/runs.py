"""What runs tell about themselves: status rows with their history, log batches, attempts."""

import base64
import gzip
import threading
from collections.abc import Mapping
from typing import Any

Row = dict[str, Any]


class Runs:
    """Status rows by pipeline FQN and run id (the server keeps one row per run), and logs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._history: dict[str, dict[str, list[Row]]] = {}
        self._logs: dict[tuple[str, str], list[str]] = {}
        self._closed: set[tuple[str, str]] = set()
        self._attempts: dict[str, int] = {}

    def put_status(self, fqn: str, row: Mapping[str, Any]) -> None:
        with self._lock:
            self._history.setdefault(fqn, {}).setdefault(str(row.get("runId")), []).append(dict(row))

    def status(self, fqn: str, run_id: str) -> Row | None:
        with self._lock:
            history = self._history.get(fqn, {}).get(run_id)
            return dict(history[-1]) if history else None

    def statuses(self, fqn: str, start: int = 0, end: int = 2**63) -> list[Row]:
        """The current rows of a pipeline, newest first."""
        with self._lock:
            rows = [dict(history[-1]) for history in self._history.get(fqn, {}).values()]
        rows = [row for row in rows if start <= int(row.get("timestamp") or 0) <= end]
        return sorted(rows, key=lambda row: int(row.get("timestamp") or 0), reverse=True)

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
