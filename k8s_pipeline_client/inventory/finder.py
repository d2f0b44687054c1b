"""Finds what a NAME stands for in a namespace: pipelines, one-shot runs, and their runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.likeness import close_to, did_you_mean
from k8s_pipeline_client.domain.naming import instance_label, lookup_hash
from k8s_pipeline_client.domain.objects import annotation, is_finished, label, newest_first, run_id
from k8s_pipeline_client.errors import UnknownNameError
from k8s_pipeline_client.inventory.find import (
    Told,
    fitting,
    is_of_one,
    meant,
    meant_by_what_it_has,
    meant_for_good,
    unknown,
    untold,
)
from k8s_pipeline_client.inventory.lookup import get_or_none, job_by_run, jobs_of, look_up
from k8s_pipeline_client.inventory.snapshot import read_reduced, reduced
from k8s_pipeline_client.inventory.titles import titles

Named = str | Object
"""A pipeline's NAME; or its CronJob, if the caller has just read it."""

_HASHES_AT_ONCE = 200
"""So many fit into an address that every proxy takes."""


class Finder:
    """Looks things up in one namespace; with an OpenMetadata instance, only its objects."""

    def __init__(self, cluster: Cluster, *, instance: str | None = None, told: Told = untold) -> None:
        """Take the cluster, optionally an instance, and who is told what a NAME of several things was taken for."""
        self._cluster = cluster
        self._told = told
        self._within = f"{labels.INSTANCE}={instance_label(instance)}" if instance is not None else ""

    def find(self, name: Named) -> Object:
        """Return the CronJob, or the Job of a one-shot run, that matches NAME; of both, the CronJob.

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
            pipelines_first: Whether one-shot runs have the name, too, is not asked where a pipeline has it.

        Raises:
            UnknownNameError: More than one matches.
        """
        found = self._matching(name, pipelines_first=pipelines_first)
        return meant(found, name, self._told) if found else None

    def _matching(self, name: str, *, pipelines_first: bool = False) -> list[Object]:
        return look_up(self._cluster, name, within=self._within, pipelines_first=pipelines_first)

    def _unknown(self, name: str, runs: Sequence[str] = ()) -> UnknownNameError:
        """Return the error for a NAME that matches nothing."""
        items = self._some_items()
        self.check_namespace(items)
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
        found, is_run = self.items_or_run(name)
        return found[0] if is_run else self.job_of(meant(found, name, self._told), None)

    def names(self) -> list[tuple[str, str]]:
        """Return an unambiguous NAME for every pipeline, with its fully qualified name."""
        items = self.all_items()
        return sorted(zip(titles(items), map(_described, items), strict=True))

    def resource_name(self, name: Named) -> str:
        """Return the resource name that matches NAME, also after an interrupted delete.

        Raises:
            UnknownNameError: None matches, or more than one.
        """
        if not isinstance(name, str):
            return str(name["metadata"]["name"])
        found = self._matching(name)
        if not found:
            items = self.all_items()
            self.check_namespace(items)
            found = fitting(self._left_behind(items), name)
            if not found:
                raise unknown(items, name, namespace=self._cluster.namespace)
        return str(meant_for_good(found, name, self._told)["metadata"]["name"])

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

    def run_of(self, name: Named, wanted_run: str) -> Object:
        """Return the Job of one run of what NAME stands for, be it of the pipeline or of a one-shot run of the name.

        Raises:
            UnknownNameError: NAME matches nothing or several pipelines, or there is no such run of it.
        """
        found = self._matching(name) if isinstance(name, str) else [name]
        if not found:
            raise self._unknown(str(name))
        item, *beside = _the_first(found, meant(found, str(name)))
        return self.job_of(item, wanted_run, *beside)

    def job_of(self, item: Object, wanted_run: str | None, *beside: Object) -> Object:
        """Return the newest Job of a pipeline, or the Job of one run, by id, prefix, or Job name; or one of others.

        Raises:
            UnknownNameError: There is none.
        """
        jobs = [*self.jobs_of(item), *beside]
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
        found, is_run = self.items_or_run(name) if isinstance(name, str) else ([name], False)
        if is_run:
            item = get_or_none(self._cluster, Kind.CRONJOB, label(found[0], labels.PIPELINE)) or found[0]
            jobs = found
        elif runs:
            item, *beside = _the_first(found, meant(found, str(name)))
            named = [self.job_of(item, run, *beside) for run in runs]
            jobs = list({job["metadata"]["uid"]: job for job in named}.values())
        else:
            item = self.the_one_with(found, str(name), lambda item: bool(_unfinished(self.jobs_of(item))))
            jobs = self.jobs_of(item)
        return item, _unfinished(jobs)

    def the_one_with(self, found: Sequence[Object], name: str, has: Callable[[Object], bool]) -> Object:
        """Return which of those that NAME matches is meant by what is to be done: the one that has something for it.

        Raises:
            UnknownNameError: Several have, or it matches several pipelines.
        """
        return meant_by_what_it_has(found, name, has, self._told)

    def items_or_run(self, name: str) -> tuple[list[Object], bool]:
        """Return what a text stands for, and whether that is the Job of a run, and not what NAME matches.

        Raises:
            UnknownNameError: It stands for neither, or is ambiguous.
        """
        job = self.job_by_run(name)
        if job is not None:
            return [job], True
        items = self._matching(name)
        if items:
            return items, False
        job, others = self.job_by_beginning(name)
        if job is None:
            raise self._unknown(name, others)
        return [job], True

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
            UnknownNameError: None matches, or several pipelines, or several one-shot runs of different names.
        """
        found = self._matching(name)
        if not found:
            raise self._unknown(name)
        return found if is_of_one(found) else [meant(found, name, self._told)]

    def one_shots_of(self, wanted: Sequence[tuple[str, str]]) -> list[Object]:
        """Return the Jobs of the one-shot runs of pipelines, newest first.

        Args:
            wanted: Their fully qualified names and OpenMetadata instances.
        """
        pairs = {(fqn, instance_label(instance)) for fqn, instance in wanted}
        hashes = sorted({lookup_hash(fqn) for fqn, _ in pairs})
        found: list[Object] = []
        for start in range(0, len(hashes), _HASHES_AT_ONCE):
            some = f"{labels.FQN_HASH} in ({','.join(hashes[start : start + _HASHES_AT_ONCE])})"
            found += read_reduced(self._cluster, Kind.JOB, labels=self.selector(f"{labels.ONE_SHOT},{some}"))
        return newest_first(job for job in found if (annotation(job, labels.FQN), label(job, labels.INSTANCE)) in pairs)

    def check_namespace(self, found: Sequence[Object]) -> None:
        """Check that the namespace exists: the API server returns an empty list for a missing one, too."""
        if not found and self._cluster.namespace_exists() is False:
            namespace = self._cluster.namespace
            raise UnknownNameError(
                f"namespace {namespace} does not exist",
                code="NamespaceMissing",
                facts={"namespace": namespace},
                hint=f"create the namespace (kubectl create namespace {namespace}) or use another",
            )


def _the_first(found: Sequence[Object], item: Object) -> list[Object]:
    return [item, *(other for other in found if other is not item)]


def _unfinished(jobs: Sequence[Object]) -> list[Object]:
    return [job for job in jobs if not is_finished(job)]


def _described(item: Object) -> str:
    """Return what stands beside a NAME that is offered."""
    fqn = annotation(item, labels.FQN)
    return fqn if item["kind"] == Kind.CRONJOB else f"{fqn}, one-shot run"


def _is_called(job: Object, text: str) -> bool:
    """Return whether the text is a run's id, a prefix of it, or its Job; an empty text (an unset variable) is not."""
    return text == job["metadata"]["name"] or bool(text and run_id(job).startswith(text))
