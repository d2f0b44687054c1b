"""Runs whose rows need not be read again for a while: nothing about them has changed. It only saves requests."""

from __future__ import annotations

import threading
from collections.abc import Collection, Hashable
from datetime import datetime, timedelta

AGAIN = timedelta(seconds=60)
"""After so long a row is read again, even if nothing has changed."""

_LONG = timedelta(days=1)


class Quiet:
    """May be used by several threads; holds only runs that are not finally reported."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[str, tuple[Hashable, datetime]] = {}
        self._looked_into: dict[str, set[datetime]] = {}

    def is_quiet(self, run_id: str, situation: Hashable, now: datetime) -> bool:
        """Return whether the row of a run was read in the same situation a short time ago."""
        with self._lock:
            known = self._until.get(run_id)
        return known is not None and known[0] == situation and now < known[1]

    def keep(self, run_id: str, situation: Hashable, until: datetime) -> None:
        """Do not read the row of a run until then, unless its situation changes."""
        with self._lock:
            self._until[run_id] = (situation, until)

    def only(self, run_ids: Collection[str]) -> None:
        """Forget all runs but these."""
        with self._lock:
            self._until = {key: value for key, value in self._until.items() if key in run_ids}

    def looked_into(self, uid: str, now: datetime) -> set[datetime]:
        """Return the due times of a CronJob that were looked into, to be added to; what is long past is left out."""
        with self._lock:
            kept = {due for due in self._looked_into.get(uid, ()) if now - due < _LONG}
            self._looked_into[uid] = kept
            return kept
