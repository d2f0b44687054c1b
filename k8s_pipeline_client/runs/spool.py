"""Stores logs on disk while they are read page by page, so that each is read from the cluster once.

Neither `cachetools` nor `diskcache` fit: the former measures an entry only when it is added, and logs grow; the latter
has named files, which outlive the process. So this is an LRU cache with an `OrderedDict`.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path

from k8s_pipeline_client.errors import PipelineError
from k8s_pipeline_client.runs.logpage import PAGE_CHARACTERS, LogPage, page_of
from k8s_pipeline_client.runs.logstream import Resumable
from k8s_pipeline_client.runs.pagefile import ClosedPageFileError, PageFile

_log = logging.getLogger(__name__)

Source = Callable[[Resumable], Iterator[bytes]]
"""Reads a log from the `Resumable`'s position, through it, to its current end."""


class _Spooled:
    """A log: its position, and its pages."""

    def __init__(self, pages: PageFile, now: float) -> None:
        self.pages = pages
        self.stream = Resumable()
        self.used_at = now
        self.reading = threading.Lock()


class LogSpool:
    """Stores logs on disk while they are read page by page; thread-safe, for one client.

    It is closed with its client. When a requested page is not stored yet, the log is read further from the cluster. The
    least recently used logs are evicted; if the disk is full, a page costs a read of the whole log.
    """

    def __init__(
        self,
        *,
        max_bytes: int = 256 * 2**20,
        max_logs: int = 64,
        max_idle: float = 600.0,
        folder: Path | None = None,
        size: int = PAGE_CHARACTERS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create an empty spool.

        Args:
            max_bytes: On disk, for all logs together.
            max_logs: Each has an open file.
            max_idle: Seconds after which an unused log is dropped.
            folder: For the files; the system's folder for temporary files if None.
            size: Characters per page.
            clock: Returns the time in seconds.
        """
        self._max_bytes = max_bytes
        self._max_logs = max_logs
        self._max_idle = max_idle
        self._folder = folder
        self._size = size
        self._clock = clock
        self._lock = threading.Lock()
        self._logs: OrderedDict[Hashable, _Spooled] = OrderedDict()  # the most recently used one is last
        self._timer: threading.Timer | None = None
        self._is_closed = False

    @property
    def bytes_on_disk(self) -> int:
        """The size of all logs."""
        with self._lock:
            return sum(log.pages.length for log in self._logs.values())

    def page(self, key: Hashable, number: int, read: Source, *, grows: bool) -> LogPage:
        """Return a page of a log.

        Args:
            key: Identifies the log.
            number: Counted from 0; a page that does not exist is empty.
            read: Reads the rest of the log.
            grows: Whether the log may grow after ``read``.

        Raises:
            PipelineError: It could not be read; the part that was read is kept.
        """
        try:
            return self._page(key, number, read, grows)
        except (OSError, ClosedPageFileError) as error:
            _log.warning("reading a log without the spool: %s", error or "there is no space for it")
            return page_of(read(Resumable()), number, size=self._size)

    def drop_idle(self) -> None:
        """Drop idle logs; also done by a timer."""
        with self._lock:
            self._drop_idle()

    def close(self) -> None:
        """Drop all logs, and store none from now on."""
        with self._lock:
            self._is_closed = True
            while self._logs:
                self._drop_oldest()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _page(self, key: Hashable, number: int, read: Source, grows: bool) -> LogPage:
        log = self._take(key)
        if not log.pages.has(number):
            with log.reading:  # other threads wait for this read instead of reading as well
                if not log.pages.has(number):
                    self._read(key, log, read, grows)
        return log.pages.page(number)

    def _take(self, key: Hashable) -> _Spooled:
        with self._lock:
            if self._is_closed:
                raise ClosedPageFileError
            self._drop_idle()
            log = self._logs.get(key)
            if log is None:
                while len(self._logs) >= self._max_logs:
                    self._drop_oldest()
                log = _Spooled(PageFile(folder=self._folder, size=self._size), self._clock())
                self._logs[key] = log
            self._touch(key, log)
            self._set_timer()
            return log

    def _read(self, key: Hashable, log: _Spooled, read: Source, grows: bool) -> None:
        try:
            for chunk in read(log.stream):
                log.pages.append(chunk)
                self._make_room(key, log)
            if not grows:
                log.pages.complete()
        except PipelineError:
            raise  # everything that was read has been added, so it can be resumed
        except BaseException:
            self._drop(key, log)
            raise

    def _make_room(self, key: Hashable, log: _Spooled) -> None:
        with self._lock:
            self._touch(key, log)
            while sum(each.pages.length for each in self._logs.values()) > self._max_bytes:
                self._drop_oldest()  # finally the one that is being read, which is closed then

    def _touch(self, key: Hashable, log: _Spooled) -> None:
        log.used_at = self._clock()
        if self._logs.get(key) is log:
            self._logs.move_to_end(key)

    def _drop_idle(self) -> None:
        limit = self._clock() - self._max_idle
        while self._logs and next(iter(self._logs.values())).used_at <= limit:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        _, log = self._logs.popitem(last=False)
        log.pages.close()

    def _drop(self, key: Hashable, log: _Spooled) -> None:
        with self._lock:
            if self._logs.get(key) is log:
                del self._logs[key]
            log.pages.close()

    def _set_timer(self) -> None:
        """Schedule the timer that drops idle logs."""
        if self._timer is None and self._logs and not self._is_closed:
            oldest = next(iter(self._logs.values()))
            seconds = max(oldest.used_at + self._max_idle - self._clock(), 0.0)
            # A weak reference, so that the timer does not keep an unused client alive.
            self._timer = threading.Timer(seconds, _expire, [weakref.ref(self)])
            self._timer.daemon = True
            self._timer.start()

    def _expire(self) -> None:
        with self._lock:
            self._timer = None
            self._drop_idle()
            self._set_timer()


def _expire(reference: weakref.ref[LogSpool]) -> None:
    spool = reference()
    if spool is not None:
        spool._expire()
