"""The part of the client that knows which pipelines and runs there are, and runs one again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import annotation, is_finished, selector
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.errors import UnknownNameError
from k8s_pipeline_client.inventory.lookup import pods_of
from k8s_pipeline_client.inventory.read import Named, Reader
from k8s_pipeline_client.inventory.snapshot import read_reduced
from k8s_pipeline_client.runs.rerun import retry_run
from k8s_pipeline_client.status import Happened, RunStatus, State, happened


class Choosing:
    """The part of `Pipelines` that chooses among what there is."""

    _cluster: Cluster
    _reader: Reader

    def now(self) -> datetime:
        """Return the API server's time as of its last response; the local clock may differ."""
        return self._cluster.now()

    def events(self, name: Named) -> tuple[Happened, ...]:
        """Return the events about a pipeline's CronJob, Jobs and pods, or about one run; oldest first.

        This lists all events of the namespace: Kubernetes has no index for them.

        Args:
            name: The pipeline, or a run.
        """
        run = self._reader.job_by_run(name) if isinstance(name, str) else None
        item = run or self._reader.find(name)
        known = [item] if run else [item, *self._reader.jobs_of(item)]
        pods = pods_of(self._cluster, run["metadata"]["name"]) if run else self._pods_of(item)
        return happened([*known, *pods], read_reduced(self._cluster, Kind.EVENT))

    def _pods_of(self, item: Object) -> list[Object]:
        return self._cluster.list(Kind.POD, labels=selector(item["metadata"]["name"]))

    def names(self) -> list[tuple[str, str]]:
        """Return an unambiguous NAME for every pipeline, with its fully qualified name."""
        return self._reader.names()

    def resource_names(self, *, on_demand: bool = True, one_shot: bool = False) -> list[str]:
        """Return the resource names of the namespace's pipelines.

        Args:
            on_demand: Those without a schedule, too.
            one_shot: Runs without a pipeline, too.
        """
        return [
            str(item["metadata"]["name"])
            for item in self._reader.all_items()
            if (one_shot or item["kind"] == Kind.CRONJOB) and (on_demand or not annotation(item, labels.ON_DEMAND))
        ]

    def one_shots_of(self, pipelines: Sequence[Pipeline]) -> dict[str, bool]:
        """Return the one-shot runs of definitions by the names of their Jobs, and whether each is active."""
        jobs = self._reader.one_shots_of([(pipeline.fqn, pipeline.instance) for pipeline in pipelines])
        return {str(job["metadata"]["name"]): not is_finished(job) for job in jobs}

    def retry(self, run_text: str | None = None, *, allow_overlap: bool = False) -> RunStatus:
        """Start a run again, with a new id; the newest failed one of the namespace if none is given.

        Args:
            run_text: A run id, a prefix of one, or a Job name; or a pipeline's NAME for its newest failed run.
            allow_overlap: Start even while another run of the pipeline is active.

        Raises:
            UnknownNameError: There is no such run, or none has failed.
            RunActiveError: It, or another run of its pipeline, is active.
        """
        job = self._newest_failed() if run_text is None else self._failed_of(run_text)
        if job is None:
            raise UnknownNameError(f"no run has failed in namespace {self._cluster.namespace}", code="UnknownRun")
        return self._reader.created(retry_run(self._cluster, job, allow_overlap=allow_overlap))

    def _failed_of(self, name: str) -> Object:
        """Return the Job of a pipeline's newest failed run, or of the run whose id begins so.

        Raises:
            UnknownNameError: There is neither, or the text is ambiguous, or none of the pipeline's runs has failed.
        """
        found, is_run = self._reader.items_or_run(name)
        if is_run:
            return found[0]
        job = self._newest_failed(
            self._reader.the_one_with(found, name, lambda item: self._newest_failed(item) is not None)
        )
        if job is None:
            raise UnknownNameError(f"no run of {name} has failed", code="UnknownRun")
        return job

    def _newest_failed(self, *items: Object) -> Object | None:
        """Return the complete Job of the newest failed run of a pipeline, or of all; None if there is none."""
        for job, status in self._reader.runs(*items):
            if status.state is State.FAILED:
                return self._cluster.get(Kind.JOB, job["metadata"]["name"])
        return None
