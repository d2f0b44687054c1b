"""Looks after the CronJobs of a pass: runs that were missed, and pipelines that OpenMetadata has deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.naming import instance_label
from k8s_pipeline_client.domain.objects import annotation
from k8s_pipeline_client.errors import EntityNotFoundError, ForbiddenError, NotFoundError, PipelineError
from k8s_pipeline_client.inventory.lookup import jobs_of
from k8s_pipeline_client.inventory.snapshot import read_reduced
from k8s_pipeline_client.inventory.statuses import events_about
from k8s_pipeline_client.reporter import deleted, memory
from k8s_pipeline_client.reporter.destination import Destination
from k8s_pipeline_client.reporter.housekeeping import keep_house
from k8s_pipeline_client.reporter.missed import Watch, missed, missed_run, suspects, watched
from k8s_pipeline_client.reporter.observe import within as selector
from k8s_pipeline_client.reporter.recovery import unseen
from k8s_pipeline_client.reporter.report import Action, PipelineReport, RunReport
from k8s_pipeline_client.reporter.single import Pass, report_missed

LOOK_EVERY = timedelta(seconds=60)
"""How often the CronJobs are read: nothing about them is urgent."""
LAST_PASS = "last-pass"
"""The ledger's entry that says when the CronJobs were last looked at."""
_OUTAGE = timedelta(minutes=5)


def _key_of(instance: str | None) -> str:
    """Return the ledger's entry of the reporters of an instance, or of all."""
    return f"{LAST_PASS}.{instance_label(instance)}" if instance else LAST_PASS


def last_look(ledger: Mapping[str, str], instance: str | None) -> datetime | None:
    """Return when a reporter of an instance, or of all, last looked at the CronJobs; None if that is not known."""
    try:
        found = datetime.fromisoformat(ledger.get(_key_of(instance), ""))
    except ValueError:
        return None
    return found if found.tzinfo else None


