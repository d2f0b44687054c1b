"""What is known of schedules from earlier passes, an entry for each CronJob, in ConfigMaps of the reporter's own.

An entry is a key of its own, written by merge patch, and by a hash of its name always in the same ConfigMap.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from k8s_pipeline_client.cluster.port import Cluster, Kind
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import ApiError
from k8s_pipeline_client.reporter import own
from k8s_pipeline_client.reporter.missed import Tracked

LAST_PASS = "last-pass"
"""Begins the entry of `own.LEDGER` that says when the CronJobs were last looked at."""
MOST_BYTES = 900 * 1024
"""Of one ConfigMap's data, keys included; the API server takes 1 MiB."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The entries.

    Attributes:
        entries: Text by the CronJob's name; see `Tracked.to_text`.
        former: The names of those of ours that an earlier version has left in `own.LEDGER`.
    """

    entries: Mapping[str, str]
    former: frozenset[str] = frozenset()

    @classmethod
    def read(
        cls, cluster: Cluster, noted: Mapping[str, str], is_ours: Callable[[str, str], bool] = lambda name, text: True
    ) -> Ledger:
        """Read them: one list.

        Args:
            cluster: Where.
            noted: The data of `own.LEDGER`.
            is_ours: Whether an entry of `own.LEDGER` is ours, by its name and text: a reporter of another instance may
                still be of the earlier version, and read its own there.
        """
        former = {name: text for name, text in noted.items() if not name.startswith(LAST_PASS) and is_ours(name, text)}
        shards = cluster.list(Kind.CONFIG_MAP, labels=labels.SCHEDULES)
        found = {name: text for shard in shards for name, text in (shard.get("data") or {}).items()}
        return cls(former | found, frozenset(former))

    def write(self, cluster: Cluster, changes: Mapping[str, Tracked | None]) -> Written:
        """Write what has changed, and nothing else; None removes an entry.

        A ConfigMap that the API server refuses stops none of the others, and its entries stay as they were.

        Raises:
            ClusterError: The API server cannot be reached.
        """
        texts = {name: tracked.to_text() if tracked else None for name, tracked in changes.items()}
        moved = {name: self.entries[name] for name in self.former}
        patches, lost = patched(self.entries, moved | texts)
        written: dict[str, str | None] = {}
        refused: list[ApiError] = []
        for place, data in patches.items():
            try:
                own.merge(cluster, place, {"data": dict(data)})
            except ApiError as error:
                refused.append(error)
            else:
                written |= data
        former = self.former
        if done := former & written.keys():  # last, so that none is ever nowhere
            try:
                own.merge(cluster, own.LEDGER, {"data": dict.fromkeys(done)})
                former -= done
            except ApiError as error:
                refused.append(error)
        entries = {name: text for name, text in {**self.entries, **written}.items() if text is not None}
        return Written(Ledger(entries, former & entries.keys()), lost, tuple(refused))


@dataclass(frozen=True, slots=True)
class Written:
    """What came of writing entries.

    Attributes:
        ledger: The entries as they are now.
        lost: How many missed runs had no room in them.
        refused: Why ConfigMaps could not be written.
    """

    ledger: Ledger
    lost: int
    refused: tuple[ApiError, ...]


def patched(
    entries: Mapping[str, str], changes: Mapping[str, str | None]
) -> tuple[Mapping[str, Mapping[str, str | None]], int]:
    """Return what is to be written, by ConfigMap, and how many missed runs have no room in it. Pure.

    Args:
        entries: What is there.
        changes: What is to be there; None for an entry that is to go.
    """
    touched: dict[str, dict[str, str | None]] = defaultdict(dict)
    for name, text in changes.items():
        if text is not None or name in entries:
            touched[own.place_of_schedule(name)][name] = text
    whole: dict[str, dict[str, str]] = {place: {} for place in touched}
    for name, text in {**entries, **changes}.items():
        place = own.place_of_schedule(name)
        if place in whole and text is not None:
            whole[place][name] = text
    lost = 0
    for place, data in whole.items():
        shortened, count = _shortened(data)
        touched[place] |= shortened
        lost += count
    return touched, lost


def _shortened(data: Mapping[str, str]) -> tuple[Mapping[str, str], int]:
    """Return the entries to be shortened so that all have room: the runs that were missed longest ago go first."""
    size = sum(_size(name, text) for name, text in data.items())
    if size <= MOST_BYTES:
        return {}, 0
    tracked = {name: found for name, text in data.items() if (found := Tracked.from_text(text)) and found.owed}
    changed: dict[str, str] = {}
    lost = 0
    for due, name in _oldest_first(tracked):
        if size <= MOST_BYTES:
            break
        tracked[name] = tracked[name].without(due)
        text = tracked[name].to_text()
        size -= _size(name, changed.get(name, data[name])) - _size(name, text)
        changed[name] = text
        lost += 1
    return changed, lost


def _oldest_first(tracked: Mapping[str, Tracked]) -> list[tuple[datetime, str]]:
    return sorted((due, name) for name, found in tracked.items() for due in found.owed)


def _size(name: str, text: str) -> int:
    return len(name.encode()) + len(text.encode())
