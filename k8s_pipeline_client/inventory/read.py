"""Computes the statuses of a namespace's pipelines and runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.naming import fqn_parts, label_value
from k8s_pipeline_client.domain.objects import annotation, is_finished, newest_first, selector
from k8s_pipeline_client.inventory.finder import Finder
from k8s_pipeline_client.inventory.finder import Named as Named
from k8s_pipeline_client.inventory.lookup import pods_of
from k8s_pipeline_client.inventory.snapshot import Snapshot, read_reduced, read_snapshot
from k8s_pipeline_client.inventory.statuses import events_about, pipeline_statuses, run_statuses, schedule_warnings
from k8s_pipeline_client.inventory.titles import titled
from k8s_pipeline_client.inventory.tokens import with_expiry
from k8s_pipeline_client.status import (
    CauseCode,
    PipelineStatus,
    RunStatus,
    State,
    events_tell_more,
    run_status,
    tells_of_skips,
    with_sizes,
)

_RUNS = (Kind.JOB, Kind.POD)


class Reader(Finder):
    """Reads one namespace; with an OpenMetadata instance, only its objects."""

    def runs(self, *items: Object) -> list[tuple[Object, RunStatus]]:
        """Return the Jobs and runs of pipelines, or without one of all, newest first; the Jobs are `reduced`."""
        snapshot = self._runs_of(*items)
        self.check_namespace(snapshot.jobs)
        statuses = run_statuses(self._cluster, snapshot, of_one=bool(items))
        return [(job, statuses[job["metadata"]["name"]]) for job in snapshot.jobs]

    def queued_runs(self, fqn: str) -> list[RunStatus]:
        """Return the runs of a pipeline that have not begun and whose ids we have made, newest first.

        Two requests, whatever there is: Jobs and pods bear the pipeline's name as a label, and more than one may have
        it; so their annotation is compared, too. Whether it is deployed is not asked.
        """
        name = label_value((fqn_parts(fqn) or [fqn])[-1])
        called = self.selector(f"{labels.PIPELINE},{labels.APP_PIPELINE}={name}")
        jobs = read_reduced(self._cluster, Kind.JOB, labels=f"{called},!{labels.RUN_ID_GIVEN}")
        active = [job for job in newest_first(jobs) if annotation(job, labels.FQN) == fqn and not is_finished(job)]
        if not active:
            return []
        pods = Snapshot(self._cluster.now(), pods=read_reduced(self._cluster, Kind.POD, labels=called)).pods_by_job
        now = self._cluster.now()
        found = [run_status(job, pods.get(job["metadata"]["name"], ()), (), now) for job in active]
        return [run for run in found if run.state is State.QUEUED]

    def run(self, job: Object) -> RunStatus:
        """Return the status of one run."""
        pods = pods_of(self._cluster, job["metadata"]["name"])
        now = self._cluster.now()
        status = run_status(job, pods, (), now)
        if events_tell_more(status, now):
            status = run_status(job, pods, events_about(self._cluster, [job, *pods]), now)
        return self._with_size(job, status)

    def witnessed(self, job: Object) -> tuple[RunStatus, list[Object], list[Object]]:
        """Return the status of one run, its pods, and all events about either."""
        pods = pods_of(self._cluster, job["metadata"]["name"])
        events = events_about(self._cluster, [job, *pods])
        status = run_status(job, pods, events, self._cluster.now())
        return self._with_size(job, status), pods, events

    def created(self, job: Object) -> RunStatus:
        """Return the status of a run that was started: as a rule just now, and it has no pods yet."""
        return self.run(job) if job.get("status") else run_status(job, (), (), self._cluster.now())

    def _with_size(self, job: Object, status: RunStatus) -> RunStatus:
        ran_out = status.cause is not None and status.cause.code is CauseCode.OOM_KILLED
        return self._sized(job, status) if ran_out else status

    def _sized(self, job: Object, status: RunStatus) -> RunStatus:
        """Return the run with a suggested memory limit, from its pipeline's earlier runs."""
        snapshot = read_snapshot(self._cluster, selector(job["metadata"]["labels"][labels.PIPELINE]), kinds=_RUNS)
        runs = run_statuses(self._cluster, snapshot, of_one=True).values()
        return with_sizes([status, *(run for run in runs if run.job_name != status.job_name)])[0]

    def pipeline(self, item: Object, *, runs: int = 5) -> tuple[PipelineStatus, list[RunStatus]]:
        """Return a pipeline's status, and its newest runs."""
        snapshot = self._runs_of(item)
        found = with_sizes(list(run_statuses(self._cluster, snapshot, of_one=True).values()))
        by_job = {run.job_name: run for run in found}
        events = events_about(self._cluster, [item]) if tells_of_skips(item) else None
        statuses = pipeline_statuses(self._cluster, [item], snapshot, by_job, events)
        (status,) = with_expiry(self._cluster, [item], statuses, snapshot.now)
        unusual = schedule_warnings(item, status, found, snapshot.now, events or ())
        return dataclasses.replace(status, warnings=(*status.warnings, *unusual)), found[:runs]

    def pipelines(self, where: str = "") -> list[PipelineStatus]:
        """Return the status of the pipelines and one-shot runs, by service and name.

        Args:
            where: A label selector for their CronJobs and Jobs; all of the namespace if empty.
        """
        snapshot = read_snapshot(self._cluster, self.selector(labels.PIPELINE))
        self.check_namespace(snapshot.items or snapshot.jobs)
        items = self._selected(snapshot.items, where) if where else snapshot.items
        runs = run_statuses(self._cluster, snapshot)
        statuses = pipeline_statuses(self._cluster, items, snapshot, runs)
        result = with_expiry(self._cluster, items, titled(statuses, items, snapshot.items), snapshot.now)
        return sorted(result, key=lambda found: (found.service, found.pipeline_type, found.display_name))

    def _selected(self, items: Sequence[Object], where: str) -> list[Object]:
        """Return those that the API server finds by a label selector.

        Asked for by kind, since people put labels of their own on CronJobs, whose Jobs and pods do not bear them.
        """
        selector = f"{self.selector(labels.PIPELINE)},{where}"
        names = {
            item["metadata"]["name"]
            for kind in (Kind.CRONJOB, Kind.JOB)
            for item in read_reduced(self._cluster, kind, labels=selector)
        }
        return [item for item in items if item["metadata"]["name"] in names]

    def _runs_of(self, *items: Object) -> Snapshot:
        names = ",".join(item["metadata"]["name"] for item in items)
        wanted = f"{labels.PIPELINE} in ({names})" if len(items) > 1 else selector(names)
        return read_snapshot(self._cluster, wanted if items else self.selector(labels.PIPELINE), kinds=_RUNS)
