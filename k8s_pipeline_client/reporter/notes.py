"""What the threads of a pass collect: runs to remember and to forget, and warnings."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from k8s_pipeline_client.cluster.port import Cluster
from k8s_pipeline_client.errors import (
    OpenMetadataError,
    PipelineError,
    RightMissingError,
    ServerUnreachableError,
    TokenRejectedError,
)
from k8s_pipeline_client.reporter import memory
from k8s_pipeline_client.reporter.destination import Destination, Way
from k8s_pipeline_client.reporter.memory import Memory, OpenRun

_OF_THE_SERVER = (ServerUnreachableError, TokenRejectedError, RightMissingError)
"""Errors that every other run of the same server and token would have as well."""


class Notes:
    """May be used by several threads."""

    def __init__(self, before: Memory, broken: Mapping[Way, OpenMetadataError] | None = None) -> None:
        """Take what was remembered before the pass, and the servers that are known to fail in it."""
        self._before = before
        self._lock = threading.Lock()
        self._remembered: dict[str, list[OpenRun]] = defaultdict(list)
        self._forgotten: dict[str, set[str]] = defaultdict(set)
        self._done: set[str] = set()
        self._broken: dict[Way, OpenMetadataError] = dict(broken or {})
        self._warnings: dict[str, None] = {}
        self.unknown: set[str] = set()
        """The pipelines of which OpenMetadata has said that it does not have them."""

    def apart(self) -> Notes:
        """Return notes for work beside later passes: with the failing servers that are known, without warnings."""
        with self._lock:
            return Notes(self._before, self._broken)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings, each once."""
        return tuple(self._warnings)

    def warn(self, text: str) -> None:
        """Add a warning; a repeated one is the same."""
        with self._lock:
            self._warnings[text] = None

    def remember(self, run: OpenRun) -> None:
        """Remember an open run, unless as much is known of it already."""
        known = self._before.runs.get(run.run_id)
        if known is None or (run.address and (known.fqn, known.address) != (run.fqn, run.address)):
            with self._lock:
                self._remembered[known.place if known else run.place].append(run)

    def forget(self, run_id: str) -> None:
        """Forget a run that is no longer open."""
        with self._lock:
            self._done.add(run_id)
        known = self._before.runs.get(run_id)
        if known is not None:
            with self._lock:
                self._forgotten[known.place].add(run_id)

    def unknown_pipeline(self, pipeline: str) -> None:
        """Note that OpenMetadata does not have a pipeline (404)."""
        with self._lock:
            self.unknown.add(pipeline)

    def left(self) -> Mapping[str, OpenRun]:
        """Return the runs that are open after the pass, by id."""
        new = {run.run_id: run for runs in self._remembered.values() for run in runs}
        return {key: run for key, run in {**self._before.runs, **new}.items() if key not in self._done}

    @contextmanager
    def asking(self, destination: Destination) -> Iterator[None]:
        """Send requests to a server, unless it has failed in this pass already.

        Raises:
            OpenMetadataError: The earlier error, or the one that it fails with now.
        """
        way = destination.way
        if way is not None and way in self._broken:
            raise self._broken[way]
        try:
            yield
        except _OF_THE_SERVER as error:
            if way is not None:
                with self._lock:
                    self._broken.setdefault(way, error)
            self.warn(str(error))
            raise

    def write(self, cluster: Cluster) -> None:
        """Write to the ConfigMaps what is to be remembered, and take out what is not; one failure stops no other."""
        for place, runs in self._remembered.items():
            if left := [run for run in runs if run.run_id not in self._done]:
                self._try(lambda place=place, left=left: memory.remember(cluster, place, left))
        for place, ids in self._forgotten.items():
            self._try(lambda place=place, ids=ids: memory.forget(cluster, self._before, place, ids))

    def _try(self, write: object) -> None:
        try:
            write()  # type: ignore[operator]
        except PipelineError as error:
            self.warn(str(error))
