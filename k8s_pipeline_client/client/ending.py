"""Waits for the ends of runs, and ends them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.deploying.resume import Announce
from k8s_pipeline_client.deploying.terminating import held
from k8s_pipeline_client.errors import NotFoundError
from k8s_pipeline_client.inventory.lookup import get_or_none
from k8s_pipeline_client.inventory.read import Named, Reader
from k8s_pipeline_client.polling import Countdown
from k8s_pipeline_client.runs import kill
from k8s_pipeline_client.runs.wait import wait_for_end
from k8s_pipeline_client.status import RunStatus

KILL_TIMEOUT = 120.0


class Ending:
    """The part of `Pipelines` that is about the ends of runs."""

    _cluster: Cluster
    _reader: Reader

    def wait(
        self,
        job_name: str,
        *,
        timeout: float | None = None,
        on_change: Callable[[RunStatus], None] = lambda status: None,
    ) -> RunStatus:
        """Wait until a run has ended, and return how.

        Args:
            job_name: Its Job.
            timeout: Seconds to wait; forever if None.
            on_change: Called at first, whenever state or cause have changed, and once for each attempt that failed and
                is tried again.

        Raises:
            WaitTimeoutError: The time is over; the run goes on.
            NotFoundError: There was no such Job; of one that is deleted meanwhile the cause is ``JobDeleted``.
        """
        return wait_for_end(self._cluster, self._reader, job_name, timeout=timeout, on_change=on_change)

    def kill(
        self,
        name: Named,
        *,
        run: str | Sequence[str] | None = None,
        by: str | None = None,
        timeout: float = KILL_TIMEOUT,
        wait: bool = True,
        announce: Announce = lambda text: None,
    ) -> list[RunStatus]:
        """End the active runs of a pipeline, or some of them; return them as they then are.

        Returns only when their pods are gone. The schedule is not touched, the Jobs stay as the record, with the end
        of each log.

        Args:
            name: The pipeline; or a run, by its id, the beginning of that, or its Job's name.
            run: Which of the pipeline's runs, each by its id, the beginning of that, or its Job's name; all that are
                active if None.
            by: Who asks, for the record.
            timeout: Seconds to wait, in all, until the pods of all of them are gone and their Jobs have ended.
            wait: False: return once the API server has accepted that all of them are ending; again is fine.
            announce: Called before a scheduled run follows those that are ended, and with each pod that has ended and
                that a finalizer of somebody else's keeps.

        Raises:
            WaitTimeoutError: A pod is still there, or a queue keeps changing a Job that it holds.
        """
        wanted = [run] if isinstance(run, str) else run or ()
        item, active = self._reader.jobs_to_end(name, wanted)
        kill.announce_what_follows(self._cluster, item, active, announce)
        by = by or kill.whoever_runs_this()
        records = [kill.kill_run(self._cluster, job, by=by, wait=wait) for job in active]
        if not wait:
            return [found for pair in zip(active, records, strict=True) if (found := self._ending(*pair))]
        limit = Countdown(timeout)
        for job in active:
            for pod in kill.wait_for_pods_gone(self._cluster, job["metadata"]["name"], limit.left(timeout)):
                if text := held(pod):
                    announce(text)
        return [
            found for pair in zip(active, records, strict=True) if (found := self._ended(*pair, limit.left(timeout)))
        ]

    def _ending(self, job: Object, record: Object | None) -> RunStatus | None:
        """Return a run's status just after it was killed; None if it is gone."""
        found = record or get_or_none(self._cluster, Kind.JOB, job["metadata"]["name"])
        return self._reader.run(found) if found else None

    def _ended(self, job: Object, record: Object | None, timeout: float) -> RunStatus | None:
        """Return a killed run's status once its Job, or its record, says that it has ended; None if it is gone."""
        try:
            return self._reader.run(record) if record else self.wait(job["metadata"]["name"], timeout=timeout)
        except NotFoundError:
            return None
