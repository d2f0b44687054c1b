"""The part of the client that reads the logs of runs, and what they tell."""

from __future__ import annotations

from collections.abc import Iterator

from k8s_pipeline_client.client.closing import Closing
from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain.objects import is_finished
from k8s_pipeline_client.inventory.read import Named, Reader
from k8s_pipeline_client.runs.evidence import diagnosed
from k8s_pipeline_client.runs.logpage import LogPage
from k8s_pipeline_client.runs.logs import WHOLE, LogOptions, Note, follow_log, read_log, read_log_page
from k8s_pipeline_client.runs.spool import LogSpool
from k8s_pipeline_client.status import Diagnosis


class RunLogs(Closing):
    """Reads logs: at once, following, or page by page."""

    def __init__(self, cluster: Cluster, reader: Reader, spool: LogSpool | None) -> None:
        """Take a cluster, its reader, and the spool that stores logs while they are read page by page."""
        self._cluster = cluster
        self._reader = reader
        self._spool = spool if spool is not None else LogSpool()

    def close(self) -> None:
        """Close the connections, and delete stored logs; idempotent."""
        self._spool.close()
        self._cluster.close()

    def logs(
        self,
        name: Named,
        *,
        run: str | None = None,
        follow: bool = False,
        options: LogOptions = WHOLE,
        note: Note = lambda text: None,
    ) -> Iterator[bytes]:
        """Return the log of a run, by default of the newest, as chunks of bytes.

        Args:
            name: The pipeline, or a run.
            run: A run id, a prefix of one, or a Job name.
            follow: Follow until the run has ended, across its retries.
            options: The part of the log.
            note: Called with notices that are not part of the log.
        """
        job = self._job(name, run)
        if follow and not is_finished(job):
            return follow_log(self._cluster, job, options, note)
        return read_log(self._cluster, job, self._reader.run(job), options, note)

    def log_page(self, name: Named, number: int = 0, *, run: str | None = None) -> LogPage:
        """Return a page of the log of a run, by default of the newest; if there is no log, the reason.

        The log is read from the cluster once for all pages that are read in order. A full page does not change during
        the client's lifetime, even if Kubernetes has rotated the log meanwhile.

        Args:
            name: The pipeline, or a run.
            number: Counted from 0; a page that does not exist is empty.
            run: A run id, a prefix of one, or a Job name.
        """
        job = self._job(name, run)
        return read_log_page(self._cluster, self._spool, job, number, lambda: self._reader.run(job))

    def follow(self, job_name: str, *, timeout: float | None = None, note: Note) -> Iterator[bytes]:
        """Follow the log of a run by its Job, from before its start to its end or the timeout."""
        return follow_log(self._cluster, self._cluster.get(Kind.JOB, job_name), WHOLE, note, timeout=timeout)

    def diagnose(self, name: Named, run: str | None = None) -> Diagnosis:
        """Return why a run failed or does not start, the newest if none is named, and what to do.

        Looks through Job, pods, events and the end of the log. The run's secrets are struck out of all of it, and
        nothing is long, so that it may leave the cluster.

        Args:
            name: The pipeline, or a run.
            run: A run's id, its beginning, or its Job's name.
        """
        job = self._job(name, run)
        return diagnosed(self._cluster, job, *self._reader.witnessed(job))

    def _job(self, name: Named, run: str | None) -> Object:
        return self._reader.job(name) if run is None else self._reader.run_of(name, run)