class Schedules:
    """The CronJobs of a namespace, as one pass looks at them."""

    def __init__(self, within: Pass, ledger: Mapping[str, str], instance: str | None, retention_days: int) -> None:
        """Take the pass, and what is known from earlier ones."""
        self._pass = within
        self._ledger = ledger
        self._instance = instance
        self._retention_days = retention_days
        self._entries: dict[str, str | None] = {}

    def look(self) -> tuple[list[RunReport], list[PipelineReport]]:
        """Look at them, and note what is to be known the next time.

        Raises:
            ClusterError: They could not be read.
        """
        cluster, now = self._pass.cluster, self._pass.now
        cronjobs = read_reduced(cluster, Kind.CRONJOB, labels=selector(self._instance))
        before = last_look(self._ledger, self._instance)
        if before is not None and now - before > _OUTAGE:
            self._pass.notes.warn(
                f"nobody reported from {before.isoformat()} until {now.isoformat()}: runs that were made and removed"
                " meanwhile, and said nothing themselves, are not reported"
            )
            self._recover({cronjob["metadata"]["name"]: cronjob for cronjob in cronjobs})
        runs = [report for cronjob in cronjobs for report in self._missed(cronjob)]
        pipelines = [
            report
            for cronjob in deleted.to_ask(cronjobs, self._pass.notes.unknown, before, now)
            if (report := self._settled(cronjob)) is not None
        ]
        keep_house(self._pass, before)
        self._write(cronjobs)
        return runs, pipelines

    def _recover(self, cronjobs: Mapping[str, Object]) -> None:
        """Remember the runs that came and went while nobody reported: the next pass looks for what became of them."""
        cluster = self._pass.cluster
        try:
            events = read_reduced(cluster, Kind.EVENT, fields="involvedObject.kind=Job")
            listed = read_reduced(cluster, Kind.JOB, labels=selector(self._instance)) if events else []
        except ForbiddenError:
            return
        known = {job["metadata"]["uid"] for job in listed}
        found = list(unseen(events, cronjobs, known))
        ways: dict[str, Destination | None] = {}
        for run in found:
            if run.pipeline not in ways:
                ways[run.pipeline] = self._way_of(cronjobs[run.pipeline])
            way = ways[run.pipeline]
            if way is not None and way.fqn:
                whole = replace(run, fqn=way.fqn, address=way.address, token=way.token_source)
                self._pass.notes.remember(whole)

    def _way_of(self, cronjob: Object) -> Destination | None:
        try:
            return self._destination(cronjob)
        except PipelineError:
            return None

    def _missed(self, cronjob: Object) -> Iterator[RunReport]:
        name = cronjob["metadata"]["name"]
        text = self._ledger.get(name, "")
        before = Watch.from_text(text)
        watch = watched(cronjob, before, self._pass.now)
        if watch is not None:
            try:
                watch = self._searched(cronjob, watch)
                for due in list(watch.owed):
                    report, is_done = self._told(cronjob, watch, due)
                    if is_done:
                        watch = watch.without(due)
                        self._done(cronjob).add(due)
                    yield report
            except PipelineError as error:
                self._pass.notes.warn(f"{name}: {error}")
        if watch != before or (watch is None and text):
            self._entries[name] = watch.to_text() if watch else None

    def _searched(self, cronjob: Object, watch: Watch) -> Watch:
        """Return it with what was missed since."""
        dues = suspects(cronjob, watch, self._pass.now)
        done = self._done(cronjob)
        dues = [due for due in dues if due not in done]
        if not dues:
            return watch
        cluster = self._pass.cluster
        jobs = jobs_of(cluster, cronjob["metadata"]["name"])
        events = events_about(cluster, [cronjob])
        found = dict(missed(cronjob, dues, jobs, events))
        done.update(set(dues) - set(found))  # the others are done once the ledger has them
        if not found:
            return watch
        return Watch(watch.uid, watch.generation, watch.since, {**watch.owed, **found})

    def _done(self, cronjob: Object) -> set[datetime]:
        """Return the due times that this process has looked into before."""
        return self._pass.quiet.looked_into(cronjob["metadata"]["uid"], self._pass.now)

    def _told(self, cronjob: Object, watch: Watch, due: datetime) -> tuple[RunReport, bool]:
        cause = watch.owed[due]
        status = missed_run(watch.uid, due, cause)
        report = RunReport(
            status.run_id, cronjob["metadata"]["name"], annotation(cronjob, labels.FQN), "", status.state,
            Action.FAILED, str(cause.code),
        )  # fmt: skip
        try:
            destination = self._destination(cronjob)
            if not destination.fqn:
                return _with(report, Action.UNREPORTED), True
            action = report_missed(self._pass, status, destination)
        except EntityNotFoundError:
            self._pass.notes.unknown_pipeline(report.pipeline)
            return _with(report, Action.UNREPORTED), True
        except PipelineError as error:
            return _with(report, Action.FAILED, error), False
        return _with(report, action), action is Action.CONFIRMED

    def _settled(self, cronjob: Object) -> PipelineReport | None:
        name, fqn = cronjob["metadata"]["name"], annotation(cronjob, labels.FQN)
        cluster = self._pass.cluster
        try:
            whole = cluster.get(Kind.CRONJOB, name)
            destination = self._pass.destinations.of_template(whole)
            with self._pass.notes.asking(destination):
                standing = deleted.standing_of(self._pass.destinations.server(destination), whole)
            said = deleted.settle(cluster, whole, standing)
            if said == deleted.Standing.DELETED and deleted.was_kept(whole, self._retention_days, self._pass.now):
                said = deleted.expire(cluster, whole)
        except NotFoundError:
            return None
        except PipelineError as error:
            return PipelineReport(name, fqn, "failed", str(error))
        if said in (deleted.Standing.GONE, deleted.EXPIRED):
            self._pass.notes.warn(f"{name} is suspended, since OpenMetadata has deleted {fqn}: it is one to be pruned")
        return PipelineReport(name, fqn, said) if said else None

    def _destination(self, cronjob: Object) -> Destination:
        """Return where the runs of a pipeline are reported."""
        return self._pass.destinations.of_template(self._pass.cluster.get(Kind.CRONJOB, cronjob["metadata"]["name"]))

    def _write(self, cronjobs: Sequence[Object]) -> None:
        names = {cronjob["metadata"]["name"] for cronjob in cronjobs}
        if self._instance is None:
            gone = {key for key in self._ledger if key not in names and not key.startswith(LAST_PASS)}
            self._entries |= dict.fromkeys(gone)
        self._entries[_key_of(self._instance)] = self._pass.now.isoformat()
        memory.note(self._pass.cluster, self._entries)


def _with(report: RunReport, action: Action, error: PipelineError | None = None) -> RunReport:
    return replace(report, action=action, error=str(error or ""), error_code=error.code if error else "")
