"""Reads what the cluster holds of pipelines and runs, and has their status computed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.naming import instance_label
from k8s_pipeline_client.domain.objects import annotation, newest_first, run_id, selector
from k8s_pipeline_client.domain.schedule import parse_schedule
from k8s_pipeline_client.errors import ForbiddenError, ScheduleError, UnknownNameError
from k8s_pipeline_client.inventory.find import fitting, the_one, unknown
from k8s_pipeline_client.inventory.lookup import job_by_run, jobs_of, look_up, pods_of
from k8s_pipeline_client.status import (
    CauseCode,
    PipelineStatus,
    RunStatus,
    State,
    is_overdue,
    pipeline_status,
    related_objects,
    run_status,
    with_sizes,
)

_EVENTS_BY_UID = 20
"""Up to so many objects their events are asked for one by one; above, all of the namespace in one list."""


class Reader:
    """Reads one namespace; where an OpenMetadata instance is named, only what belongs to that one."""

    def __init__(self, cluster: Cluster, *, instance: str | None = None) -> None:
        """Take the cluster, and the instance, if it is one of several."""
        self._cluster = cluster
        self._within = f"{labels.INSTANCE}={instance_label(instance)}" if instance is not None else ""

    def find(self, name: str) -> Object:
        """Return the CronJob, or the Job of a one-shot run, that NAME stands for.

        Raises:
            UnknownNameError: None fits, or more than one.
        """
        found = look_up(self._cluster, name, within=self._within)
        if found:
            return the_one(found, name)
        items = self.all_items()
        self._check_namespace(items)
        raise unknown(items, name, namespace=self._cluster.namespace)

    def cronjob(self, name: str) -> Object:
        """Return the CronJob that NAME stands for.

        Raises:
            UnknownNameError: None fits, or more than one, or it is a one-shot run.
        """
        item = self.find(name)
        if item["kind"] != Kind.CRONJOB:
            raise UnknownNameError(
                f"{name!r} is a run without a pipeline",
                code="RunWithoutPipeline",
                hint="run it again from its file",
            )
        return item

    def job(self, name: str) -> Object:
        """Return the Job of a run, or of a pipeline's newest run.

        A whole run id or Job name comes first, then pipelines, then the beginning of a run id: many a pipeline's name
        could be one.

        Raises:
            UnknownNameError: There is neither such a run nor such a pipeline, or it has no runs.
        """
        job = self.job_by_run(name)
        if job is not None:
            return job
        try:
            return self.job_of(self.find(name), None)
        except UnknownNameError:
            job = self.job_by_beginning(name)
            if job is None:
                raise
            return job

    def names(self) -> list[tuple[str, str]]:
        """Return a NAME for every pipeline that fits it alone, each with its fully qualified name."""
        items = self.all_items()
        titles = Counter(annotation(item, labels.DISPLAY_NAME) for item in items)
        pairs = [(annotation(item, labels.DISPLAY_NAME), annotation(item, labels.FQN)) for item in items]
        return sorted((title if title and titles[title] == 1 else fqn, fqn) for title, fqn in pairs)

    def resource_name(self, name: str) -> str:
        """Return the resource name of what NAME stands for, also where a delete was cut short and has left a part.

        Raises:
            UnknownNameError: None fits, or more than one.
        """
        found = look_up(self._cluster, name, within=self._within)
        if not found:
            items = self.all_items()
            self._check_namespace(items)
            found = fitting(self._left_behind(items), name)
            if not found:
                raise unknown(items, name, namespace=self._cluster.namespace)
        return str(the_one(found, name)["metadata"]["name"])

    def _left_behind(self, known: Sequence[Object]) -> list[Object]:
        """Return what stands for the pipelines that are gone but for some of their objects."""
        names = {item["metadata"]["name"] for item in known}
        left: dict[str, Object] = {}
        for kind in (Kind.JOB, Kind.SECRET, Kind.CONFIG_MAP, Kind.POD):
            for item in self._cluster.list(kind, labels=self.selector(labels.PIPELINE)):
                name = item["metadata"]["labels"][labels.PIPELINE]
                if name not in names:
                    left[name] = {"kind": item["kind"], "metadata": {**item["metadata"], "name": name}}
        return list(left.values())

    def all_items(self) -> list[Object]:
        """Return what NAME may stand for: the CronJobs, and the Jobs of one-shot runs."""
        one_shots = self._cluster.list(Kind.JOB, labels=self.selector(labels.ONE_SHOT))
        return [*self._cluster.list(Kind.CRONJOB, labels=self.selector(labels.PIPELINE)), *one_shots]

    def selector(self, label: str) -> str:
        """Return the selector for what bears a label of ours, of the instance if one is named."""
        return f"{label},{self._within}" if self._within else label

    def jobs_of(self, item: Object) -> list[Object]:
        """Return the Jobs of a pipeline, newest first; of a one-shot run, its own."""
        return jobs_of(self._cluster, item["metadata"]["name"])

    def job_of(self, item: Object, wanted_run: str | None) -> Object:
        """Return the newest Job of a pipeline, or that of one run, named by id, by its beginning, or by Job.

        Raises:
            UnknownNameError: There is none.
        """
        jobs = self.jobs_of(item)
        title = annotation(item, labels.DISPLAY_NAME) or item["metadata"]["name"]
        if wanted_run is None:
            if jobs:
                return jobs[0]
            raise UnknownNameError(f"{title} has no runs", code="NoRuns", facts={"title": title}, hint="start one")
        fitting = [job for job in jobs if _is_called(job, wanted_run)]
        if len(fitting) == 1:
            return fitting[0]
        known = ", ".join(run_id(job) for job in jobs[:8]) or "none"
        raise UnknownNameError(
            f"{title} has {'no' if not fitting else len(fitting)} runs {wanted_run!r}", hint=f"known are {known}"
        )

    def job_by_run(self, text: str) -> Object | None:
        """Return the Job of a run of any pipeline, by its whole id or its Job's name; None if there is none."""
        return job_by_run(self._cluster, text, within=self._within)

    def job_by_beginning(self, text: str) -> Object | None:
        """Return the Job of a run of any pipeline whose id begins with the text; None if there is none.

        All Jobs are read for that: Kubernetes finds no beginnings.

        Raises:
            UnknownNameError: More than one run's id begins like that.
        """
        jobs = newest_first(self._cluster.list(Kind.JOB, labels=self.selector(labels.PIPELINE)))
        found = [job for job in jobs if _is_called(job, text)]
        if len(found) > 1:
            known = ", ".join(run_id(job) for job in found[:8])
            raise UnknownNameError(f"{len(found)} runs are called {text!r}: {known}", hint="give more of the id")
        return found[0] if found else None

    def runs(self, item: Object | None = None) -> list[tuple[Object, RunStatus]]:
        """Return the Jobs and runs of a pipeline, or of all of them, newest first."""
        label = selector(item["metadata"]["name"]) if item else self.selector(labels.PIPELINE)
        jobs = newest_first(self._cluster.list(Kind.JOB, labels=label))
        self._check_namespace(jobs)
        pods = self._cluster.list(Kind.POD, labels=label)
        return list(zip(jobs, self._statuses(jobs, pods), strict=True))

    def run(self, job: Object) -> RunStatus:
        """Return the status of one run."""
        pods = pods_of(self._cluster, job["metadata"]["name"])
        status = run_status(job, pods, self._events([job, *pods]), self._cluster.now())
        if status.cause and status.cause.code is CauseCode.OOM_KILLED:
            return self._sized(job, status)
        return status

    def _sized(self, job: Object, status: RunStatus) -> RunStatus:
        """Return the run with what its pipeline's earlier runs tell about the memory that is needed."""
        label = selector(job["metadata"]["labels"][labels.PIPELINE])
        jobs, pods = self._cluster.list(Kind.JOB, labels=label), self._cluster.list(Kind.POD, labels=label)
        earlier = [run for run in self._statuses(newest_first(jobs), pods) if run.job_name != status.job_name]
        return with_sizes([status, *earlier])[0]

    def pipeline(self, item: Object, *, runs: int = 5) -> tuple[PipelineStatus, list[RunStatus]]:
        """Return a pipeline's status, and its newest runs."""
        jobs = self.jobs_of(item)
        pods = self._cluster.list(Kind.POD, labels=selector(item["metadata"]["name"]))
        statuses = with_sizes(self._statuses(jobs, pods))
        return self._pipelines([(item, statuses)])[0], statuses[:runs]

    def pipelines(self) -> list[PipelineStatus]:
        """Return the status of every pipeline and one-shot run of the namespace, by service and name."""
        cronjobs = self._cluster.list(Kind.CRONJOB, labels=self.selector(labels.PIPELINE))
        jobs = self._cluster.list(Kind.JOB, labels=self.selector(labels.PIPELINE))
        self._check_namespace([*cronjobs, *jobs])
        pods = self._cluster.list(Kind.POD, labels=self.selector(labels.PIPELINE))
        by_pipeline: dict[str, list[Object]] = defaultdict(list)
        for job in newest_first(jobs):
            by_pipeline[job["metadata"]["labels"][labels.PIPELINE]].append(job)
        items = cronjobs + [job for job in jobs if labels.ONE_SHOT in job["metadata"]["labels"]]
        statuses = {
            status.job_name: status
            for status in self._statuses([job for found in by_pipeline.values() for job in found], pods)
        }
        result = self._pipelines(
            [
                (item, [statuses[job["metadata"]["name"]] for job in by_pipeline[item["metadata"]["name"]]])
                for item in items
            ]
        )
        return sorted(result, key=lambda found: (found.service, found.pipeline_type, found.display_name))

    def _statuses(self, jobs: Sequence[Object], pods: Sequence[Object]) -> list[RunStatus]:
        """Return the runs' statuses; events are read only where something is not as it should be."""
        by_job: dict[str, list[Object]] = defaultdict(list)
        for pod in pods:
            by_job[(pod["metadata"].get("labels") or {}).get(labels.JOB_NAME, "")].append(pod)
        now = self._cluster.now()
        first = {job["metadata"]["name"]: run_status(job, by_job[job["metadata"]["name"]], [], now) for job in jobs}
        unclear = [job for job in jobs if first[job["metadata"]["name"]].state in (State.QUEUED, State.FAILED)]
        events = self._events([item for job in unclear for item in (job, *by_job[job["metadata"]["name"]])])
        for job in unclear:
            name = job["metadata"]["name"]
            first[name] = run_status(job, by_job[name], events, now)
        return list(first.values())

    def _pipelines(self, found: Sequence[tuple[Object, Sequence[RunStatus]]]) -> list[PipelineStatus]:
        """Return the statuses of pipelines with these runs; events are read only of those that are overdue."""
        now = self._cluster.now()
        timed = [(item, runs, *_times(item, now)) for item, runs in found]
        events = self._events([item for item, runs, _, due in timed if due and is_overdue(item, runs, due)])
        return [
            pipeline_status(item, runs, now, due_at=due, next_run_at=following, events=events)
            for item, runs, following, due in timed
        ]

    def _events(self, items: Iterable[Object]) -> list[Object]:
        known = list(items)
        if not known:
            return []
        try:
            if len(known) > _EVENTS_BY_UID:
                return self._cluster.list(Kind.EVENT)
            own = self._events_where(f"involvedObject.uid={item['metadata']['uid']}" for item in known)
            more = related_objects(known, own)
            return own + self._events_where(
                f"involvedObject.kind={kind},involvedObject.name={name}" for kind, name in more
            )
        except ForbiddenError:
            return []  # events make causes better; without them there is still a state and most causes

    def _events_where(self, selectors: Iterable[str]) -> list[Object]:
        return [event for fields in selectors for event in self._cluster.list(Kind.EVENT, fields=fields)]

    def _check_namespace(self, found: Sequence[Object]) -> None:
        """An empty list says nothing about the namespace: the API server lists one that is not there, too."""
        if not found and self._cluster.namespace_exists() is False:
            namespace = self._cluster.namespace
            raise UnknownNameError(
                f"namespace {namespace} does not exist",
                code="NamespaceMissing",
                facts={"namespace": namespace},
                hint=f"create the namespace (kubectl create namespace {namespace}) or name another",
            )


def _is_called(job: Object, text: str) -> bool:
    """Tell whether a run's id, its beginning, or its Job is meant; an empty text, as of an unset variable, is not."""
    return text == job["metadata"]["name"] or bool(text and run_id(job).startswith(text))


def _times(item: Object, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Return when a CronJob is due next, and when it was due last; neither where it is suspended."""
    spec = item["spec"]
    if "schedule" not in spec or spec.get("suspend"):
        return None, None
    try:
        schedule = parse_schedule(spec["schedule"], spec.get("timeZone"))
    except ScheduleError:
        return None, None  # somebody else's doing, and none of what was asked for
    started = (item.get("status") or {}).get("lastScheduleTime") or item["metadata"]["creationTimestamp"]
    return schedule.next_after(now, anchor=datetime.fromisoformat(started)), schedule.last_before(now)
