"""Wakes the loop where a run may have ended, by watching Jobs and pods: an overlay, for the documented Role forbids it.

An event says nothing but that it is worth looking: a pass then finds out all by itself, as it does without.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from functools import partial

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object, WatchEvent
from k8s_pipeline_client.domain.objects import is_finished
from k8s_pipeline_client.domain.redaction import redacted_traceback
from k8s_pipeline_client.errors import ForbiddenError, PipelineError
from k8s_pipeline_client.reporter.observe import unreported, within
from k8s_pipeline_client.reporter.together import begin
from k8s_pipeline_client.status.pod import read_pod

_LOG = logging.getLogger(__name__)

_SECONDS = 240
"""For so long one watch lasts; the next one begins with what is there, so that nothing is missed for longer."""
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_ACTIVE = "status.phase!=Succeeded,status.phase!=Failed"
"""A pod that ends no longer matches, which is an event; those of runs that ended long ago are none of ours."""


def may_be_an_end(kind: Kind, event: WatchEvent) -> bool:
    """Return whether a run may have ended. Pure.

    A Job that is finished leaves the watch when it is marked as reported: that is no news. One that leaves it
    unfinished was deleted. Of a pod its own end counts, and that of main, after which sidecars may keep it.
    """
    if kind is Kind.JOB:
        return is_finished(event.object) is not (event.type == "DELETED")
    return event.type == "DELETED" or _main_has_ended(event.object)


def _main_has_ended(pod: Object) -> bool:
    return read_pod(pod, ()).main.end is not None


@dataclass(frozen=True, slots=True)
class Wake:
    """Watches, in threads of its own, until it is told to stop.

    Attributes:
        cluster: Whose Jobs and pods.
        instance: Of which OpenMetadata; of any if None.
        stop: Set to end it.
        event: Set where a run may have ended, and once it is to stop; to be cleared by whoever waits for it.
    """

    cluster: Cluster
    instance: str | None
    stop: threading.Event
    event: threading.Event

    def start(self) -> None:
        """Begin."""
        selectors = {Kind.JOB: (unreported(self.instance), ""), Kind.POD: (within(self.instance), _ACTIVE)}
        for kind, (labels, fields) in selectors.items():
            begin(partial(self._go_on, kind, labels, fields), f"watch-{kind.lower()}s")
        begin(self._wake_to_stop, "watch-stop")

    def _wake_to_stop(self) -> None:
        self.stop.wait()
        self.event.set()

    def _go_on(self, kind: Kind, labels: str, fields: str) -> None:
        pause, is_broken = _FIRST_PAUSE, False
        while not self.stop.is_set():
            try:
                for event in self.cluster.watch(kind, seconds=_SECONDS, labels=labels, fields=fields):
                    if is_broken or may_be_an_end(kind, event):
                        self.event.set()  # also once more after what was not seen
                    if self.stop.is_set():
                        return
                    pause, is_broken = self._works(kind, is_broken)
                pause, is_broken = self._works(kind, is_broken)
            except Exception as error:
                if self.stop.is_set():
                    return
                self._say(kind, error, again=is_broken)
                is_broken = True
                self.stop.wait(_LONGEST_PAUSE if isinstance(error, ForbiddenError) else pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                self.stop.wait(_FIRST_PAUSE)  # who ends every watch at once is not asked without end

    def _works(self, kind: Kind, is_broken: bool) -> tuple[float, bool]:
        if is_broken:
            _LOG.info("watching %ss again", kind)
        return _FIRST_PAUSE, False

    def _say(self, kind: Kind, error: Exception, *, again: bool) -> None:
        if again:
            return
        what = str(error) if isinstance(error, PipelineError) else redacted_traceback(error)
        _LOG.warning("cannot watch %ss, falling back to polling: %s", kind, what)
