"""Looks at the schedules once a minute: beside the passes of a loop, which a slow OpenMetadata must not hold up."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from k8s_pipeline_client.domain.redaction import redacted_traceback
from k8s_pipeline_client.errors import ClusterError
from k8s_pipeline_client.reporter.schedules import LONGEST, LOOK_EVERY, Looked, Schedules, Setup, last_look, note_look
from k8s_pipeline_client.reporter.single import Pass
from k8s_pipeline_client.reporter.together import begin
from k8s_pipeline_client.settings import Settings

_LOG = logging.getLogger(__name__)

_PATIENCE = 2.0
"""Seconds for which the end of a look is waited for at the end of the reporter; it may end at any point."""


class Looking:
    """Begins a look when it is time for one, and hands over what came of it; one at a time."""

    def __init__(self, settings: Settings, parallel: int) -> None:
        """Take the settings, and how many pipelines are looked after at once."""
        self._closed = threading.Event()
        self._stops: tuple[threading.Event, ...] = (self._closed,)
        days = settings.deleted_pipeline_retention_days
        self._setup = Setup(settings.instance, days, parallel, self._closed.is_set)
        self._under_way: Future[Looked] | None = None
        self._looked: datetime | None = None
        self._begun: datetime | None = None
        self._behind: datetime | None = None
        self._unnoted: datetime | None = None
        self._unknown: set[str] = set()
        self._put_off: tuple[str, ...] = ()
        self._found: list[Looked] = []

    @contextmanager
    def until(self, stop: threading.Event) -> Iterator[None]:
        """Make the looks of the block start nothing more once an event is set, or the block is left."""
        before, left = self._stops, threading.Event()
        self._stops = (*before, stop, left)
        try:
            yield
        finally:
            self._stops = before
            left.set()

    def read(self, within: Pass, noted: Mapping[str, str]) -> Schedules | None:
        """Read the CronJobs, if it is time to; what cannot be read is said in the pass, and tried again.

        Args:
            within: The pass.
            noted: The data of the reporter's ledger.
        """
        self._collect()
        self._unknown |= within.notes.unknown
        is_due = self._looked is None or within.now - self._looked >= LOOK_EVERY
        if not is_due and (not self._unknown or self._under_way is not None):
            return None
        self._looked = within.now
        try:
            if self._under_way is None:
                stops = self._stops  # those of now: once stopped, it stays so
                setup = replace(self._setup, is_stopping=lambda: any(stop.is_set() for stop in stops))
                return Schedules.read(within, setup, noted, self._last(noted))
            # It goes on, and nobody is to speak of an outage. The next one asks for what is due since this one began.
            self._behind = self._behind or self._begun
            self._note(within)
        except ClusterError as error:
            # What has been reported is remembered all the same.
            within.notes.warn(f"cannot check the schedules: {error}")
        return None

    def look(self, schedules: Schedules | None, within: Pass, noted: Mapping[str, str], *, beside: bool) -> Looked:
        """Look at what was read, and return what has come of that, or of an earlier look.

        Args:
            schedules: What `read` has returned.
            within: The pass; what it is to remember has been written.
            noted: The data of the reporter's ledger.
            beside: Do not wait for it: what comes of it, a later call returns.
        """
        if schedules is not None:
            before = self._behind or self._last(noted)
            unknown = tuple(dict.fromkeys((*self._put_off, *sorted(self._unknown))))
            self._begun, self._behind, self._unknown, self._put_off = within.now, None, set(), ()
            work = partial(self._work, schedules, within, before, unknown, LONGEST if beside else None)
            if beside:
                self._under_way = begin(work, "looking")
            else:
                self._take(work())
        self._collect()
        found, self._found = self._found, []
        return Looked(
            tuple(run for each in found for run in each.runs),
            tuple(pipeline for each in found for pipeline in each.pipelines),
            tuple(warning for each in found for warning in each.warnings),
        )

    def close(self) -> None:
        """Begin with nothing more; what is under way is waited for a moment, and holds up no end of the process."""
        self._closed.set()
        if self._under_way is not None:
            wait([self._under_way], timeout=_PATIENCE)

    def _note(self, within: Pass) -> None:
        """Note that there is a look; where that cannot be written, it is said once, and the look goes on."""
        try:
            note_look(within, self._setup.instance)
        except ClusterError as error:
            if self._unnoted is None:
                _LOG.warning(
                    "looks at the schedules cannot be noted, so a restart will be taken for an outage: %s", error
                )
            self._unnoted = within.now
        else:
            self._unnoted = None

    def _last(self, noted: Mapping[str, str]) -> datetime | None:
        """Return when a reporter last looked, as far as that is noted or this one knows it; None if neither."""
        known = (last_look(noted, self._setup.instance), self._unnoted)
        return max(filter(None, known), default=None)

    def _collect(self) -> None:
        if self._under_way is not None and self._under_way.done():
            self._take(self._under_way.result())
            self._under_way = None

    def _take(self, looked: Looked) -> None:
        """Keep what came of a look; what it has left undone, the next one takes up."""
        self._found.append(looked)
        self._put_off = looked.put_off
        self._behind = looked.behind or self._behind  # the earlier one

    def _work(
        self,
        schedules: Schedules,
        within: Pass,
        before: datetime | None,
        unknown: tuple[str, ...],
        longest: timedelta | None,
    ) -> Looked:
        try:
            self._note(within)
            return schedules.look(before, unknown, longest)
        except ClusterError as error:
            said = str(error)
        except Exception as error:  # a fault of ours must not end the reports of all runs
            _LOG.error("cannot check the schedules: %s", redacted_traceback(error))
            said = f"unexpected: {type(error).__name__}"
        return Looked(warnings=(f"cannot check the schedules: {said}",), put_off=unknown, behind=before)
