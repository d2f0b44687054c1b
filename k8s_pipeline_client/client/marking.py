"""Keeps pipelines that OpenMetadata has deleted, and may restore."""

from __future__ import annotations

from k8s_pipeline_client.cluster.port import Cluster
from k8s_pipeline_client.deploying import deleted
from k8s_pipeline_client.deploying.resume import Announce
from k8s_pipeline_client.domain.objects import is_finished
from k8s_pipeline_client.inventory.read import Named, Reader
from k8s_pipeline_client.runs.kill import kill_run

_BY = "OpenMetadata, which has deleted the pipeline"


class Marking:
    """The part of `Pipelines` that is about those."""

    _cluster: Cluster
    _reader: Reader

    def mark_deleted(self, name: Named) -> bool:
        """Suspend a pipeline and mark it as deleted in OpenMetadata, and end its active runs; repeating it is harmless.

        It returns once the API server has accepted that. `list_pipelines` and `status` say so; no run of it can be
        started. A deploy, `enable` and `disable` take the mark away, as does `unmark`.

        Args:
            name: The pipeline; best its CronJob, as it was read when OpenMetadata was asked.

        Returns:
            Whether it is marked; not if it has been redeployed, switched or deleted since it was read.

        Raises:
            WaitTimeoutError: A queue keeps changing the Job of a run; the pipeline is marked.
        """
        cronjob = self._reader.cronjob(name)
        if not deleted.mark_deleted(self._cluster, cronjob):
            return False
        for job in self._reader.jobs_of(cronjob):
            if not is_finished(job):
                kill_run(self._cluster, job, by=_BY, wait=False)
        return True

    def unmark(self, name: Named, *, announce: Announce = lambda text: None) -> str:
        """Take the mark away: OpenMetadata has restored the pipeline; return its resource name.

        Its schedule is in force again if it was so before, and no run starts that was due meanwhile. One that is not
        marked is left as it is.

        Args:
            name: The pipeline.
            announce: Called with what a person should know before it happens, as by `enable`.
        """
        cronjob = self._reader.cronjob(name)
        deleted.unmark(self._cluster, cronjob, announce=announce)
        return str(cronjob["metadata"]["name"])
