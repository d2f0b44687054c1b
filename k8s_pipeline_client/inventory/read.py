"""Finds pipelines and runs of a namespace by name, and computes their statuses."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.naming import fqn_parts, instance_label, label_value
from k8s_pipeline_client.domain.objects import annotation, is_finished, label, newest_first, run_id, selector
from k8s_pipeline_client.errors import UnknownNameError
from k8s_pipeline_client.inventory.find import close_to, did_you_mean, fitting, the_one, unknown
from k8s_pipeline_client.inventory.lookup import get_or_none, job_by_run, jobs_of, look_up, pods_of
from k8s_pipeline_client.inventory.snapshot import Snapshot, read_reduced, read_snapshot, reduced
from k8s_pipeline_client.inventory.statuses import events_about, pipeline_statuses, run_statuses, schedule_warnings
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

Named = str | Object
"""A pipeline's NAME; or its CronJob, if the caller has just read it."""

_RUNS = (Kind.JOB, Kind.POD)
_TITLES = (labels.DISPLAY_NAME, labels.FQN)


class Reader:
    """Reads one namespace; with an OpenMetadata instance, only its objects."""

    def __init__(self, cluster: Cluster, *, instance: str | None = None) -> None:
        """Take the cluster, and optionally an instance."""
        self._cluster = cluster
        self._within = f"{labels.INSTANCE}={instance_label(instance)}" if instance is not None else ""

    def find(self, name: Named) -> Object:
        """Return the CronJob, or the Job of a one-shot run, that matches NAME.

        Raises:
            UnknownNameError: None matches, or more than one.
        """
        if not isinstance(name, str):
            return name
        found = self.found(name)
        if found is None:
            raise self._unknown(name)
        return found

    def found(self, name: str, *, pipelines_first: bool = False) -> Object | None:
        """Return what `find` returns; None if nothing matches.

        Args:
            name: What a person typed.
            pipelines_first: A one-shot run is not meant where a pipeline has the name, too.

        Raises:
            UnknownNameError: More than one matches.
        """
        found = look_up(self._cluster, name, within=self._within, pipelines_first=pipelines_first)
        return the_one(found, name) if found else None

    def _unknown(self, name: str, runs: Sequence[str] = ()) -> UnknownNameError:
        """Return the error for a NAME that matches nothing."""
        items = self._some_items()
        self._check_namespace(items)
        return unknown(items, name, namespace=self._cluster.namespace, runs=runs)

    def cronjob(self, name: Named) -> Object:
        """Return the CronJob that matches NAME.

        Raises:
            UnknownNameError: None matches, or more than one, or it is a one-shot run.
        """
        item = name if not isinstance(name, str) else self.found(name, pipelines_first=True)
        if item is None:
            raise self._unknown(str(name))
        if item["kind"] != Kind.CRONJOB:
            raise UnknownNameError(
                f"{name!r} is a run without a pipeline",
                code="RunWithoutPipeline",
                facts={"job": str(item["metadata"]["name"])},
                hint="start it again from its file",
            )
        return item

    def job(self, name: Named) -> Object:
        """Return the Job of a run, or of a pipeline's newest run.

        Complete run ids and Job names come first, then pipelines, then prefixes of run ids, which a pipeline's name
        could be as well.

        Raises:
            UnknownNameError: There is neither such a run nor such a pipeline, or it has no runs.
        """
        if not isinstance(name, str):
            return self.job_of(name, None)
        found, is_run = self.item_or_run(name)
        return found if is_run else self.job_of(found, None)

    def names(self) -> list[tuple[str, str]]:
        """Return an unambiguous NAME for every pipeline, with its fully qualified name."""
        items = self.all_items()
        counts = Counter(text for item in items for text in {annotation(item, key) for key in _TITLES})

        def title(item: Object) -> str:
            texts = (annotation(item, key) for key in _TITLES)
            return next((text for text in texts if text and counts[text] == 1), str(item["metadata"]["name"]))

        return sorted((title(item), _described(item)) for item in items)

    def resource_name(self, name: Named) -> str:
        """Return the resource name that matches NAME, also after an interrupted delete.

        Raises:
            UnknownNameError: None matches, or more than one.
        """
        if not isinstance(name, str):
            return str(name["metadata"]["name"])
        found = look_up(self._cluster, name, within=self._within)
        if not found:
            items = self.all_items()
            self._check_namespace(items)
            found = fitting(self._left_behind(items), name)
            if not found:
                raise unknown(items, name, namespace=self._cluster.namespace)
        return str(the_one(found, name)["metadata"]["name"])

    def _left_behind(self, known: Sequence[Object]) -> list[Object]:
        """Return objects that represent partly deleted pipelines."""
        names = {item["metadata"]["name"] for item in known}
        left: dict[str, Object] = {}
        for kind in (Kind.JOB, Kind.SECRET, Kind.CONFIG_MAP, Kind.POD):
            for item in read_reduced(self._cluster, kind, labels=self.selector(labels.PIPELINE)):
                name = item["metadata"]["labels"][labels.PIPELINE]
                if name not in names:
                    left[name] = {"kind": item["kind"], "metadata": {**item["metadata"], "name": name}}
        return list(left.values())

    def all_items(self) -> list[Object]:
        """Return what NAME can match: the CronJobs, and the Jobs of one-shot runs."""
        one_shots = read_reduced(self._cluster, Kind.JOB, labels=self.selector(labels.ONE_SHOT))
        return [*read_reduced(self._cluster, Kind.CRONJOB, labels=self.selector(labels.PIPELINE)), *one_shots]

    def _some_items(self) -> list[Object]:
        """Return what NAME can match, the first page of each kind: enough to see what was meant, in any namespace."""
        found: list[Object] = []
        for kind, mark in ((Kind.CRONJOB, labels.PIPELINE), (Kind.JOB, labels.ONE_SHOT)):
            pages = self._cluster.pages(kind, labels=self.selector(mark), restart=lambda: None)
            found += map(reduced, next(pages, []))
        return found

    def selector(self, label: str) -> str:
        """Return the selector for a label, within the instance if one is set."""
        return f"{label},{self._within}" if self._within else label

    def jobs_of(self, item: Object) -> list[Object]:
        """Return the Jobs of a pipeline, newest first; for a one-shot run, its own."""
        return jobs_of(self._cluster, item["metadata"]["name"])

    def job_of(self, item: Object, wanted_run: str | None) -> Object:
        """Return the newest Job of a pipeline, or the Job of one run, by id, prefix, or Job name.

        Raises:
            UnknownNameError: There is none.
        """
        jobs = self.jobs_of(item)
        title = annotation(item, labels.DISPLAY_NAME) or item["metadata"]["name"]
        if wanted_run is None:
            if jobs:
                return jobs[0]
            raise UnknownNameError(
                f"{title} has no runs",
                code="NoRuns",
                facts={"title": title, "resource": str(item["metadata"]["name"])},
                hint="start one",
            )
        fitting = [job for job in jobs if _is_called(job, wanted_run)]
        if len(fitting) == 1:
            return fitting[0]
        known = ", ".join(run_id(job) for job in jobs[:8]) or "none"
        close = close_to(wanted_run, [name for job in jobs for name in (run_id(job), str(job["metadata"]["name"]))])
        raise UnknownNameError(
            f"{title} has {'no' if not fitting else len(fitting)} runs {wanted_run!r}",
            hint=did_you_mean(() if fitting else close) or f"known: {known}",
        )

    def jobs_to_end(self, name: Named, runs: Sequence[str]) -> tuple[Object, list[Object]]:
        """Return what NAME stands for, and those of its Jobs that are named and active; all that are if none is named.

        NAME may be a run's id, its beginning or its Job, as for `job`: then that run alone is meant.

        Raises:
            UnknownNameError: There is nothing of that name, or no such run of it.
        """
        item, is_run = self.item_or_run(name) if isinstance(name, str) else (name, False)
        if is_run:
            jobs = [item]
            item = get_or_none(self._cluster, Kind.CRONJOB, label(item, labels.PIPELINE)) or item
        elif runs:
            jobs = list(
                {found["metadata"]["uid"]: found for run in runs for found in [self.job_of(item, run)]}.values()
            )
        else:
            jobs = self.jobs_of(item)
        return item, [found for found in jobs if not is_finished(found)]

    def item_or_run(self, name: str) -> tuple[Object, bool]:
        """Return what a text stands for, and whether that is the Job of a run, and not what NAME matches.

        Raises:
            UnknownNameError: It stands for neither, or is ambiguous.
        """
        job = self.job_by_run(name)
        if job is not None:
            return job, True
        item = self.found(name)
        if item is not None:
            return item, False
        job, others = self.job_by_beginning(name)
        if job is None:
            raise self._unknown(name, others)
        return job, True

    def job_by_run(self, text: str) -> Object | None:
        """Return the Job of a run of any pipeline, by its complete id or its Job's name; None if there is none."""
        return job_by_run(self._cluster, text, within=self._within)

    def job_by_beginning(self, text: str) -> tuple[Object | None, list[str]]:
        """Return the Job of a run of any pipeline by a prefix of its id, and without one what other runs are called.

        This lists all Jobs: Kubernetes has no selector for prefixes.

        Raises:
            UnknownNameError: The prefix is ambiguous.
        """
        found: list[Object] = []
        others: list[str] = []

        def restart() -> None:
            found.clear()
            others.clear()

        for page in self._cluster.pages(Kind.JOB, labels=self.selector(labels.PIPELINE), restart=restart):
            found += [job for job in page if _is_called(job, text)]
            others += [name for job in page for name in (run_id(job), str(job["metadata"]["name"]))]
        if len(found) > 1:
            known = ", ".join(run_id(job) for job in found[:8])
            raise UnknownNameError(f"{len(found)} runs match {text!r}: {known}", hint="use a longer prefix of the id")
        return (found[0], []) if found else (None, others)

    def with_one_shots(self, name: str) -> list[Object]:
        """Return the pipeline that matches NAME, and beside it the one-shot runs of the same fully qualified name.

        Raises:
            UnknownNameError: None matches, or several that are not of one fully qualified name and instance.
        """
        found = look_up(self._cluster, name, within=self._within)
        if not found:
            raise self._unknown(name)
        is_one = len({(annotation(item, labels.FQN), label(item, labels.INSTANCE)) for item in found}) == 1
        return found if is_one else [the_one(found, name)]

    def runs(self, *items: Object) -> list[tuple[Object, RunStatus]]:
        """Return the Jobs and runs of pipelines, or without one of all, newest first; the Jobs are `reduced`."""
        snapshot = self._runs_of(*items)
        self._check_namespace(snapshot.jobs)
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
        """Return the status of a run that was started: as a rule this moment, and nothing has become of it as yet."""
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
        self._check_namespace(snapshot.items or snapshot.jobs)
        items = self._selected(snapshot.items, where) if where else snapshot.items
        runs = run_statuses(self._cluster, snapshot)
        statuses = pipeline_statuses(self._cluster, items, snapshot, runs)
        result = with_expiry(self._cluster, items, statuses, snapshot.now)
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

    def _check_namespace(self, found: Sequence[Object]) -> None:
        """Check that the namespace exists: the API server returns an empty list for a missing one, too."""
        if not found and self._cluster.namespace_exists() is False:
            namespace = self._cluster.namespace
            raise UnknownNameError(
                f"namespace {namespace} does not exist",
                code="NamespaceMissing",
                facts={"namespace": namespace},
                hint=f"create the namespace (kubectl create namespace {namespace}) or use another",
            )


def _described(item: Object) -> str:
    """Return what stands beside a NAME that is offered."""
    fqn = annotation(item, labels.FQN)
    return fqn if item["kind"] == Kind.CRONJOB else f"{fqn}, one-shot run"


def _is_called(job: Object, text: str) -> bool:
    """Return whether the text is a run's id, a prefix of it, or its Job; an empty text (an unset variable) is not."""
    return text == job["metadata"]["name"] or bool(text and run_id(job).startswith(text))
