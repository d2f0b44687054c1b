"""Watches of a namespace in memory."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator

from k8s_pipeline_client.cluster.port import Kind, Object, WatchEvent
from tests.fakes.copies import copied
from tests.fakes.selectors import Matches

_End = BaseException | None
_Change = tuple[Kind, Object | None, Object | None]


class Watches:
    """Hands changes to whoever watches. May be used by several threads."""

    def __init__(self) -> None:
        self._inboxes: list[queue.SimpleQueue[_Change | _End]] = []

    @property
    def count(self) -> int:
        """How many watch."""
        return len(self._inboxes)

    def changed(self, kind: Kind, before: Object | None, after: Object | None) -> None:
        """Note a change; None for an object that is not there."""
        for inbox in tuple(self._inboxes):
            inbox.put((kind, before, after))  # which are never changed in place

    def end(self, error: BaseException | None) -> None:
        """End all watches, with an error or in order."""
        for inbox in tuple(self._inboxes):
            inbox.put(error)

    def begin(
        self, kind: Kind, matches: Matches, there: list[Object], seconds: float
    ) -> Callable[[], Iterator[WatchEvent]]:
        """Begin with what is there, and return what yields that and the changes from now on."""
        inbox: queue.SimpleQueue[_Change | _End] = queue.SimpleQueue()
        self._inboxes.append(inbox)

        def events() -> Iterator[WatchEvent]:
            try:
                yield from (WatchEvent("ADDED", item) for item in there)
                while True:
                    try:
                        change = inbox.get(timeout=seconds)
                    except queue.Empty:
                        return
                    if isinstance(change, BaseException):
                        raise change
                    if change is None:
                        return
                    if change[0] is kind and (event := _event(matches, *change[1:])) is not None:
                        yield event
            finally:
                self._inboxes.remove(inbox)

        return events


def _event(matches: Matches, before: Object | None, after: Object | None) -> WatchEvent | None:
    was = before is not None and matches(before)
    if after is not None and matches(after):
        return WatchEvent("MODIFIED" if was else "ADDED", copied(after))
    if was:
        assert before is not None
        return WatchEvent("DELETED", copied(before))
    return None
