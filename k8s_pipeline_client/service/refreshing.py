"""Renders deployed pipelines again in the background, so that an upgrade needs no redeploy."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from k8s_pipeline_client.deploying.refresh import Refresh
from k8s_pipeline_client.errors import PipelineError
from k8s_pipeline_client.service.daemon import Daemon

_LOG = logging.getLogger(__name__)
_INTERVAL = 3600.0
_NAMED = 5


class Refresher:
    """Refreshes at start and every hour, in a thread; another one in another process is harmless."""

    def __init__(self, refresh: Callable[[threading.Event], Refresh], *, interval: float = _INTERVAL) -> None:
        """Take what refreshes, and the interval in seconds."""
        self._refresh = refresh
        self._interval = interval
        self._said: frozenset[str] = frozenset()
        self._daemon = Daemon(self._run, name="refresher")

    def start(self) -> None:
        """Start the thread."""
        self._daemon.start()

    def stop(self) -> None:
        """Stop after the deploy in progress, or without it if that takes longer than 10 s."""
        self._daemon.stop()

    def _run(self) -> None:
        stop = self._daemon.stopping
        while not stop.is_set():
            try:
                self._tell(self._refresh(stop))
            except PipelineError as error:
                _LOG.warning("cannot refresh what is deployed: %s", error.message)
            except Exception:
                _LOG.exception("cannot refresh what is deployed")
            stop.wait(self._interval)

    def _tell(self, found: Refresh) -> None:
        _LOG.info(
            "refreshed %d, unchanged %d, conflicts %d",
            len(found.updated),
            found.unchanged,
            len(found.overtaken),
        )
        for name, error in found.failed.items():
            _LOG.warning("cannot refresh CronJob %s: %s", name, error.message)
        new = sorted(set(found.left) - self._said)
        self._said |= set(new)
        if new:
            _LOG.warning(
                "%d pipelines keep the image and settings they were deployed with until they are deployed again, since "
                "their Secrets do not hold their definition: %s%s",
                len(new),
                ", ".join(new[:_NAMED]),
                " …" if len(new) > _NAMED else "",
            )
