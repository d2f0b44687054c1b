"""The part of the client that reads the logs of runs."""

from __future__ import annotations

from collections.abc import Iterator

from k8s_pipeline_client.client.closing import Closing
from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain.objects import is_finished
from k8s_pipeline_client.inventory.read import Named, Reader
from k8s_pipeline_client.runs.logpage import LogPage
from k8s_pipeline_client.runs.logs import WHOLE, LogOptions, Note, follow_log, read_log, read_log_page
from k8s_pipeline_client.runs.spool import LogSpool


class RunLogs(Closing):
    """Reads logs: in one go, as they are written, or page by page."""

    def __init__(self, cluster: Cluster, reader: Reader, spool: LogSpool | None) -> None:
        """Take a cluster, what finds runs in it, and where logs are kept while they are read page by page."""
        self._cluster = cluster
        self._reader = reader
        self._spool = spool if spool is not None else LogSpool()

    def close(self) -> None:
        """Give up the connections, and what is kept of logs; again is fine."""
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
        """Return the log of a run, the newest if none is named, as chunks of bytes.

        Args:
            name: The pipeline, or a run.
            run: A run's id, its beginning, or its Job's name.
            follow: Go on until the run has ended, across its retries.
            options: Which part of the log.
            note: Called with what is not part of the log.
        """
        job = self._job(name, run)
        if follow and not is_finished(job):
            return follow_log(self._cluster, job, options, note)
        return read_log(self._cluster, job, self._reader.run(job), options, note)

    def log_page(self, name: Named, number: int = 0, *, run: str | None = None) -> LogPage:
        """Return a page of the log of a run, the newest if none is named; where there is no log, why.

        However many pages are read, in their order, the log is read from the cluster once. A page that is full does
        not change any more while this client lives, even where Kubernetes has rotated the log meanwhile.

        Args:
            name: The pipeline, or a run.
            number: Counted from 0; one that there is not is empty.
            run: A run's id, its beginning, or its Job's name.
        """
        job = self._job(name, run)
        return read_log_page(self._cluster, self._spool, job, number, lambda: self._reader.run(job))

    def follow(self, job_name: str, *, timeout: float | None = None, note: Note) -> Iterator[bytes]:
        """Return the log of a run by its Job, from before it starts to its end or the end of the time."""
        return follow_log(self._cluster, self._cluster.get(Kind.JOB, job_name), WHOLE, note, timeout=timeout)

    def _job(self, name: Named, run: str | None) -> Object:
        return self._reader.job(name) if run is None else self._reader.job_of(self._reader.find(name), run)
