"""The table of status rows, with what the real one does when two writers meet."""

import copy
import threading
from collections.abc import Callable, Mapping
from typing import Any

Row = dict[str, Any]


class TakenError(Exception):
    """(pipeline, timestamp) is unique."""


class Rows:
    """Rows by pipeline. One is found by its run id, and kept apart by its timestamp alone."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._by_pipeline: dict[str, list[Row]] = {}

    def put(self, fqn: str, row: Mapping[str, Any], between: Callable[[], None]) -> None:
        """Replace the whole of the run's row, or add it.

        The look-up and the insertion are two statements, as in the real server: what comes between them, another first
        row of the run for one, makes two rows of the run. From then on each write would give both the same timestamp.

        Raises:
            TakenError: Another row of the pipeline has the timestamp.
        """
        with self._lock:
            found = self._of_run(fqn, row.get("runId"))
            if found:
                others = [each for each in self._by_pipeline[fqn] if each not in found]
                if len(found) > 1 or _is_taken(others, row):
                    raise TakenError
                self._by_pipeline[fqn] = [*others, copy.deepcopy(dict(row))]
                return
        between()
        with self._lock:
            rows = self._by_pipeline.setdefault(fqn, [])
            if _is_taken(rows, row):
                raise TakenError
            rows.append(copy.deepcopy(dict(row)))

    def of_run(self, fqn: str, run_id: str | None) -> Row | None:
        with self._lock:
            found = self._of_run(fqn, run_id)
            return copy.deepcopy(found[0]) if found else None

    def listed(self, fqn: str, start: int = -(2**63), end: int = 2**63) -> list[Row]:
        """The rows of a pipeline, newest first."""
        with self._lock:
            found = [row for row in self._by_pipeline.get(fqn, []) if start <= row["timestamp"] <= end]
            return copy.deepcopy(sorted(found, key=lambda row: int(row["timestamp"]), reverse=True))

    def delete(self, fqn: str, run_id: str | None = None) -> None:
        """Those of one run, or all of a pipeline."""
        with self._lock:
            left = [row for row in self._by_pipeline.get(fqn, []) if run_id not in (None, row.get("runId"))]
            self._by_pipeline[fqn] = left

    def clear(self) -> None:
        with self._lock:
            self._by_pipeline.clear()

    def _of_run(self, fqn: str, run_id: str | None) -> list[Row]:
        """Those without a run id are never found, as by any comparison with NULL."""
        return [row for row in self._by_pipeline.get(fqn, []) if run_id is not None and row.get("runId") == run_id]


def _is_taken(rows: list[Row], row: Mapping[str, Any]) -> bool:
    return any(each["timestamp"] == row["timestamp"] for each in rows)
